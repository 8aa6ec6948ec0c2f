import { brief } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { isDeviceName } from '../../ledger-schema/names/path.ts';
import type { Fetchable } from './select-assets.ts';

/** The one file under a name of the caller's own. Throws `E_USAGE` for several files, or what is not a name of a file. */
export function namedAs<T extends Fetchable>(files: readonly T[], name: string | undefined): readonly T[] {
  if (name === undefined) return files;
  requireFileName(name);
  const [file] = files;
  if (file === undefined || files.length > 1) {
    fail('E_USAGE', `--as names one file, and ${files.length} were chosen`, {
      hint: `choose one, as by its name or --platform: ${files
        .slice(0, 10)
        .map((one) => one.name)
        .join(', ')}`,
    });
  }
  return [{ ...file, name }];
}

function requireFileName(name: string): void {
  const wrong = /[/\\:*?"<>|\p{C}]/u.test(name) || /^\.{0,2}$|^[ -]|[ .]$/.test(name) || isDeviceName(name);
  if (!wrong && Buffer.byteLength(name) <= 255) return;
  fail('E_USAGE', `--as: ${brief(name)} is not a name for a file`, {
    hint: 'name the file alone; --output DIR is where it goes',
  });
}
