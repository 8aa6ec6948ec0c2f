// Writes the JSON Schemas that are published with the package, from the definitions that the code itself reads with.
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { checklistSchema } from '../ledger-schema/checklist.ts';
import { policySchema } from '../ledger-schema/policy.ts';
import { iniSchemas } from './ini-schemas.ts';

const NOTE =
  'A schema is the smaller part of the rules: canonical bytes, order, names and what must agree are in docs/ledger-format.md.';

/** The text of each published schema, by its file's name. */
export function jsonSchemas(): ReadonlyMap<string, string> {
  const text = (title: string, schema: z.ZodType): string => {
    const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12' });
    return `${JSON.stringify({ $schema, title, $comment: NOTE, ...rest }, null, 2)}\n`;
  };
  return new Map([
    ['checklist.schema.json', text('checklist.json of the pullthrough ledger format, version 1', checklistSchema)],
    ['policy.schema.json', text('N.policy.json of the pullthrough ledger format, version 1', policySchema)],
    ...iniSchemas(),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = join(resolve(dirname(fileURLToPath(import.meta.url)), '../..'), 'ledger-schema/schemas');
  for (const [name, text] of jsonSchemas()) writeFileSync(join(folder, name), text);
}
