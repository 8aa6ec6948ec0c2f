import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';
import { INI_LENGTH, boolean, oneOf, readIni, text } from '../../io/ini.ts';

const schema = {
  ledger: { repository: text, branch: text, merge: oneOf('manual', 'acknowledged') },
  store: { url: text, 'public-url': text, 'public-url[]': text },
  release: { prerelease: boolean, 'tag-prefix': text },
  assets: { 'include[]': text },
};
const read = (content: string) => readIni(content, 'mirror.ini', schema);

function refusal(content: string): { code: string; message: string; hint: string } {
  try {
    read(content);
  } catch (error) {
    if (error instanceof PullthroughError) return { code: error.code, message: error.message, hint: error.hint ?? '' };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('what a file says', () => {
  test('sections, keys, comments and lists', () => {
    const { values } = read(
      [
        '; a comment',
        '# another',
        '[ledger]',
        'repository = acme/release-ledger      ; a GitHub repository',
        'branch=main',
        '',
        '  [assets] ; indented, with a comment',
        '  include[]  = *linux*amd64*',
        '  include[]  = *.deb',
        '[release]',
        'prerelease = true',
      ].join('\n'),
    );
    expect(values.ledger).toEqual({ repository: 'acme/release-ledger', branch: 'main', merge: undefined });
    expect(values.assets['include[]']).toEqual(['*linux*amd64*', '*.deb']);
    expect(values.release.prerelease).toBe(true);
    expect(values.store['public-url[]']).toEqual([]);
  });

  test('an empty file, and a file of comments', () => {
    expect(read('').values.ledger.repository).toBeUndefined();
    expect(read('; nothing\n\n#\n').values.assets['include[]']).toEqual([]);
  });

  test("a store's URL with parameters and a comment behind it", () => {
    const { values } = read('[store]\nurl = s3://b/p?endpoint=https://x&region=y ; comment');
    expect(values.store.url).toBe('s3://b/p?endpoint=https://x&region=y');
  });

  test('a byte order mark, CRLF and CR are not part of it', () => {
    expect(read('\uFEFF[ledger]\r\nbranch = main\r\n').values.ledger.branch).toBe('main');
    expect(read('[ledger]\rbranch = main\r').values.ledger.branch).toBe('main');
  });

  test("'true', 'null', numbers and dots stay text", () => {
    for (const value of ['true', 'null', '12', '1.2.3', '[x]', 'a.b.c', "'12'", '"true"', '\'{"a":1}\'']) {
      const expected = value.replace(/^(['"])(.*)\1$/, '$2');
      expect(read(`[ledger]\nbranch = ${value}`).values.ledger.branch).toBe(expected);
    }
  });

  test("';' and '#' belong to a value that is quoted, or where they are escaped", () => {
    expect(read('[ledger]\nbranch = "a;b#c"').values.ledger.branch).toBe('a;b#c');
    expect(read("[ledger]\nbranch = 'a;b#c'").values.ledger.branch).toBe('a;b#c');
    expect(read('[ledger]\nbranch = a\\;b\\#c').values.ledger.branch).toBe('a;b#c');
    expect(read('[ledger]\nbranch = main; a comment').values.ledger.branch).toBe('main');
    expect(read('[ledger]\nbranch = main ;a comment').values.ledger.branch).toBe('main');
  });

  test('a section may come in two parts', () => {
    const { values } = read('[ledger]\nbranch = main\n[assets]\n[ledger]\nrepository = a/b');
    expect(values.ledger).toMatchObject({ branch: 'main', repository: 'a/b' });
  });

  test('where() names file, line and key', () => {
    const ini = read('\n[ledger]\n\nbranch = main');
    expect(ini.where('ledger', 'branch')).toBe('mirror.ini:4: [ledger] branch');
    expect(ini.where('ledger', 'repository')).toBe('mirror.ini: [ledger] repository');
  });
});

describe('what is refused, with file, line and key', () => {
  test.each([
    ['an unknown key', '[ledger]\nrepositry = a/b', 'mirror.ini:2: unknown key repositry in [ledger]', 'repository'],
    ['an unknown key far from all', '[ledger]\n\nzzz = 1', 'mirror.ini:3:', 'repository, branch, merge'],
    ['a key of another section', '[ledger]\nurl = x', 'mirror.ini:2: unknown key url', '[store]'],
    ['a key in another case', '[ledger]\nBranch = x', 'unknown key Branch', 'did you mean branch?'],
    ['a list key without brackets', '[assets]\ninclude = x', 'unknown key include', 'include[]'],
    ['a scalar key with brackets', '[ledger]\nbranch[] = x', 'unknown key branch[]', 'write branch'],
    ['an unknown section', '[ledgre]\nbranch = x', 'mirror.ini:1: unknown section [ledgre]', '[ledger]'],
    ['a section with a dot', '[ledger.x]\nbranch = x', 'mirror.ini:1: unknown section [ledger.x]', '[ledger]'],
    ['__proto__ as a section', '[__proto__]\nx = 1', 'unknown section [__proto__]', '[store]'],
    ['__proto__ as a key', '[ledger]\n__proto__ = 1', 'unknown key __proto__', 'repository'],
    ['constructor as a key', '[ledger]\nconstructor = 1', 'unknown key constructor', 'repository'],
    ['a key twice', '[ledger]\nbranch = a\nbranch = a', 'mirror.ini:3: branch in [ledger] is in line 2 already', 'one'],
    ['a key twice in two parts', '[ledger]\nbranch = a\n[ledger]\nbranch = b', 'mirror.ini:4: branch', 'one'],
    ['a key before any section', 'branch = main', 'mirror.ini:1: branch comes before any section', '[ledger]'],
    ['a line without =', '[release]\nprerelease', "mirror.ini:2: prerelease has no '='", 'key = value'],
    ['a strange line', '[release\nx = 1', 'mirror.ini:1: not a [section]', 'comment'],
    ['an empty value', '[ledger]\nbranch = ; main', 'mirror.ini:2: branch in [ledger] has no value', 'remove'],
    ['a value cut by a comment', '[ledger]\nbranch = a;b', 'mirror.ini:2: branch in [ledger]', '\\;'],
    ['an unfinished quote', '[ledger]\nbranch = "main', 'mirror.ini:2: branch in [ledger]', 'quote'],
    ['a comment behind a quote', '[ledger]\nbranch = "main" ; x', 'mirror.ini:2: branch in [ledger]', 'quote'],
    ['two quoted values', "[ledger]\nbranch = 'a' 'b'", 'mirror.ini:2: branch in [ledger]', 'quote'],
    ['one lonely quote', '[ledger]\nbranch = "', 'mirror.ini:2: branch in [ledger]', 'quote'],
    ['a control character', '[ledger]\nbranch = a\u0000b', 'mirror.ini:2: branch in [ledger]', ''],
    ['a control character in quotes', '[ledger]\nbranch = "a\\u001bb"', 'mirror.ini:2: branch in [ledger]', ''],
    ['no boolean', '[release]\nprerelease = yes', 'mirror.ini:2: prerelease in [release]: yes is neither', ''],
    ['no word of the list', '[ledger]\nmerge = manuel', 'mirror.ini:2: merge in [ledger]: manuel', 'manual'],
    ['U+2028 ends no line', '[release]\nprerelease = true\u2028x = 1', 'mirror.ini:2: prerelease', ''],
  ])('%s', (_, content, message, hint) => {
    const found = refusal(content);
    expect(found.code).toBe('E_CONFIG');
    expect(found.message).toContain(message);
    expect(found.hint).toContain(hint);
  });

  test("a parser's own code becomes E_CONFIG, its hint is kept, its defect is not hidden", () => {
    const with_ = (parse: () => never) => () => readIni('[a]\nb = 1', 'x.ini', { a: { b: parse } });
    const refuse = with_(() => fail('E_PATH', 'no path', { hint: 'do this' }));
    expect(refuse).toThrow(expect.objectContaining({ code: 'E_CONFIG', hint: 'do this' }));
    expect(refuse).toThrow('x.ini:2: b in [a]: no path');
    const broken = with_(() => {
      throw new TypeError('a defect');
    });
    expect(broken).toThrow(TypeError);
  });

  test('a line of more than 16 KiB, and a file of more than 1 MiB', async () => {
    await expect(() => read(`[ledger]\nbranch = ${'x'.repeat(16 * 1024)}`)).toFailWith('E_CONFIG');
    expect(read(`[ledger]\nbranch = ${'x'.repeat(16 * 1000)}`).values.ledger.branch).toHaveLength(16_000);
    await expect(() => read(`;${'x'.repeat(INI_LENGTH)}`)).toFailWith('E_CONFIG');
  });
});

test('any text is read or refused as E_CONFIG, and fast', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('[ledger]', '[store]', 'branch = a', 'url = "x', "url = '", '[', ']', 'url=\\', 'public-url[]=1;2'),
  );
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('\n', '\r\n', '\r', ''), (lines, end) => {
      try {
        read(lines.join(end));
      } catch (error) {
        expect(error).toBeInstanceOf(PullthroughError);
        expect(error).toMatchObject({ code: 'E_CONFIG' });
      }
    }),
    { numRuns: 500 },
  );
  // What is quadratic would take minutes for one of these.
  const rows = 'branch = a\\;b\n'.repeat(1000);
  for (const unit of [rows, '\\', 'a', ' ', ';', '"', '[', '=', '\\;', '[ledger]\n', '\r']) {
    const content = `[ledger]\nbranch = x${unit.repeat(INI_LENGTH / unit.length - 20)}`;
    try {
      read(content);
    } catch (error) {
      expect(error).toMatchObject({ code: 'E_CONFIG' });
    }
  }
});
