import { isSigned, parseRequirement, wordOf } from '../../../evidence/require.ts';
import type { IniParser } from '../../../io/ini.ts';
import { brief } from '../../../ledger-schema/bytes.ts';
import { fail } from '../../../ledger-schema/error.ts';

/**
 * A word of `[evidence] require[]` in mirror.ini. Records don't keep what GitHub's API says about a digest, so nobody can
 * require it later.
 */
export const requiredEvidence: IniParser<string> = (value) => {
  const word = parseRequirement(value, (glob) => glob);
  if (isSigned(word)) return wordOf(word);
  return fail('E_CONFIG', `${brief(value)} is checked when a release is mirrored, and a record keeps nothing of it`, {
    hint: 'require it in tool.ini; here a signature can be required, as attestation or minisign:KEY',
  });
};
