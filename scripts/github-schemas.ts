/**
 * Takes the schemas of the test server's answers from GitHub's own description of its API, and writes them, made smaller,
 * to test/fixtures/github-schemas.json:
 *
 *     npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
 *     node dist/scripts/github-schemas.js package/generated/api.github.com.deref.json
 */
import { readFile, writeFile } from 'node:fs/promises';

type Schema = { [key: string]: unknown };

const OPERATIONS = [
  'GET /repos/{owner}/{repo}',
  'GET /repos/{owner}/{repo}/releases',
  'GET /repos/{owner}/{repo}/releases/latest',
  'GET /repos/{owner}/{repo}/releases/tags/{tag}',
  'GET /repos/{owner}/{repo}/releases/{release_id}',
  'GET /repos/{owner}/{repo}/releases/{release_id}/assets',
  'GET /repos/{owner}/{repo}/releases/assets/{asset_id}',
  'GET /repos/{owner}/{repo}/git/ref/{ref}',
  'GET /repos/{owner}/{repo}/git/tags/{tag_sha}',
  'GET /repos/{owner}/{repo}/pulls',
  'POST /repos/{owner}/{repo}/pulls',
  'GET /repos/{owner}/{repo}/pulls/{pull_number}',
  'PATCH /repos/{owner}/{repo}/pulls/{pull_number}',
  'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge',
  'GET /repos/{owner}/{repo}/issues',
  'POST /repos/{owner}/{repo}/issues',
  'GET /repos/{owner}/{repo}/issues/{issue_number}',
  'PATCH /repos/{owner}/{repo}/issues/{issue_number}',
  'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
  'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
  'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}',
  'GET /user',
];
const OUTPUT = 'test/fixtures/github-schemas.json';
const WORDS = new Set(['type', 'properties', 'required', 'items', 'enum', 'format', 'additionalProperties']);
const CHOICES = ['oneOf', 'anyOf', 'allOf'];
/** A schema shorter than this is no longer than the reference to it. */
const WORTH_SHARING = 150;

/** OpenAPI 3.0 to JSON Schema: only what validates, and `nullable` as a type. */
function clean(schema: Schema): Schema {
  const kept: Schema = {};
  for (const [word, value] of Object.entries(schema)) {
    if (WORDS.has(word)) kept[word] = value;
    if (CHOICES.includes(word)) kept[word] = (value as Schema[]).map(clean);
  }
  if (isSchema(kept.items)) kept.items = clean(kept.items);
  if (isSchema(kept.additionalProperties)) kept.additionalProperties = clean(kept.additionalProperties);
  if (isSchema(kept.properties)) {
    const properties = Object.entries(kept.properties).map(([name, value]) => [name, clean(value as Schema)]);
    kept.properties = Object.fromEntries(properties) as Schema;
  }
  if (schema.nullable !== true) return kept;
  if (typeof kept.type !== 'string') return { anyOf: [kept, { type: 'null' }] };
  if (Array.isArray(kept.enum)) kept.enum = [...(kept.enum as unknown[]), null];
  return { ...kept, type: [kept.type, 'null'] };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Moves schemas that occur several times to one place, under `$defs`. */
class Sharing {
  readonly definitions: Record<string, Schema> = {};
  readonly #names = new Map<string, string>();

  share(schema: Schema): Schema {
    const shared = Object.fromEntries(
      Object.entries(schema).map(([word, value]) => [
        word,
        word === 'properties' ? this.#each(value as Schema) : this.#inside(value),
      ]),
    );
    const text = JSON.stringify(shared);
    if (text.length < WORTH_SHARING) return shared;
    let name = this.#names.get(text);
    if (name === undefined) {
      name = `d${String(this.#names.size)}`;
      this.#names.set(text, name);
      this.definitions[name] = shared;
    }
    return { $ref: `#/$defs/${name}` };
  }

  #each(properties: Schema): Schema {
    return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, this.share(value as Schema)]));
  }

  #inside(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one: unknown) => (isSchema(one) ? this.share(one) : one));
    return isSchema(value) ? this.share(value) : value;
  }
}

interface Description {
  readonly info: { readonly version: string };
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, Response> }>>;
}
interface Response {
  readonly content?: { readonly 'application/json'?: { readonly schema: Schema } };
}

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: github-schemas PATH/api.github.com.deref.json');
const description = JSON.parse(await readFile(path, 'utf8')) as Description;
const sharing = new Sharing();
const operations: Record<string, Record<string, Schema>> = {};
for (const operation of OPERATIONS) {
  const [method = '', route = ''] = operation.split(' ');
  const responses = description.paths[route]?.[method.toLowerCase()]?.responses;
  if (responses === undefined) throw new Error(`no ${operation} in ${path}`);
  const answers: Record<string, Schema> = {};
  for (const [status, response] of Object.entries(responses)) {
    const schema = response.content?.['application/json']?.schema;
    if (schema !== undefined) answers[status] = sharing.share(clean(schema));
  }
  operations[operation] = answers;
}
const madeFrom = `@octokit/openapi ${description.info.version}, generated/api.github.com.deref.json (MIT)`;
await writeFile(OUTPUT, `${JSON.stringify({ madeFrom, operations, $defs: sharing.definitions }, null, 1)}\n`);
