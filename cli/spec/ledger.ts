import { commands, count, flag, list, optional, text, word } from './spec.ts';

const signing = {
  gpg: optional('KEY', 'sign by gpg-agent, smart cards too; KEY is whatever names a key for gpg'),
  key: text('FILE', 'sign with the secret key in FILE and PULLTHROUGH_SIGNING_PASSPHRASE', 'file'),
};
const where = { ledger: text('REPOSITORY', 'OWNER/REPO, a git URL or a folder, instead of [ledger] repository') };

/** What a ledger's owner and its CI run; cli.md, "Ledger". */
export const ledgerCommands = commands({
  'ledger init': {
    summary: 'a new ledger: policy, keys, workflow, README',
    arguments: [{ name: 'DIR', complete: 'folder' }],
    about: 'Asks for what is missing at a terminal. NAME is a person or a bot; FILE is the public key of theirs.',
    options: {
      bare: flag('make a bare repository'),
      root: list('NAME=FILE', 'a root holder, who signs policies; again for each', 'file'),
      executor: list('NAME=FILE', 'the bot that proposes records', 'file'),
      reviewer: list('NAME=FILE', 'a reviewer, who acknowledges records; again for each', 'file'),
      threshold: count('N', 1000, 'how many reviewers must acknowledge a record (default 1)'),
      'root-threshold': count('N', 1000, 'how many root holders must sign a policy (default 1)'),
      expires: text('WHEN', 'when policy 1 expires: YYYY-MM-DD, or days as 365d (the default)'),
      'code-owner': list('@OWNER', 'who reviews on GitHub what is neither a record nor a policy; again for each'),
      ...signing,
    },
    examples: [
      ['pullthrough ledger init release-ledger', 'ask what is needed, and make ./release-ledger'],
      [
        'pullthrough ledger init --bare ledger.git --root ada=ada.asc --executor mirror-bot=bot.asc --reviewer ada=ada.asc --gpg',
        'a bare repository, policy 1 signed by gpg',
      ],
    ],
  },
  'ledger check': {
    summary: 'the gate: format, append-only, signatures, thresholds',
    about: 'Reads the git objects of the repository in the current directory, bare or not; never a checkout.',
    arguments: [],
    options: {
      base: text('REV', 'only what differs from the merge base with REV, judged by the policy of REV'),
      head: text('REV', 'check REV instead of HEAD'),
      require: word('acknowledged', ['acknowledged'], 'fail until every record has enough acks'),
    },
    examples: [
      ['pullthrough ledger check', 'everything'],
      ['pullthrough ledger check --base main --require acknowledged', 'the change that HEAD is, ready to merge'],
    ],
  },
  'ledger merge': {
    summary: 'the gate, then the merge of an acknowledged proposal, a late ack, a nack, or a policy',
    about:
      "CHANGE is a pull request's number or URL, a branch, or a release as OWNER/REPO@TAG; without it: everything that is ready.",
    arguments: [{ name: '[CHANGE]' }],
    options: {},
    examples: [
      ['pullthrough ledger merge', 'everything that is ready'],
      ['pullthrough ledger merge 42', 'pull request 42'],
    ],
  },
  'ledger close': {
    summary: 'turns down a proposal or a policy: mirror leaves a closed proposal alone',
    about:
      "CHANGE is a pull request's number or URL, a branch, or a release as OWNER/REPO@TAG. Nothing is lost: ledger reopen " +
      'takes it back.',
    arguments: [{ name: 'CHANGE' }],
    options: {},
    examples: [
      ['pullthrough ledger close 42', 'close pull request 42'],
      ['pullthrough ledger close pullthrough-trust/3', 'drop policy 3, so that another one can be proposed'],
    ],
  },
  'ledger reopen': {
    summary: 'takes back a no: opens what ledger close closed',
    about:
      "CHANGE is a pull request's number or URL, a branch, or a release as OWNER/REPO@TAG. What is open again without a valid sign, as after the bot's " +
      'key leaked, the next mirror makes again; nacks stay.',
    arguments: [{ name: 'CHANGE' }],
    options: {},
    examples: [
      ['pullthrough ledger reopen 42', 'open pull request 42 again'],
      ['pullthrough ledger reopen pullthrough/github.com/jqlang/jq/jq-1.7.1', 'on plain git, by its branch'],
    ],
  },
  'ledger status': {
    summary: 'records by state; what is open and whose turn it is; when the policy expires',
    arguments: [],
    options: where,
    examples: [['pullthrough ledger status', 'of the ledger that mirror.ini names']],
  },
  'ledger feed': {
    summary: 'an Atom feed of proposals, acks, nacks and policy changes',
    arguments: [],
    options: {
      output: text('FILE', 'write it there, instead of stdout', 'file'),
      limit: count('N', 1000, 'how many entries at most (default 50)'),
      ...where,
    },
    examples: [
      ['pullthrough ledger feed', 'on stdout'],
      ['pullthrough ledger feed --output public/ledger.atom', 'into a folder that a web server serves'],
    ],
  },
  'bundle create': {
    summary: 'the ledger and what is acknowledged in it, to be carried where no network is',
    about:
      'FILE ends in .tar; anything else is a folder. TOOL is OWNER/REPO; without it: every tool. Stock tools open it: git ' +
      'bundle verify, sha256sum, gpgv.',
    arguments: [
      { name: 'FILE|DIR', complete: 'file' },
      { name: '[TOOL...]', complete: 'tool' },
    ],
    options: {
      since: text('BUNDLE', 'hold back what an earlier bundle had', 'file'),
      split: text('SIZE', 'parts of a .tar of at most this size, as 4GiB: FILE.001 and so on'),
      cache: text('DIR', 'where the clone of the ledger lies', 'folder'),
    },
    examples: [
      ['pullthrough bundle create ledger.tar', 'everything that is acknowledged'],
      ['pullthrough bundle create week-2.tar --since week-1.tar --split 4GiB', 'what came since, in parts'],
    ],
  },
  'bundle check': {
    summary: 'verifies a bundle against the ledger here; writes nothing',
    arguments: [{ name: 'FILE|DIR', complete: 'file' }],
    options: { cache: text('DIR', 'where the clone of the ledger lies', 'folder') },
    examples: [['pullthrough bundle check ledger.tar', 'the chain from the pin, every step by the gate, every digest']],
  },
  'bundle apply': {
    summary: 'verifies a bundle, stores its objects, then moves the ledger here',
    about:
      'The pin and the commit to go on from are those of the ledger that mirror.ini names here; the first bundle goes into an ' +
      'empty one. Killed at any point and run again, it ends the same.',
    arguments: [{ name: 'FILE|DIR', complete: 'file' }],
    options: { cache: text('DIR', 'where the clone of the ledger lies', 'folder') },
    examples: [['pullthrough bundle apply ledger.tar', 'on the other side of the gap']],
  },
  'trust show': {
    summary: 'the policy: who may do what, until when',
    arguments: [],
    options: where,
    examples: [['pullthrough trust show', 'the newest policy, and the pin to hand out']],
  },
  'trust propose': {
    summary: 'a rotation: the next policy, as the branch pullthrough-trust/<N>',
    arguments: [],
    about:
      'Everything that is not named stays as it is. The new policy counts once enough roots of both policies signed it.',
    options: {
      retire: list('KEY', 'make the key of this fingerprint a former one; what it signed goes on counting'),
      'add-executor': list('NAME=FILE', 'a key of an executor, by its public key file', 'file'),
      'add-reviewer': list('NAME=FILE', 'a key of a reviewer', 'file'),
      'add-root': list('NAME=FILE', 'a key of a root holder', 'file'),
      'replace-key': list('FILE', 'a newer copy of a key that is listed, as after its expiry was extended', 'file'),
      remove: list('ROLE:NAME', 'take a holder out of roots, executors or reviewers'),
      threshold: count('N', 1000, 'how many reviewers must acknowledge a record'),
      'root-threshold': count('N', 1000, 'how many root holders must sign a policy'),
      expires: text('WHEN', 'when it expires: YYYY-MM-DD, or days as 365d'),
      ...signing,
      ...where,
    },
    examples: [
      ['pullthrough trust propose --expires 365d --gpg', 'the same policy for another year'],
      ['pullthrough trust propose --add-reviewer linus=linus.asc', 'one more reviewer'],
      ['pullthrough trust propose --retire 0123456789ABCDEF0123456789ABCDEF01234567', 'retire a key'],
    ],
  },
  'trust sign': {
    summary: "a root holder's signature over the proposed policy",
    arguments: [],
    options: { ...signing, ledger: where.ledger },
    examples: [['pullthrough trust sign --gpg', "sign with gpg's key of a root holder"]],
  },
  'key new': {
    summary: 'an OpenPGP key for a bot, or a minisign key',
    about: 'The secret key is locked with PULLTHROUGH_SIGNING_PASSPHRASE where that is set. Nothing is overwritten.',
    arguments: [],
    options: {
      'user-id': text('NAME', 'its user id, as "Mirror Bot <bot@acme.example>"'),
      output: text('FILE', 'the secret key; the public one is written beside it as FILE.pub.asc, or FILE.pub', 'file'),
      minisign: flag('an Ed25519 key in the files of minisign, instead of an OpenPGP key'),
    },
    examples: [
      ['pullthrough key new --user-id "Mirror Bot <bot@acme.example>" --output bot.key', 'bot.key and bot.key.pub.asc'],
      ['pullthrough key new --minisign --output stamp.key', 'stamp.key and stamp.key.pub, for minisign'],
    ],
  },
  'key show': {
    summary: 'what is in a key file',
    arguments: [{ name: 'FILE', complete: 'file' }],
    options: {},
    examples: [['pullthrough key show bot.key.pub.asc', 'its fingerprint, dates and algorithms']],
  },
});
