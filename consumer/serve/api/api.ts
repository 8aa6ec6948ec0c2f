import { createHash } from 'node:crypto';
import { versionOf } from '../../../ledger-schema/versions/version.ts';
import type { VerifiedRelease } from '../../release.ts';
import type { FoundTool } from '../../resolve.ts';
import type { ServedRelease } from '../served-release.ts';

/** Where a client reaches the gateway, and its API; both without a slash at the end. */
export interface Links {
  readonly web: string;
  readonly api: string;
}

/** JSON's numbers hold 53 bits exactly: 36 of the record's path, and 17 for the place of an asset in the record. */
const PLACES = 2 ** 17;

/**
 * A stable number for a record, by its path alone: so that asking for it judges that one record. An asset's begins with it;
 * a record never changes, so neither does an asset's place in it.
 */
export function releaseIdAt(path: string): number {
  return Math.floor(createHash('sha256').update(path).digest().readUIntBE(0, 5) / 2 ** 4);
}

export function releaseId({ ledger }: VerifiedRelease): number {
  return releaseIdAt(ledger.path);
}

export function assetId(release: VerifiedRelease, name: string): number {
  return releaseId(release) * PLACES + release.assets.findIndex((asset) => asset.name === name);
}

/** The number of the release that an asset of this number is in. */
export function releaseOfAsset(id: number): number {
  return Math.floor(id / PLACES);
}

/** `owner/repo`, without the source. */
function repositoryOf({ tool }: VerifiedRelease): string {
  return tool.slice(tool.indexOf('/') + 1);
}

/** A path's segments, each encoded. */
export function urlPath(...segments: readonly string[]): string {
  return segments.map(encodeURIComponent).join('/');
}

/** An asset as GitHub's API answers it: "Get a release asset". */
export function assetJson(
  release: ServedRelease,
  asset: VerifiedRelease['assets'][number],
  links: Links,
  id = assetId(release, asset.name),
) {
  const repository = repositoryOf(release);
  return {
    url: `${links.api}/repos/${repository}/releases/assets/${id}`,
    id,
    node_id: Buffer.from(`asset:${id}`).toString('base64'),
    name: asset.name,
    label: null,
    uploader: account(release),
    content_type: 'application/octet-stream',
    state: 'uploaded',
    size: asset.size,
    digest: `sha256:${asset.sha256}`,
    download_count: 0,
    created_at: release.published,
    updated_at: release.published,
    browser_download_url: `${links.web}/${repository}/releases/download/${urlPath(release.tag, asset.name)}`,
  };
}

/** A release as GitHub's API answers it: "Get a release". Its name and notes are not in the ledger. */
export function releaseJson(release: ServedRelease, links: Links) {
  const repository = repositoryOf(release);
  const id = releaseId(release);
  const url = `${links.api}/repos/${repository}/releases/${id}`;
  return {
    url,
    html_url: `${links.web}/${repository}/releases/tag/${urlPath(release.tag)}`,
    assets_url: `${url}/assets`,
    upload_url: `${url}/assets{?name,label}`,
    tarball_url: null,
    zipball_url: null,
    id,
    node_id: Buffer.from(`release:${id}`).toString('base64'),
    tag_name: release.tag,
    target_commitish: release.commit,
    name: release.tag,
    body: null,
    draft: false,
    prerelease: isPrerelease(release.tag),
    immutable: true,
    created_at: release.published,
    published_at: release.published,
    author: account(release),
    assets: assetsJson(release, links),
  };
}

export function isPrerelease(tag: string): boolean {
  return (versionOf(tag)?.rank ?? 0) < 0;
}

/** All assets of a release, each by its place, without searching. */
export function assetsJson(release: ServedRelease, links: Links) {
  const first = releaseId(release) * PLACES;
  return release.assets.map((asset, place) => assetJson(release, asset, links, first + place));
}

/** A repository as GitHub's API answers it, as far as the ledger knows it: "Get a repository". */
export function repositoryJson(tool: FoundTool, id: number, links: Links) {
  const [owner = '', name = ''] = tool.repository.split('/');
  const url = `${links.api}/repos/${tool.repository}`;
  return {
    id,
    node_id: Buffer.from(`repository:${id}`).toString('base64'),
    name,
    full_name: tool.repository,
    owner: { login: owner, id: 0, type: 'Organization', site_admin: false },
    private: false,
    html_url: `${links.web}/${tool.repository}`,
    description: null,
    fork: false,
    url,
    releases_url: `${url}/releases{/id}`,
    default_branch: 'main',
    archived: false,
    disabled: false,
    visibility: 'public',
  };
}

/** There is none here, but clients ask: "Get rate limit status for the authenticated user". */
export function rateLimitJson(now: Date) {
  const core = { limit: 5000, used: 0, remaining: 5000, reset: Math.floor(now.getTime() / 1000) + 3600 };
  return { resources: { core, search: core, graphql: core }, rate: core };
}

/** Who signed the record is given as the uploader. */
function account({ signedBy }: VerifiedRelease) {
  return { login: signedBy.holder, id: 0, type: 'Bot', site_admin: false };
}

/** GitHub's `Link` header for a page of a list; undefined where there is one page. */
export function linkHeader(url: string, page: number, perPage: number, total: number): string | undefined {
  const last = Math.max(1, Math.ceil(total / perPage));
  const link = (number: number, rel: string) => `<${url}?per_page=${perPage}&page=${number}>; rel="${rel}"`;
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev'), link(1, 'first')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
  ];
  return links.length === 0 ? undefined : links.join(', ');
}
