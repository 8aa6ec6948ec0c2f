import { z } from 'zod';
import { fail } from '../ledger-schema/error.ts';
import type { ApiResponse, GitHubClient } from './client.ts';
import { splitRepository, tagSegment } from './names.ts';
import { assetSchema, gitPointerSchema, releaseSchema, repositorySchema } from './schemas.ts';
import type { AssetAnswer, ReleaseAnswer } from './schemas.ts';
import type { Asset, Release, Repository } from './types.ts';

const assetListSchema = z.array(assetSchema);
const releaseListSchema = z.array(releaseSchema);
/** A tag of a tag of a tag: git allows any depth, nobody uses two. */
const MAX_PEEL = 8;
/** How often to read a list of assets again when it changes while it is read. */
const MAX_READINGS = 4;

/** The repository, under the name that it has now. Throws `E_UPSTREAM_NOT_FOUND`. Docs: "Get a repository". */
export async function getRepository(client: GitHubClient, repository: string): Promise<Repository> {
  const value = await client.need('GET /repos/{owner}/{repo}', splitRepository(repository), repositorySchema);
  return {
    id: value.id,
    fullName: value.full_name,
    private: value.private,
    cloneUrl: value.clone_url,
    defaultBranch: value.default_branch,
    ownerType: value.owner,
  };
}

/** The release that GitHub calls the latest: no draft, no prerelease. Docs: "Get the latest release". */
export async function getLatestRelease(client: GitHubClient, repository: string): Promise<Release | undefined> {
  const names = splitRepository(repository);
  return whole(client, names, await client.get('GET /repos/{owner}/{repo}/releases/latest', names, releaseSchema));
}

/** A published release by its tag; drafts have none. Docs: "Get a release by tag name". */
export async function getReleaseByTag(
  client: GitHubClient,
  repository: string,
  tag: string,
): Promise<Release | undefined> {
  const names = splitRepository(repository);
  const parameters = { ...names, tag: tagSegment(tag) };
  const answer = await client.get('GET /repos/{owner}/{repo}/releases/tags/{tag}', parameters, releaseSchema);
  if (answer !== undefined && answer.value.tag_name !== tag) {
    fail('E_UPSTREAM_ANSWER', `${repository}: asked for the release of one tag, got that of another`);
  }
  return whole(client, names, answer);
}

/** A release by its id, drafts too where the token may see them. Docs: "Get a release". */
export async function getRelease(client: GitHubClient, repository: string, id: number): Promise<Release | undefined> {
  const names = splitRepository(repository);
  const parameters = { ...names, release_id: id };
  const answer = await client.get('GET /repos/{owner}/{repo}/releases/{release_id}', parameters, releaseSchema);
  if (answer !== undefined && answer.value.id !== id) {
    fail('E_UPSTREAM_ANSWER', `${repository}: asked for one release, got another`);
  }
  return whole(client, names, answer);
}

/**
 * All releases, newest first as the API lists them, drafts too where the token may see them; `max` ends it earlier.
 * Throws `E_UPSTREAM_NOT_FOUND` where there is no repository. Docs: "List releases".
 */
export async function* listReleases(
  client: GitHubClient,
  repository: string,
  { max = Infinity }: { max?: number } = {},
): AsyncGenerator<Release, void> {
  const names = splitRepository(repository);
  let left = max;
  if (left <= 0) return;
  for await (const page of client.pages('GET /repos/{owner}/{repo}/releases', names, releaseListSchema)) {
    if (page === undefined) {
      // It says why, where it is withheld.
      await getRepository(client, repository);
      noRepository(client, repository);
    }
    for (const value of page.value) {
      const release = await whole(client, names, { value, unchanged: page.unchanged });
      if (release !== undefined) yield release;
      left -= 1;
      if (left <= 0) return;
    }
  }
}

/**
 * The commit that a tag points to, through annotated tags: 40 or 64 hex digits. Throws `E_UPSTREAM_NOT_FOUND` where
 * there is no such tag. Docs: "Get a reference", "Get a tag".
 */
