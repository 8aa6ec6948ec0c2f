import { fail } from '../ledger-schema/error.ts';

/** The 64 hex digits of a pin, with or without `sha256:` before them. Throws `E_NO_PIN`. */
export function pinOf(pin: string): string {
  return (
    /^(?:sha256:)?([0-9a-f]{64})$/.exec(pin)?.[1] ??
    fail('E_NO_PIN', 'the pin is not a SHA-256 in lower-case hex', {
      hint: "ask the ledger's owner for the sha256 of a policy, over a separate channel",
    })
  );
}
