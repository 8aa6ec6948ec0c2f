import { pickForPlatform } from '../download/pick.ts';
import { parsePlatform } from '../download/platform.ts';
import type { LockEntry } from './lock-file.ts';

export const FORMATS = ['mise', 'aqua', 'bazel', 'renovate'] as const;
export type LockFormat = (typeof FORMATS)[number];

/** A lock file's entries in the form that another tool reads: the very same digests. */
export function lockAs(format: LockFormat, entries: readonly LockEntry[]): string {
  return WRITERS[format](entries);
}

const WRITERS: Readonly<Record<LockFormat, (entries: readonly LockEntry[]) => string>> = {
  mise,
  aqua,
  bazel,
  renovate,
};

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const repositoryOf = ({ tool }: LockEntry): string => tool.slice(tool.indexOf('/') + 1);
/** What mise calls a release's version: its tag, without a v before a number. */
const versionText = ({ tag }: LockEntry): string => tag.replace(/^v(?=\d)/, '');
const urlOf = ({ tool, tag }: LockEntry, name: string): string =>
  `https://${tool}/releases/download/${tag.split('/').map(encodeURIComponent).join('/')}/${encodeURIComponent(name)}`;

const PLATFORMS: readonly (readonly [mise: string, ours: string])[] = [
  ['linux-x64', 'linux/amd64'],
  ['linux-arm64', 'linux/arm64'],
  ['macos-x64', 'darwin/amd64'],
  ['macos-arm64', 'darwin/arm64'],
  ['windows-x64', 'windows/amd64'],
];

/** mise.lock: one file per platform, where exactly one is for it. */
function mise(entries: readonly LockEntry[]): string {
  const tables = entries.map((entry) => {
    const backend = JSON.stringify(`github:${repositoryOf(entry)}`);
    const names = entry.files.map(({ name }) => name);
    const lines = PLATFORMS.flatMap(([key, platform]) => {
      const picked = pickForPlatform(names, parsePlatform(platform), { repository: repositoryOf(entry) });
      const [file] = picked.length === 1 ? entry.files.filter(({ name }) => name === picked[0]) : [];
      if (file === undefined) return [];
      return `"platforms.${key}" = { checksum = "sha256:${file.sha256}", size = ${file.size}, url = ${JSON.stringify(urlOf(entry, file.name))} }`;
    });
    return [
      `[[tools.${backend}]]`,
      `version = ${JSON.stringify(versionText(entry))}`,
      `backend = ${backend}`,
      ...lines,
    ].join('\n');
  });
  return `${tables.join('\n\n')}\n`;
}

/** aqua-checksums.json, sorted by id as aqua does. */
function aqua(entries: readonly LockEntry[]): string {
  const checksums = entries.flatMap((entry) =>
    entry.files.map(({ name, sha256 }) => ({
      id: `github_release/${entry.tool}/${entry.tag}/${name}`,
      checksum: sha256.toUpperCase(),
      algorithm: 'sha256',
    })),
  );
  return json({ checksums: checksums.sort((a, b) => (a.id < b.id ? -1 : 1)) });
}

/** For MODULE.bazel: an http_file for each file. */
function bazel(entries: readonly LockEntry[]): string {
  const rule = 'http_file = use_repo_rule("@bazel_tools//tools/build_defs/repo:http.bzl", "http_file")';
  const labels = new Set<string>();
  const files = entries.flatMap((entry) =>
    entry.files.map(({ name, sha256 }) => {
      const label = unusedLabel(`${repositoryOf(entry)}_${name}`, labels);
      labels.add(label);
      const facts = [
        ['name', label],
        ['downloaded_file_path', name],
        ['sha256', sha256],
        // Older versions don't know `url`.
        ['urls', [urlOf(entry, name)]],
      ].map(([key, value]) => `    ${String(key)} = ${JSON.stringify(value)},`);
      return ['http_file(', ...facts, ')'].join('\n');
    }),
  );
  return `${[rule, ...files].join('\n\n')}\n`;
}

/** A repository's name as Bazel wants it: it begins with a letter, and `a-b` and `a_b` would be the same. */
function unusedLabel(text: string, taken: ReadonlySet<string>): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^(?![a-z])/, 'r');
  let label = plain;
  for (let n = 2; taken.has(label); n++) label = `${plain}_${n}`;
  return label;
}

/** Documents of Renovate's custom datasource, by the tool: the releases that may be updated to. */
function renovate(entries: readonly LockEntry[]): string {
  const documents = entries.map((entry) => [
    repositoryOf(entry),
    { releases: [{ version: entry.tag }], sourceUrl: `https://${entry.tool}` },
  ]);
  return json(documents.length === 1 ? documents[0]?.[1] : Object.fromEntries(documents));
}
