/** Where the newest state of a ledger is vouched for; ledger-format.md, "A signed head". */
export const HEAD_BRANCH = 'pullthrough-head';
