import { toolDocument } from '../names.ts';
import type { SiteContext } from '../site-context.ts';
import type { SiteWriter } from '../writer.ts';

/**
 * Renovate's custom datasource: the releases of a tool that it may update to, which are those that are acknowledged.
 * https://docs.renovatebot.com/modules/datasource/custom/
 */
export function renovateWriter({ host, sources }: SiteContext): SiteWriter {
  return {
    key: 'renovate 1',
    async write({ folder, source, repository, releases }) {
      const listed = releases
        .filter(({ state }) => state === 'acknowledged')
        .map(({ tag, at, digest }) => ({ version: tag, releaseTimestamp: at, digest: `sha256:${digest ?? ''}` }));
      if (listed.length === 0) return { files: [] };
      const content = `${JSON.stringify({ releases: listed, sourceUrl: `https://${source}/${repository}` })}\n`;
      return { files: [{ path: toolDocument('renovate', folder, host, sources), content }] };
    },
  };
}
