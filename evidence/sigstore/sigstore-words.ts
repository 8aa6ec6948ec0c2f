import { brief } from '../../ledger-schema/bytes.ts';

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

function messagesOf(error: unknown): string {
  const messages: string[] = [];
  for (let next = error; next instanceof Error && messages.length < 4; next = next.cause) messages.push(next.message);
  return messages.join(': ');
}

/** Says in our words what @sigstore/verify refused. */
export function explain(error: unknown, root: string): string {
  const code = codeOf(error);
  const said = messagesOf(error);
  if (code === 'SIGNATURE_ERROR') return "the bundle's signature does not verify";
  if (code === 'TIMESTAMP_ERROR') return `the bundle has no timestamp that verifies under the root ${root}`;
  if (code === 'CERTIFICATE_ERROR') {
    if (/not valid or expired/.test(said)) return "the bundle's certificate was not valid when it signed";
    if (/SCT/.test(said)) return "the bundle's certificate is in no certificate log of its root";
    return `the bundle's certificate does not chain to the root ${root}`;
  }
  if (code === 'TLOG_BODY_ERROR') return "the bundle's log entry is about another signature";
  if (code.startsWith('TLOG_')) return "the bundle's log entry does not verify";
  return `the bundle does not verify: ${brief(said)}`;
}
