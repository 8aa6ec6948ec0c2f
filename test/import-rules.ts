import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

/** What the rooms may import, as CONTRIBUTING.md draws it: downwards alone, never sideways on one line. */
const LINES = [
  ['ledger-schema'],
  ['io'],
  ['github', 'store', 'evidence', 'inspect', 'ledger'],
  ['upstream', 'proposals'],
  ['executor', 'reviewer', 'owner', 'consumer'],
  ['cli'],
  ['action', 'scripts'],
];

export const ROOMS = LINES.flat();

/** Packages that one place alone may know; the pattern is of the importing file's path. */
const SOLE_IMPORTERS: readonly (readonly [packages: RegExp, importers: RegExp])[] = [
  [/^openpgp$/, /^ledger-schema\/openpgp\/openpgp[^/]*\.ts$/],
  [/^@octokit\//, /^github\//],
  [/^@(?:aws-sdk|smithy)\//, /^store\//],
  [/^simple-git$/, /^ledger\/git\//],
  [/^undici(?:\/|$)/, /^io\//],
  [/^@sigstore\/|^snappyjs$/, /^evidence\/|^scripts\/trusted-roots\.ts$/],
  [/^(?:yauzl|fzstd|xz-decompress|unbzip2-stream|diff)$/, /^inspect\//],
  [/^proper-lockfile$/, /^io\/files\/lock\.ts$/],
  [/^fastify$|^@fastify\//, /^consumer\/serve\//],
  [/^(?:commander|cli-progress)$/, /^cli\//],
];

const PURE_PACKAGES = /^(?:@noble\/(?:curves|hashes)\/.+|openpgp|semver|zod)$/;
/** Names of the world outside that a pure room must not touch. */
const IMPURE_NAMES = new Set(
  (
    'fetch process Buffer require globalThis global window self navigator performance XMLHttpRequest WebSocket ' +
    'EventSource setTimeout setInterval setImmediate queueMicrotask localStorage'
  ).split(' '),
);

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The file that a relative specifier means. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
  /** By `import()`: loaded when it is needed. */
  readonly lazy: boolean;
}

/** Sources by their path from the project's root. */
export type Sources = ReadonlyMap<string, string>;

const roomOf = (path: string): string => path.split('/')[0] ?? '';
const lineOf = (path: string): number => LINES.findIndex((rooms) => rooms.includes(roomOf(path)));

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  return ts.isExportDeclaration(node)
    ? node.isTypeOnly
    : node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

/** Every way to name a module: import, export from, import(), import('…').T, import = require(), require(). */
function specifierOf(node: ts.Node): { literal: ts.Node | undefined; typeOnly: boolean; lazy: boolean } | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    if (node.moduleSpecifier === undefined) return undefined;
    return { literal: node.moduleSpecifier, typeOnly: isTypeOnly(node), lazy: false };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return { literal: node.arguments[0], typeOnly: false, lazy: true };
  }
  if (ts.isImportTypeNode(node)) {
    const literal = ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
    return { literal, typeOnly: true, lazy: false };
  }
  if (ts.isExternalModuleReference(node)) return { literal: node.expression, typeOnly: false, lazy: false };
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'require') {
    return { literal: node.arguments[0], typeOnly: false, lazy: false };
  }
  return undefined;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

function parse(path: string, source: string): ts.SourceFile {
  return ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
}

interface Found {
  readonly imports: readonly Import[];
  readonly complaints: readonly string[];
}

/** By path and source: several rules look at the same files. */
const known = new Map<string, Found>();

/** What a file imports, and a complaint for each specifier that is not a plain text. */
export function importsOf(path: string, source: string): Found {
  const key = `${path}\n${source}`;
  const found = known.get(key) ?? readImports(path, source);
  known.set(key, found);
  return found;
}

function readImports(path: string, source: string): Found {
  const imports: Import[] = [];
  const complaints: string[] = [];
  walk(parse(path, source), (node) => {
    const found = specifierOf(node);
    if (found === undefined) return;
    if (found.literal === undefined || !ts.isStringLiteralLike(found.literal)) {
      complaints.push(`${path} imports by a specifier that is computed`);
      return;
    }
    const specifier = found.literal.text;
    const relative = /^\.{1,2}\//.test(specifier);
    const target = relative ? join(dirname(path), specifier) : undefined;
    imports.push({ specifier, target, typeOnly: found.typeOnly, lazy: found.lazy });
  });
  return { imports, complaints };
}

function checkImport(path: string, found: Import, sources: Sources): string[] {
  const { specifier, target } = found;
  if (target === undefined) {
    // A benchmark may use what it is measured against.
    const bench = path.startsWith('scripts/bench/');
    const sole = bench
      ? undefined
      : SOLE_IMPORTERS.find(([packages, importers]) => packages.test(specifier) && !importers.test(path));
    const pure = roomOf(path) !== 'ledger-schema' || PURE_PACKAGES.test(specifier);
    return [
      ...(sole === undefined ? [] : [`${path} imports ${specifier}, which belongs to another room`]),
      ...(pure ? [] : [`${path} imports ${specifier}, and ledger-schema is pure`]),
    ];
  }
  // What a script starts on loopback is what tests start.
  if (roomOf(path) === 'scripts' && target.startsWith('test/servers/')) return [];
  if (!sources.has(target)) return [`${path} imports ${specifier}, which is not a source file here`];
  if (roomOf(target) === roomOf(path) || lineOf(target) < lineOf(path)) return [];
  return [`${path} imports ${specifier}: ${roomOf(path)} stands not above ${roomOf(target)}`];
}

function impurities(path: string, source: string): string[] {
  const found: string[] = [];
  const isName = (node: ts.Identifier): boolean =>
    !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) &&
    !(ts.isPropertyAssignment(node.parent) && node.parent.name === node) &&
    !(ts.isPropertySignature(node.parent) && node.parent.name === node);
  walk(parse(path, source), (node) => {
    if (ts.isIdentifier(node) && IMPURE_NAMES.has(node.text) && isName(node)) found.push(node.text);
    if (ts.isPropertyAccessExpression(node) && node.getText() === 'Date.now') found.push('Date.now');
    const isDate = (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'Date';
    if (isDate && (ts.isCallExpression(node) || (node.arguments ?? []).length === 0)) found.push('the present time');
  });
  return found.map((what) => `${path} uses ${what}, and ledger-schema is pure`);
}

type Graph = ReadonlyMap<string, readonly string[]>;

/** Each cycle once, as the files along it. */
function cycles(graph: Graph): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) found.push(`a cycle: ${[...trail.slice(at), file].join(' -> ')}`);
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** Every breach of the rules in a tree of sources; empty is what it should be. */
export function breaches(sources: Sources): string[] {
  const found: string[] = [];
  const graph = new Map<string, string[]>();
  for (const [path, source] of sources) {
    const { imports, complaints } = importsOf(path, source);
    found.push(...complaints, ...imports.flatMap((each) => checkImport(path, each, sources)));
    graph.set(
      path,
      imports.flatMap(({ target }) => target ?? []),
    );
    if (roomOf(path) === 'ledger-schema') found.push(...impurities(path, source));
  }
  return [...found, ...cycles(graph)];
}

/** The packages that are loaded with a file: what it reaches without `import()` and types. */
export function loadedWith(start: string, sources: Sources): Set<string> {
  return reached(start, sources).packages;
}

/** The files that are loaded with a file, itself among them. */
export function filesLoadedWith(start: string, sources: Sources): Set<string> {
  return reached(start, sources).seen;
}

function reached(start: string, sources: Sources): { packages: Set<string>; seen: Set<string> } {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { specifier, target, typeOnly, lazy } of importsOf(path, sources.get(path) ?? '').imports) {
      if (typeOnly || lazy) continue;
      if (target === undefined) packages.add(specifier);
      else visit(target);
    }
  };
  visit(start);
  return { packages, seen };
}
