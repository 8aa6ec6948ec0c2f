import { newestFirst } from './github-model.ts';
import type { TestAsset, TestRelease, TestRepository } from './github-model.ts';
import { NOT_FOUND } from './github-state.ts';
import type { GitHubState, Reply, RouteCall } from './github-state.ts';

/** The repository itself, its releases and its tags; undefined where the path is somebody else's. */
export function releaseRoutes(state: GitHubState, call: RouteCall): Reply | undefined {
  const { method, path, repository } = call;
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  const [first, second, third] = path;
  if (first === undefined) return { status: 200, json: state.json.repository(repository) };
  if (first === 'releases') return releases(state, call);
  if (first !== 'git' || third === undefined) return undefined;
  if (second === 'tags' && path.length === 3) {
    const object = repository.tagObjects.get(third);
    return object === undefined ? NOT_FOUND : { status: 200, json: state.json.tagObject(repository, third, object) };
  }
  if (second === 'ref') {
    const ref = path.slice(2).join('/');
    const object = ref.startsWith('tags/') ? repository.tags.get(ref.slice(5)) : undefined;
    return object === undefined ? NOT_FOUND : { status: 200, json: state.json.ref(repository, ref, object) };
  }
  return undefined;
}

function releases(state: GitHubState, { path, repository, access, accept }: RouteCall): Reply | undefined {
  const [, second, third, ...rest] = path;
  const visible = newestFirst(repository.releases.filter(({ draft }) => !draft || access === 'write'));
  const render = (release: TestRelease) => state.json.release(repository, release, state.embeddedAssets);
  const one = (release: TestRelease | undefined): Reply =>
    release === undefined ? NOT_FOUND : { status: 200, json: render(release) };
  if (second === undefined) return { items: visible, render };
  if (second === 'latest' && third === undefined) return one(repository.latest());
  if (second === 'tags' && third !== undefined) {
    // A tag's slashes may come as they are.
    const tag = [third, ...rest].join('/');
    return one(visible.find((release) => release.tag === tag && !release.draft));
  }
  if (second === 'assets' && third !== undefined) {
    const found = findAsset(visible, Number(third));
    if (found === undefined) return NOT_FOUND;
    const { release, asset } = found;
    if (!accept.includes('application/octet-stream')) {
      return { status: 200, json: state.json.asset(repository, release, asset) };
    }
    return download(state, repository, asset);
  }
  const release = visible.find(({ id }) => String(id) === second);
  if (release === undefined) return NOT_FOUND;
  if (third === undefined) return one(release);
  if (third === 'assets') {
    return { items: release.assets, render: (asset: TestAsset) => state.json.asset(repository, release, asset) };
  }
  return undefined;
}

/** `/OWNER/REPO/releases/download/TAG/NAME` on the web. */
export function browserDownload(state: GitHubState, repository: TestRepository, tag: string, name: string): Reply {
  const release = repository.releases.find((one) => one.tag === tag && !one.draft);
  const asset = release?.assets.find((one) => one.name === name);
  return asset === undefined ? NOT_FOUND : download(state, repository, asset);
}

function download(state: GitHubState, repository: TestRepository, asset: TestAsset): Reply {
  if (asset.state !== 'uploaded') return NOT_FOUND;
  return { status: 302, location: state.storage.address(repository.id, asset) };
}

function findAsset(
  releases: readonly TestRelease[],
  id: number,
): { release: TestRelease; asset: TestAsset } | undefined {
  for (const release of releases) {
    const asset = release.assets.find((one) => one.id === id);
    if (asset !== undefined) return { release, asset };
  }
  return undefined;
}
