import { commands, flag, optional, text } from './spec.ts';

const CHANGE = "CHANGE is a pull request's number or URL, or a branch; without it: every open proposal.";
const keys = {
  gpg: optional('KEY', 'sign by gpg-agent, smart cards too; KEY is a fingerprint, key id or mail address'),
  key: text('FILE', 'sign with the secret key in FILE and PULLTHROUGH_SIGNING_PASSPHRASE', 'file'),
};

/** What a person runs before approving; cli.md, "Reviewer". */
export const reviewerCommands = commands({
  review: {
    summary: 'fetches every byte again from upstream, here, and compares',
    about: CHANGE,
    arguments: [{ name: '[CHANGE]' }],
    options: {},
    examples: [
      ['pullthrough review', 'every open proposal, one after another'],
      ['pullthrough review 42', 'the proposal of pull request 42'],
    ],
  },
  ack: {
    summary: 'the same, then signs and pushes the .ack',
    about: `${CHANGE} Nothing is signed that was not fetched and compared. Pushing uses LEDGER_TOKEN.`,
    arguments: [{ name: '[CHANGE]' }],
    options: { ...keys, yes: flag('without CHANGE: sign all that compare equal, without asking') },
    examples: [
      ['pullthrough ack 42 --gpg', "compare pull request 42, then sign with gpg's default key"],
      ['pullthrough ack --gpg ada@acme.example', 'every open proposal, asking for each'],
      ['pullthrough ack --key ada.asc --yes', 'every open proposal, without asking'],
    ],
  },
  nack: {
    summary: 'signs and pushes a .nack: these bytes must not be used',
    about: 'A nack can never be taken back: the record is withdrawn for good.',
    arguments: [{ name: 'TOOL@TAG' }],
    options: { ...keys, reason: text('TEXT', "why; kept in the commit's message, unsigned") },
    examples: [["pullthrough nack jqlang/jq@jq-1.7.1 --gpg --reason 'built on a broken runner'", 'withdraw a record']],
  },
});
