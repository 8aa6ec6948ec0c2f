import { resolve } from 'node:path';
import { fail } from '../../../ledger-schema/error.ts';
import { loadConfig } from '../../wiring/settings/config.ts';
import { requireSafeUrl } from '../../../io/http/url.ts';
import { countText } from '../../screens/units.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { versionText } from '../../version.ts';
import { requireStampUse, stampSigner } from './stamp-signer.ts';
import { consumerOptions } from '../../wiring/settings/consumer-options.ts';
import type { Handler } from '../../wiring/command-context.ts';

/** `site DIR` */
export const site: Handler<ValuesOf<'consumer', 'site'>> = async ([directory = ''], options, context) => {
  if (directory === '') fail('E_USAGE', 'DIR is empty', { hint: 'name a folder' });
  const base = options['base-url'];
  const baseUrl = base === undefined ? undefined : parseBaseUrl(base);
  requireStampUse(options, baseUrl);
  const consumer = await consumerOptions(options, context);
  const { openSite } = await import('../../../consumer/site/open-site.ts');
  const { output, cwd } = context;
  const program = versionText();
  const stamps = await stampSigner(options, context);
  const { aliases } = (await loadConfig(options, cwd)).gateway;
  const report = await openSite(consumer, { site: resolve(cwd, directory), baseUrl, program, stamps, aliases });
  output.results({ ...report });
  const { tools, releases, written, removed } = report;
  output.line(`${countText(tools, 'tool')}, ${countText(releases, 'release')} in ${directory}`, 'good');
  const gone = removed === 0 ? '' : `, ${countText(removed, 'file')} removed`;
  output.note(written === 0 && removed === 0 ? 'nothing changed' : `${countText(written, 'file')} written${gone}`);
};

/** Where the site will be served, which may be a folder of a host. Throws `E_USAGE`. */
function parseBaseUrl(text: string): string {
  const hint = 'write https://ledger.example or https://acme.example/ledger';
  let url: URL;
  try {
    url = requireSafeUrl(text);
  } catch (cause) {
    return fail('E_USAGE', `--base-url: ${text} is not an https URL`, { hint, cause });
  }
  if (url.search !== '' || url.hash !== '') fail('E_USAGE', `--base-url: ${text} has more than a path`, { hint });
  return url.origin + url.pathname.replace(/\/+$/, '');
}