export async function resolveTagCommit(client: GitHubClient, repository: string, tag: string): Promise<string> {
  const names = splitRepository(repository);
  const ref = `tags/${tagSegment(tag)}`;
  const schema = gitPointerSchema.extend({ ref: z.literal(`refs/${ref}`) });
  let { object } = await client.need('GET /repos/{owner}/{repo}/git/ref/{ref}', { ...names, ref }, schema);
  for (let depth = 0; object.type === 'tag' && depth < MAX_PEEL; depth += 1) {
    const parameters = { ...names, tag_sha: object.sha };
    ({ object } = await client.need('GET /repos/{owner}/{repo}/git/tags/{tag_sha}', parameters, gitPointerSchema));
  }
  if (object.type === 'commit') return object.sha;
  fail('E_UPSTREAM_ANSWER', `${repository}: the tag ${tag} points to a ${object.type}, not to a commit`);
}

/**
 * A release with all its assets. GitHub embeds them all, as far as anybody has seen (800 and more), but documents it
 * nowhere; so where their number is one at which a list could have been cut off, the paged list is read too.
 */
async function whole(
  client: GitHubClient,
  names: { owner: string; repo: string },
  answer: ApiResponse<ReleaseAnswer> | undefined,
): Promise<Release | undefined> {
  if (answer === undefined) return undefined;
  const { value } = answer;
  const count = value.assets.length;
  const suspicious = count === 30 || (count > 0 && count % 100 === 0);
  const list = suspicious ? await listAssets(client, names, value) : { value: value.assets, unchanged: true };
  return {
    id: value.id,
    tag: value.tag_name,
    draft: value.draft,
    prerelease: value.prerelease,
    publishedAt: value.published_at,
    immutable: value.immutable,
    author: value.author,
    htmlUrl: value.html_url,
    assets: list.value.map((asset) => toAsset(client, asset)),
    unchanged: answer.unchanged && list.unchanged,
  };
}

/**
 * The paged list of a release's assets. An asset that is deleted meanwhile moves another from one page to the one
 * before, where it is never seen; so more than one page counts when two readings agree. Docs: "List release assets".
 */
async function listAssets(
  client: GitHubClient,
  names: { owner: string; repo: string },
  release: ReleaseAnswer,
): Promise<ApiResponse<AssetAnswer[]>> {
  const parameters = { ...names, release_id: release.id };
  let before: string | undefined;
  let unchanged = true;
  for (let reading = 0; reading < MAX_READINGS; reading += 1) {
    const assets: AssetAnswer[] = [];
    let pages = 0;
    const route = 'GET /repos/{owner}/{repo}/releases/{release_id}/assets';
    for await (const page of client.pages(route, parameters, assetListSchema)) {
      assets.push(...(page?.value ?? []));
      unchanged &&= page?.unchanged === true;
      pages += 1;
    }
    const ids = assets.map(({ id }) => id).join();
    if (pages === 1 || ids === before) return { value: assets, unchanged };
    before = ids;
  }
  fail(
    'E_UPSTREAM_CHANGED',
    `${names.owner}/${names.repo}: the assets of ${release.tag_name} change while they are read`,
  );
}

function toAsset(client: GitHubClient, asset: AssetAnswer): Asset {
  if (!URL.canParse(asset.url) || new URL(asset.url).origin !== client.origin) {
    fail('E_UPSTREAM_ANSWER', `the address of the asset ${asset.name} does not lie in the API at ${client.origin}`);
  }
  return {
    id: asset.id,
    name: asset.name,
    size: asset.size,
    state: asset.state,
    sha256: /^sha256:([0-9a-f]{64})$/i.exec(asset.digest ?? '')?.[1]?.toLowerCase(),
    createdAt: asset.created_at,
    updatedAt: asset.updated_at,
    uploader: asset.uploader,
    apiUrl: asset.url,
    browserUrl: asset.browser_download_url,
  };
}

function noRepository(client: GitHubClient, repository: string): never {
  fail('E_UPSTREAM_NOT_FOUND', `${new URL(client.api).host} has no repository ${repository}`, {
    hint: client.withheld ?? `look at the name; a private repository needs ${client.tokenName}`,
  });
}
