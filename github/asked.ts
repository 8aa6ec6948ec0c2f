import { REPOSITORY, decoded, pathOf } from './absent.ts';

type Says = (repository: string, name: string) => string;

/** What a request is about, by its method and path below a repository: as it goes on after "may not". */
const REQUESTS: readonly (readonly [method: RegExp, path: RegExp, says: Says])[] = [
  [/GET/, /^$/, (r) => `read the repository ${r}`],
  [/GET/, /^releases\/tags\/(.+)$/, (r, tag) => `read the release ${tag} of ${r}`],
  [/GET/, /^releases\/latest$/, (r) => `read the latest release of ${r}`],
  [/GET/, /^releases\/assets\/(\d+)$/, (r) => `read a file of a release of ${r}`],
  [/GET/, /^releases\/\d+/, (r) => `read a release of ${r}`],
  [/GET/, /^releases$/, (r) => `read the releases of ${r}`],
  [/GET/, /^(?:git\/(?:matching-)?refs?|commits)\/(?:refs\/)?tags\/(.+)$/, (r, tag) => `read the tag ${tag} of ${r}`],
  [
    /GET/,
    /^(?:git\/(?:matching-)?refs?|branches)\/(?:heads\/)?(.+)$/,
    (r, branch) => `read the branch ${branch} of ${r}`,
  ],
  [/GET/, /^git\/tags\/(.+)$/, (r) => `read a tag of ${r}`],
  [/GET/, /^commits\/(.+)$/, (r, commit) => `read the commit ${commit} of ${r}`],
  [/GET/, /^attestations\b/, (r) => `read the attestations of ${r}`],
  [/GET/, /^pulls\/(\d+)/, (r, number) => `read the pull request ${r}#${number}`],
  [/GET/, /^pulls$/, (r) => `list the pull requests of ${r}`],
  [/GET/, /^issues\/(\d+)/, (r, number) => `read the issue ${r}#${number}`],
  [/GET/, /^issues$/, (r) => `list the issues of ${r}`],
  [/GET/, /^/, (r) => `read ${r}`],
  [/POST/, /^pulls$/, (r) => `open a pull request in ${r}`],
  [/PUT|POST/, /^pulls\/(\d+)\/merge$/, (r, number) => `merge ${r}#${number}`],
  [/PUT|POST/, /^pulls\/(\d+)\/update(?:-branch)?$/, (r, number) => `bring ${r}#${number} up to date`],
  [/PATCH|PUT|POST/, /^pulls\/(\d+)/, (r, number) => `change the pull request ${r}#${number}`],
  [/POST/, /^git\/refs|^branches$/, (r) => `make a branch in ${r}`],
  [/POST/, /^(?:check-runs|statuses)\b/, (r) => `report a check in ${r}`],
  [/POST/, /^issues$/, (r) => `open an issue in ${r}`],
  [/PATCH|POST|PUT/, /^issues\/comments\//, (r) => `change a comment in ${r}`],
  [/PATCH|POST|PUT/, /^issues\/(\d+)/, (r, number) => `change or comment on ${r}#${number}`],
  [/DELETE/, /^git\/refs|^branches/, (r) => `remove a branch of ${r}`],
  [/./, /^/, (r) => `change ${r}`],
];

/**
 * What a request asked for, in a person's words: `read the releases of jqlang/jq`, `merge acme/ledger#6`. `what` is a method
 * and a path, as `GET /repos/jqlang/jq/releases`. No path of an API is in it.
 */
export function askedText(what: string): string {
  const method = /^[A-Z]+/.exec(what)?.[0] ?? 'GET';
  const path = pathOf(what);
  const [, repository, rest = ''] = REPOSITORY.exec(path) ?? [];
  if (repository !== undefined) {
    for (const [methods, pattern, says] of REQUESTS) {
      const found = methods.test(method) ? pattern.exec(decoded(rest)) : null;
      if (found !== null) return says(decoded(repository), found[1] ?? '');
    }
  }
  if (/\/repositories\/\d+\//.test(path)) return 'read the next page of a list';
  if (/\/(?:user|graphql)$/.test(path)) return 'say whose token it is';
  const owner = /\/(?:orgs|users)\/([^/]+)\/attestations\b/.exec(path)?.[1];
  if (owner !== undefined) return `read the attestations of ${decoded(owner)}`;
  return method === 'GET' ? 'read this' : 'change this';
}
