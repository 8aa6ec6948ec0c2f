import { commands, count, flag, share, text } from './spec.ts';

const cache = { cache: text('DIR', 'where API answers, ledgers and begun downloads are kept between runs', 'folder') };
const shared = { ...cache, shard: share('only the I-th of N stable shares of the tools, I from 1 to N') };
const look = { ...shared, concurrency: count('N', 64, 'how many tools are asked about at once (default 32)') };
const all = { all: flag('list what is held as well') };
const run = { ...shared, concurrency: count('N', 64, 'how many files are fetched at once (default 4)') };

/** What the cron workflow runs; cli.md, "Executor". */
export const executorCommands = commands({
  init: {
    summary: 'a new executor repository: mirror.ini, workflows, README',
    arguments: [{ name: 'DIR', complete: 'folder' }],
    options: {
      ledger: text('REPOSITORY', 'the ledger: OWNER/REPO, a git URL, or a folder as seen from here'),
      store: text('URL', 'the store: file:./FOLDER below DIR, a path from here, or s3://BUCKET/PREFIX'),
      pin: text('sha256:HEX', 'the digest of any N.policy.json of the ledger'),
    },
    examples: [
      ['pullthrough init mirror', 'ask what is needed, and write ./mirror'],
      ['pullthrough init mirror --ledger acme/release-ledger --store s3://acme-mirror/releases', 'without a question'],
    ],
  },
  add: {
    summary: 'writes a tool.ini after looking at the newest release',
    arguments: [{ name: '[OWNER/REPO...]' }],
    options: {
      ...cache,
      requested: flag('what pullthrough request asked for in the ledger, too'),
      'dry-run': flag('show what would be written, and write nothing'),
    },
    examples: [
      ['pullthrough add jqlang/jq', 'write packages/github.com/jqlang/jq/tool.ini'],
      ['pullthrough add --dry-run cli/cli helm/helm', 'only show what would be written'],
    ],
  },
  plan: {
    summary: 'what a run would do, and why; nothing is downloaded',
    arguments: [{ name: '[TOOL...]', complete: 'defined' }],
    options: { ...look, ...all },
    examples: [
      ['pullthrough plan', 'every tool below packages/'],
      ['pullthrough plan jqlang/jq --json', 'one tool, for a program'],
    ],
  },
  mirror: {
    summary: 'fetch, store, sign, propose: one ledger change per release',
    about:
      'Killed at any point and run again, it ends where one run would have ended. A release that the ledger or an open ' +
      'proposal holds costs no download.',
    arguments: [{ name: '[TOOL...]', complete: 'defined' }],
    options: {
      ...run,
      ...all,
      'dry-run': flag('fetch and check, but store, sign and propose nothing'),
      requested: flag('also the tags that pullthrough request asked for, of tools that have a tool.ini here'),
      restock: flag('fetch again what the store lost, and keep what matches the record'),
    },
    examples: [
      ['pullthrough mirror', 'every tool below packages/'],
      ['pullthrough mirror --shard 2/8', 'the second of eight jobs that share the tools'],
      ['pullthrough mirror --restock jqlang/jq', 'bring back what the store lost'],
    ],
  },
  import: {
    summary: "old checklist trees: finds each one's real tag, mirrors it, and refuses where bytes differ",
    arguments: [{ name: 'DIR', complete: 'folder' }],
    options: { ...run, 'dry-run': flag('fetch and compare, but store, sign and propose nothing') },
    examples: [
      ['pullthrough import ../old-trees', 'every version directory with md5, sha256 or sha512 lists'],
      ['pullthrough import ../old-trees --dry-run', 'whether they agree'],
    ],
  },
  watch: {
    summary: 'has upstream changed or removed what the ledger holds? no download',
    arguments: [{ name: '[TOOL...]', complete: 'defined' }],
    options: { ...look, issue: flag("open, update or close one issue in the ledger's GitHub repository") },
    examples: [
      ['pullthrough watch', 'every acknowledged record'],
      ['pullthrough watch --issue', 'and tell by an issue'],
    ],
  },
  'store check': {
    summary: 're-hash what is stored',
    arguments: [],
    options: { ...cache, sample: share('only a share, another one each day: 1/30 covers all in a month') },
    examples: [
      ['pullthrough store check', 'every object that a record names'],
      ['pullthrough store check --sample 1/30', 'a thirtieth of them'],
    ],
  },
  'store copy': {
    summary: 'every object of one store into another, verified on the way',
    about: 'FROM and TO are store URLs, as [store] url takes them. What is there and right is not sent again.',
    arguments: [
      { name: 'FROM', complete: 'folder' },
      { name: 'TO', complete: 'folder' },
    ],
    options: { concurrency: count('N', 64, 'how many objects are copied at once (default 4)') },
    examples: [
      ['pullthrough store copy file:./store s3://acme-mirror/releases', 'a folder into a bucket'],
      ['pullthrough store copy s3://acme-mirror/releases /mnt/backup', 'and back, also what upstream no longer has'],
    ],
  },
  'store gc': {
    summary: 'list or remove what no record and no proposal names',
    arguments: [],
    options: {
      ...cache,
      delete: flag('remove what is listed'),
      yes: flag('with --delete: also where it is more than a tenth of all objects'),
    },
    examples: [
      ['pullthrough store gc', 'list'],
      ['pullthrough store gc --delete', 'remove'],
    ],
  },
});
