/** A path below a repository, with or without the API's own beginning. */
export const REPOSITORY = /\/repos\/([^/]+\/[^/]+)(?:\/(.*))?$/;

/** What is missing, by its path below a repository. */
const NOUNS: readonly (readonly [path: RegExp, says: (name: string) => string])[] = [
  [/^releases\/tags\/(.+)$/, (tag) => `no release of the tag ${tag}`],
  [/^releases\/latest$/, () => 'no latest release'],
  [/^releases\/assets\/(\d+)$/, () => 'that file of a release no longer'],
  [/^releases\/(\d+)/, () => 'that release no longer'],
  [/^releases$/, () => 'no releases that can be seen'],
  [/^(?:git\/(?:matching-)?refs?|commits)\/(?:refs\/)?tags\/(.+)$/, (tag) => `no tag ${tag}`],
  [/^(?:git\/(?:matching-)?refs?|branches)\/(?:heads\/)?(.+)$/, (branch) => `no branch ${branch}`],
  [/^git\/tags\/(.+)$/, (id) => `no tag object ${id}`],
  [/^commits\/(.+)$/, (commit) => `no commit ${commit}`],
  [/^pulls\/(\d+)/, (number) => `no pull request #${number}`],
  [/^issues\/(\d+)/, (number) => `no issue #${number}`],
];

/**
 * What to tell a person about something that is not there: `jqlang/jq at api.github.com has no release of the tag v9`.
 * `what` is a method and a path, as `GET /repos/jqlang/jq/releases/tags/v9`.
 */
export function absentText(host: string, what: string): string {
  const path = pathOf(what);
  const [, repository, rest] = REPOSITORY.exec(path) ?? [];
  if (repository === undefined) return `${host} does not have what was asked for`;
  if (rest === undefined || rest === '') return `${host} has no repository ${decoded(repository)} that can be seen`;
  for (const [pattern, says] of NOUNS) {
    const found = pattern.exec(decoded(rest));
    if (found !== null) return `${decoded(repository)} at ${host} has ${says(found[1] ?? '')}`;
  }
  return `${decoded(repository)} at ${host} does not have what was asked for`;
}

/** Of a method and a path, the path alone. */
export function pathOf(what: string): string {
  return what.replace(/^[A-Z]+ /, '').replace(/\?.*$/, '');
}

/** The same for what may not be shown (451): a takedown is of a repository, whatever of it was asked for. */
export function withheldText(host: string, what: string): string {
  const repository = REPOSITORY.exec(pathOf(what))?.[1];
  return `${host} withholds ${repository === undefined ? 'this' : decoded(repository)} for legal reasons (451)`;
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
