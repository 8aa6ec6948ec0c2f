const README = `# A ledger of releases

This repository says which bytes of other people's releases are known good, and who says so. It is kept by
[pullthrough](https://www.npmjs.com/package/pullthrough) and read by machines; people sign.

- \`packages/\` holds a record for each release: checksums, the executor's signature, the reviewers' acknowledgements.
- \`trust/\` holds the policy: who may sign, who may acknowledge, how many are needed.

Nothing here is ever edited or removed; \`pullthrough ledger check\` is the gate that holds that.

| you are | you run |
| --- | --- |
| a reviewer | \`pullthrough review\`, \`pullthrough ack --gpg\` |
| a root holder | \`pullthrough trust show\`, \`pullthrough trust sign --gpg\` |
| a consumer | \`pullthrough verify OWNER/REPO@TAG\`, \`pullthrough get OWNER/REPO@TAG\` |
`;

/** Checkouts are for people's eyes; still, none of them shall turn a record's bytes into others. */
const ATTRIBUTES = `packages/** -text -diff
trust/** -text
`;

/** What a new ledger holds beside its policy. */
export function ledgerExtras(): ReadonlyMap<string, string> {
  return new Map([
    ['README.md', README],
    ['.gitattributes', ATTRIBUTES],
  ]);
}
