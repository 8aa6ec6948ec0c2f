import { brief } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';
import type { IniParser } from './ini.ts';

const MILLISECONDS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30m`, `12h`, `3d` or `0`: milliseconds. Throws `E_CONFIG`. */
export const duration: IniParser<number> = (value) => {
  if (value === '0') return 0;
  const [, count, unit] = /^([0-9]{1,5})([mhd])$/.exec(value) ?? [];
  if (count === undefined) fail('E_CONFIG', `${brief(value)} is not a duration`, { hint: 'write 30m, 12h or 3d' });
  return Number(count) * MILLISECONDS[unit as keyof typeof MILLISECONDS];
};

/** As {@link duration}, but never nothing. Throws `E_CONFIG`. */
export const positiveDuration: IniParser<number> = (value) => {
  const ms = duration(value);
  return ms > 0 ? ms : fail('E_CONFIG', `${brief(value)} is not a length of time`, { hint: 'write 30m, 12h or 3d' });
};

/** `500M`, `2G`: bytes, by powers of 1024. Throws `E_CONFIG`. */
export const size: IniParser<number> = (value) => {
  const [, digits, unit = ''] = /^([1-9][0-9]{0,8})([KMGT])$/.exec(value) ?? [];
  if (digits === undefined) fail('E_CONFIG', `${brief(value)} is not a size`, { hint: 'write 500M or 2G' });
  return Number(digits) * 1024 ** (['K', 'M', 'G', 'T'].indexOf(unit) + 1);
};
