import { describe, expect, test } from 'vitest';
import { declarations } from '../../scripts/bundle/declarations.ts';

const of = (entries: readonly string[], texts: Readonly<Record<string, string>>) =>
  declarations(entries, (path) => {
    const text = texts[path];
    if (text === undefined) throw new Error(`nobody wrote ${path}`);
    return text;
  });

describe('the declarations that a library is handed on with', () => {
  test('are those that its entries lead to, each once, with imports of .js files', () => {
    const { files, foreign } = of(['a/index'], {
      'a/index.d.ts': "export * from './x.ts';\nexport type Y = import('../b/y.ts').Y;\nimport '../b/z.js';\n",
      'a/x.d.ts': "import type { Y } from '../b/y.js';\nexport declare const x: Y;\n",
      'b/y.d.ts': "export type { I } from '../a/index.ts';\nexport type Y = 1;\n",
      'b/z.d.ts': 'export {};\n',
      'b/unused.d.ts': 'export {};\n',
    });
    expect([...files.keys()].sort()).toEqual(['a/index.d.ts', 'a/x.d.ts', 'b/y.d.ts', 'b/z.d.ts']);
    expect(files.get('a/index.d.ts')).toBe(
      "export * from './x.js';\nexport type Y = import('../b/y.js').Y;\nimport '../b/z.js';\n",
    );
    expect([...foreign]).toEqual([]);
  });

  test.each([
    "import { z } from 'zod';",
    "export type T = import('zod').ZodType;",
    "import 'zod';",
    "export * from 'zod';",
  ])('name no package that only the makers have: %s is found', (line) => {
    const { foreign } = of(['index'], { 'index.d.ts': "export * from './a.ts';", 'a.d.ts': line });
    expect([...foreign]).toEqual([['zod', 'a.d.ts']]);
  });
});
