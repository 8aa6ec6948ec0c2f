import { schemaOf } from '../cli/wiring/settings/config.ts';
import { toolSchema } from '../upstream/tool-definition.ts';
import { MIRROR_KEYS, TOOL_KEYS } from './docs/docs-cli-tables.ts';

type Keys = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const NOTE =
  'For editors and linters that read INI files as JSON: a section is an object, a key its text, a key[] an array of texts. What ' +
  'a value may be is judged by pullthrough itself, which names the line; docs/cli.md shows every key.';

function iniSchema(title: string, schema: Keys, says: Readonly<Record<string, string>>): string {
  const value = { type: 'string', minLength: 1, maxLength: 16_384, pattern: '^[^\\u0000-\\u001f\\u007f]*$' };
  const keyOf = (section: string, key: string) => {
    const description = says[`[${section}] ${key}`] ?? '';
    return key.endsWith('[]') ? { description, type: 'array', items: value } : { description, ...value };
  };
  const properties = Object.fromEntries(
    Object.entries(schema).map(([section, keys]) => [
      section,
      {
        type: 'object',
        properties: Object.fromEntries(Object.keys(keys).map((key) => [key, keyOf(section, key)])),
        additionalProperties: false,
      },
    ]),
  );
  const $schema = 'https://json-schema.org/draft/2020-12/schema';
  const whole = { $schema, title, $comment: NOTE, type: 'object', properties, additionalProperties: false };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

/** The JSON Schemas of mirror.ini and tool.ini, from the tables that their parsers read by. */
export function iniSchemas(): ReadonlyMap<string, string> {
  return new Map([
    ['mirror.ini.schema.json', iniSchema('mirror.ini of pullthrough', schemaOf('/'), MIRROR_KEYS)],
    ['tool.ini.schema.json', iniSchema('tool.ini of pullthrough', toolSchema(new Set()), TOOL_KEYS)],
  ]);
}
