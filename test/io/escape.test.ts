import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { annotation, codeSpan, escapeLog, escapeTerminal, plainJson, safeJson } from '../../io/escape.ts';

describe('at a terminal', () => {
  test.each([
    ['an escape sequence', 'a\u001b[2Jb', 'a\\u{1b}[2Jb'],
    ['line ends and tabs', 'a\r\n\tb', 'a\\u{d}\\u{a}\\u{9}b'],
    ['C1: the one-byte CSI', 'a\u009b2Jb', 'a\\u{9b}2Jb'],
    ['delete', '\u007f', '\\u{7f}'],
    ['right-to-left override', 'gpj\u202eexe', 'gpj\\u{202e}exe'],
    ['isolates and marks', '\u2066\u200f\u061c', '\\u{2066}\\u{200f}\\u{61c}'],
    ['zero width', 'a\u200bb\u200dc\ufeff', 'a\\u{200b}b\\u{200d}c\\u{feff}'],
    ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
    ['fillers and blanks', '\u3164\u115f\u2800\u00a0\u3000', '\\u{3164}\\u{115f}\\u{2800}\\u{a0}\\u{3000}'],
    ['line separators', '\u2028\u2029\u0085', '\\u{2028}\\u{2029}\\u{85}'],
    ['a lone surrogate', '\ud800x', '\\u{d800}x'],
    ['private use', '\ue000', '\\u{e000}'],
    ['what can be seen stays', 'jq-1.7.1 größe 日本語 😀 é', 'jq-1.7.1 größe 日本語 😀 é'],
  ])('%s', (_, text, shown) => {
    expect(escapeTerminal(text)).toBe(shown);
  });

  test('whatever comes in, nothing that acts comes out', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeTerminal(text)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe('in GitHub Actions', () => {
  test.each([
    ['::error::x', '\\u{3a}:error\\u{3a}:x'],
    ['  ::stop-commands::x', '  \\u{3a}:stop-commands\\u{3a}:x'],
    [':::', '\\u{3a}\\u{3a}:'],
    ['x ##[add-mask]y', 'x #\\u{23}[add-mask]y'],
    ['###[x', '##\\u{23}[x'],
    ['a\n::error::x', 'a\\u{a}\\u{3a}:error\\u{3a}:x'],
    ['https://x:1/a#b', 'https://x:1/a#b'],
  ])('%j is not a command', (text, shown) => {
    expect(escapeLog(text)).toBe(shown);
    expect(escapeLog(text)).not.toMatch(/::|##\[/);
  });

  test('an annotation holds its message and its title', () => {
    expect(annotation('error', 'a 50% loss\n::set-output::x', 'x,file=y::z: 1%')).toBe(
      '::error title=x%2Cfile=y%3A%3Az%3A 1%25::a 50%25 loss%0A  ::set-output::x',
    );
    expect(annotation('warning', 'plain')).toBe('::warning::plain');
  });
});

describe('in Markdown', () => {
  test.each([
    ['plain', '`plain`'],
    ['a`b', '``a`b``'],
    ['``', '``` `` ```'],
    ['`', '`` ` ``'],
    [' x ', '`  x  `'],
    ['a|b\\|c', '`a\\u{7c}b\\\\u{7c}c`'],
    ['a\nb', '`a\\u{a}b`'],
    ['@team #1 <!-- x -->', '`@team #1 <!-- x -->`'],
    ['', '` `'],
  ])('%j', (text, span) => {
    expect(codeSpan(text)).toBe(span);
  });

  test('no run of backticks inside closes the span', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', 'a', ' ', '|', '\\', '\n') }), (text) => {
        const span = codeSpan(text);
        const fence = /^`+/.exec(span)?.[0] ?? '';
        const inner = span.slice(fence.length, -fence.length);
        expect(span.endsWith(fence)).toBe(true);
        expect(inner).not.toMatch(/^`|`$|[|\n]/);
        for (const [run] of inner.matchAll(/`+/g)) expect(run.length).toBeLessThan(fence.length);
      }),
    );
  });
});

test('JSON for a log means the same value and holds nothing that acts', () => {
  expect(safeJson({ a: '::x ##[y \u202e\u009b😀' })).toBe('{\n  "a": "\\u003a:x #\\u0023[y \\u202e\\u009b😀"\n}');
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = safeJson(value);
      expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(value));
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]|::|##\[/u);
    }),
  );
});

test('JSON for a client is one line that means the same value and holds nothing that acts', () => {
  expect(plainJson({ a: 'x\u202e\u009b\u007f😀' })).toBe('{"a":"x\\u202e\\u009b\\u007f😀"}');
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = plainJson(value);
      expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(value));
      expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});
