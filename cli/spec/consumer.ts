import { commands, flag, optional, text, word } from './spec.ts';

const trust = {
  ledger: text('REPOSITORY', 'OWNER/REPO, a git URL or a folder, instead of [ledger] repository'),
  pin: text('sha256:HEX', 'the digest of any N.policy.json, instead of [trust] pin'),
};
const store = { store: text('URL', 'where bytes are read, instead of [store]') };
// Taken so that one set of flags fits every consumer command.
const unread = { store: text('URL', 'taken as by get; no bytes are read here') };
const offline = { offline: flag('use what is here, ask no host') };
const TOOL = 'TOOL is owner/repo or HOST/owner/repo; behind the first @ a tag, latest, or a semver range.';

/** What a person or a build runs; cli.md, "Consumer". */
export const consumerCommands = commands({
  verify: {
    summary: 'is it acknowledged? by whom? (FILE: which release is it from?)',
    about: `${TOOL} An argument that begins with . or / is a file.`,
    arguments: [{ name: '[TOOL@TAG|FILE...]', complete: 'release' }],
    options: {
      ...trust,
      ...unread,
      ...offline,
      evidence: flag('fetch from the store what upstream signed, and verify it here'),
      all: text('DIR', 'every file below DIR, links followed', 'folder'),
      'ignore-links': flag('with --all: leave links out'),
    },
    examples: [
      ['pullthrough verify jqlang/jq@jq-1.7.1', 'who signed and acknowledged it'],
      ['pullthrough verify cli/cli@latest --evidence', 'and what upstream itself signed'],
      ['pullthrough verify ./jq-linux-amd64', 'which release this file is from'],
      ['pullthrough verify --all ./bin', 'an inventory'],
    ],
  },
  get: {
    summary: 'verify, then download, then check; nothing else lands on disk',
    about: `${TOOL} ASSET is a name or a glob; without it: every file.`,
    arguments: [{ name: '[TOOL@TAG]' }, { name: '[ASSET...]', complete: 'asset' }],
    options: {
      ...trust,
      ...store,
      ...offline,
      output: text('DIR', 'where the files go (default: here)', 'folder'),
      platform: text('OS/ARCH', 'the one file for this system; auto: for the one this runs on', 'platform'),
      tool: text('NAME', 'of a release with several tools, the one whose files begin so, or have this word'),
      executable: flag('make the files executable'),
      evidence: text('DIR', 'bring what upstream signed too, verified, for cosign, gh and minisign', 'folder'),
      as: text('NAME', 'the name that the one file gets'),
      unpack: flag('put what is in the one archive there, all of it or nothing'),
      force: flag('replace other files that lie in the way'),
      locked: flag('exactly what pullthrough.lock says; needs no ledger'),
    },
    examples: [
      ['pullthrough get jqlang/jq@latest --platform auto --executable', 'the newest acknowledged jq for this machine'],
      ["pullthrough get cli/cli@^2 '*_linux_amd64.tar.gz'", 'one file by a glob'],
      ["pullthrough get cli/cli@^2 --platform auto '*.tar.gz' --unpack --output gh", 'what is in an archive'],
      ['pullthrough get --locked', 'everything that pullthrough.lock names'],
    ],
  },
  lock: {
    summary: 'writes pullthrough.lock; get --locked then needs no ledger',
    about: TOOL,
    arguments: [{ name: '[TOOL@RANGE...]', complete: 'release' }],
    options: {
      ...trust,
      ...unread,
      ...offline,
      update: optional('TOOL', 'look for newer records: of TOOL, or of every tool in the lock file'),
      format: word('TOOL', ['mise', 'aqua', 'bazel', 'renovate'], 'print what that tool reads, of pullthrough.lock'),
      check: flag('change nothing; fail where what is locked is not acknowledged, or not any more'),
    },
    examples: [
      ["pullthrough lock jqlang/jq@^1.7 'cli/cli@>=2 <3'", 'write pullthrough.lock'],
      ['pullthrough lock --update', 'newer records within the same ranges'],
      ['pullthrough lock --check', 'in CI'],
      ['pullthrough lock --format mise > mise.lock', 'the same digests, for mise'],
    ],
  },
  request: {
    summary: "asks the ledger's people to mirror a tool, or one release of it",
    about:
      "An issue in the ledger's repository on GitHub, else a branch; pushing uses LEDGER_TOKEN. pending shows it, and add " +
      'and mirror take it up.',
    arguments: [{ name: 'OWNER/REPO[@TAG]', complete: 'tool' }],
    options: {
      ledger: trust.ledger,
      reason: text('TEXT', 'why'),
    },
    examples: [
      ['pullthrough request jqlang/jq', 'a tool that nobody mirrors yet'],
      ["pullthrough request jqlang/jq@jq-1.7.1 --reason 'needed by the build'", 'one release'],
    ],
  },
  list: {
    summary: 'the tools of the ledger, or the releases of one, and who acknowledged them',
    arguments: [{ name: '[TOOL]', complete: 'tool' }],
    options: { ...trust, ...unread, ...offline },
    examples: [
      ['pullthrough list', 'every tool, and its newest acknowledged release'],
      ['pullthrough list jqlang/jq', 'every release of one tool, in whatever state'],
    ],
  },
  search: {
    summary: 'the tools whose name holds a word',
    arguments: [{ name: 'WORD' }],
    options: { ...trust, ...unread, ...offline },
    examples: [['pullthrough search jq', 'every tool with jq in its name']],
  },
  outdated: {
    summary: 'what is locked against the newest that is acknowledged',
    arguments: [],
    options: { ...trust, ...unread, ...offline },
    examples: [['pullthrough outdated', 'of the pullthrough.lock here']],
  },
  audit: {
    summary: 'which locked bytes has nobody acknowledged?',
    about:
      'FILE is a pullthrough.lock, mise.lock, aqua-checksums.json, or a file of Bazel with http_archive or http_file.',
    arguments: [{ name: 'FILE...', complete: 'file' }],
    options: { ...trust, ...unread, ...offline },
    examples: [['pullthrough audit mise.lock MODULE.bazel', 'exit 3 where a digest is not acknowledged']],
  },
  doctor: {
    summary: 'looks at all that a run here depends on, and says what to do',
    about:
      'Configuration, versions, proxies, clock, tokens, ledger, pin, stores, keys and gpg-agent. It changes nothing, and ' +
      'shows no secret. Exit 1 where something failed.',
    arguments: [],
    options: { ...trust, ...store, ...offline },
    examples: [
      ['pullthrough doctor', 'in the folder of a mirror.ini'],
      ['pullthrough doctor --offline --json', 'what can be seen without any host, for a program'],
    ],
  },
  serve: {
    summary: "an HTTP gateway with GitHub's own URLs; acknowledged bytes only",
    arguments: [],
    options: {
      ...trust,
      ...store,
      listen: text('HOST:PORT', 'where it listens (default 127.0.0.1:8080)'),
      cache: text('DIR', 'where verified files are kept', 'folder'),
      'cache-size': text('SIZE', 'how much they may take, as 500M or 20G (default 10G)'),
      'base-url': text('URL', 'how clients reach it, for links in its answers (default: as they ask)'),
      'public-url': text('URL', 'another name of --base-url'),
      links: word('github|self', ['github', 'self'], 'whose addresses name files in API answers (default github)'),
      log: word('common|json', ['common', 'json'], 'a line for each request, on stderr (default: none)'),
    },
    untilSignal: true,
    examples: [['pullthrough serve --listen 0.0.0.0:8080', 'for the network']],
  },
  site: {
    summary: 'a static site of the ledger: pages, feeds, files for Renovate',
    about:
      'Any web server, bucket or Pages serves it. Run again it writes only what changed; other files in DIR are left alone. ' +
      'With JavaScript a visitor checks a file in the browser.',
    arguments: [{ name: 'DIR', complete: 'folder' }],
    options: {
      ...trust,
      store: text('URL', 'where files are read, for stamps, instead of [store]'),
      ...offline,
      'base-url': text('URL', 'where the site will be served, for links in its feeds and for stamps'),
      'stamp-key': text('FILE', 'write release lists of packslip, signed by this minisign key', 'file'),
      'stamp-log': flag('have the public log (Rekor) say what the key signed: what mise asks for'),
      'stamp-keyless': flag('the same, signed by the identity of this job, as in GitHub Actions: what mise asks for'),
    },
    examples: [
      ['pullthrough site public --base-url https://ledger.acme.example', 'into a folder that a web server serves'],
      [
        'pullthrough site public --base-url https://ledger.acme.example --stamp-key stamp.key',
        'for mise and packslip too',
      ],
    ],
  },
  completion: {
    summary: 'a completion script for a shell',
    about:
      'Tools, tags, files and platforms are offered too, from what earlier runs fetched of the ledger and from the tool.ini ' +
      'files here; no host is asked.',
    arguments: [{ name: 'SHELL', complete: ['bash', 'zsh', 'fish'] }],
    options: {},
    examples: [
      ['eval "$(pullthrough completion bash)"', 'in ~/.bashrc'],
      ['pullthrough completion zsh > "${fpath[1]}/_pullthrough"', 'for zsh'],
      ['pullthrough completion fish > ~/.config/fish/completions/pullthrough.fish', 'for fish'],
    ],
  },
});
