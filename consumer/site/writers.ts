import { renovateWriter } from './machine/renovate.ts';
import type { SiteContext } from './site-context.ts';
import type { SiteWriter } from './writer.ts';

/** Those that every site has. */
export function standardWriters(site: SiteContext): readonly SiteWriter[] {
  return [renovateWriter(site)];
}
