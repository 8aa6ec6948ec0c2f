import type { FastifyRequest } from 'fastify';
import type { Links } from './api.ts';

/** How answers of the API name files: by GitHub's own addresses, or by the gateway's. */
export type LinkStyle = 'github' | 'self';

/** A host name or address, perhaps with a port: nothing that could mean more in a link. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/**
 * Where this client reaches the gateway: as configured, else as its own request says, through a proxy in front by
 * X-Forwarded-Proto and X-Forwarded-Host. It only makes links in the answer to that very request.
 */
export function linksOf(request: FastifyRequest, configured: string | undefined): Links {
  const web = configured ?? fromRequest(request);
  return { web, api: request.url.startsWith('/api/v3') ? `${web}/api/v3` : web };
}

/** Where a source's files are on the source itself. */
export function linksTo(source: string): Links {
  const web = `https://${source}`;
  return { web, api: source === 'github.com' ? 'https://api.github.com' : `${web}/api/v3` };
}

function fromRequest({ headers, protocol }: FastifyRequest): string {
  const forwarded = first(headers['x-forwarded-host']);
  const host = [forwarded, headers.host].find((text) => text !== undefined && HOST.test(text)) ?? 'localhost';
  const scheme = first(headers['x-forwarded-proto']) === 'https' ? 'https' : protocol;
  return `${scheme}://${host}`;
}

function first(value: string | string[] | undefined): string | undefined {
  return (Array.isArray(value) ? value[0] : value)?.split(',')[0]?.trim();
}
