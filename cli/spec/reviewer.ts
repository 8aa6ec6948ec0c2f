import { commands, flag, optional, text } from './spec.ts';

const CHANGE =
  "CHANGE is a pull request's number or URL, a branch, or a release as OWNER/REPO@TAG; without it: every open proposal.";
const keys = {
  gpg: optional(
    'KEY',
    'sign by gpg-agent, smart cards too; KEY is whatever names a key for gpg; without it and without --key: the one key of gpg that the policy lists',
  ),
  key: text('FILE', 'sign with the secret key in FILE and PULLTHROUGH_SIGNING_PASSPHRASE', 'file'),
};

const own = {
  tools: text(
    'DIR',
    'a folder of your own tool definitions, which say where upstream is and where its files lie',
    'folder',
  ),
  all: flag('show every file on a line of its own, and every finding'),
};

/** What a person runs before approving; cli.md, "Reviewer". */
export const reviewerCommands = commands({
  review: {
    summary: 'fetches every byte again from upstream, here, and compares',
    about: CHANGE,
    arguments: [{ name: '[CHANGE]' }],
    options: { ...own, diff: text('NAME', 'show what changed in this file in full, texts line by line') },
    examples: [
      ['pullthrough review', 'every open proposal, one after another'],
      ['pullthrough review 42', 'the proposal of pull request 42'],
      ['pullthrough review jqlang/jq@jq-1.7.1', 'the proposal of that release'],
    ],
  },
  ack: {
    summary: 'the same, then signs and pushes the .ack',
    about:
      `${CHANGE} Nothing is signed that was not fetched and compared, or that has a finding of the level stop; one of the ` +
      'level look needs an answer at a terminal, or --accept; there y signs, n goes on, q ends, d shows the difference, o the ' +
      "release's page, and ? explains. Pushing uses LEDGER_TOKEN.",
    arguments: [{ name: '[CHANGE]' }],
    options: {
      ...keys,
      ...own,
      yes: flag('sign without asking all that compare equal and have no finding that wants a person'),
      accept: text('NAME,...', 'sign in spite of findings of these names and of the level look; docs/findings.md'),
    },
    examples: [
      ['pullthrough ack 42 --gpg', "compare pull request 42, then sign with gpg's key of a reviewer"],
      ['pullthrough ack --gpg ada@acme.example', 'every open proposal, asking for each'],
      ['pullthrough ack --key ada.asc --yes', 'every open proposal that wants no person, without asking'],
      ['pullthrough ack 42 --gpg --accept new-uploader', 'a person looked at who uploaded it'],
    ],
  },
  nack: {
    summary: 'signs and pushes a .nack: these bytes must not be used',
    about:
      'A nack can never be taken back: the record is withdrawn for good. Shows what it withdraws and who acknowledged it, ' +
      'and asks at a terminal.',
    arguments: [{ name: 'TOOL@TAG', complete: 'release' }],
    options: {
      ...keys,
      tools: own.tools,
      reason: text('TEXT', "why, needed; kept in the commit's message, unsigned"),
      yes: flag('sign it without asking'),
    },
    examples: [["pullthrough nack jqlang/jq@jq-1.7.1 --gpg --reason 'built on a broken runner'", 'withdraw a record']],
  },
  pending: {
    summary: 'what is open and whose turn it is, the oldest first',
    about: 'Proposals that need acks, policies that need signatures, what is ready to be merged, and requests.',
    arguments: [],
    options: {
      for: text('NAME|KEY', "only what waits for this holder of the policy, or a key's"),
      ledger: text('REPOSITORY', 'OWNER/REPO, a git URL or a folder, instead of [ledger] repository'),
    },
    examples: [
      ['pullthrough pending', 'everything that is open'],
      ['pullthrough pending --for ada', 'what waits for ada'],
    ],
  },
});
