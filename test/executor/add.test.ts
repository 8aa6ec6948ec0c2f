import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addTool } from '../../executor/add/add.ts';
import { toolIniText } from '../../executor/add/tool-text.ts';
import { parseToolDefinition } from '../../upstream/tool-definition.ts';
import { asset, release } from '../kit/releases.ts';
import { actions, memoryWorld } from '../kit/worlds/executor-world.ts';

const text = (changes: Parameters<typeof release>[1], tags = ['v1.0.0']) =>
  toolIniText({ name: 'github.com/o/r', release: release('v1.0.0', changes), tags });

describe('a new tool.ini', () => {
  it('requires what the newest release has, and selects the latest', () => {
    expect(parseToolDefinition(text({}), 'tool.ini')).toMatchObject({
      select: { kind: 'latest' },
      prerelease: false,
      evidence: [{ kind: 'github-digest' }],
    });
    // Upstream may still be uploading: a record would be partial for good.
    expect(text({})).toContain('\nmin-age = 1d\n');
    const old = parseToolDefinition(text({ assets: [asset('a', { sha256: undefined })] }), 'tool.ini');
    expect(old.evidence).toEqual([]);
  });

  const offered = (...names: string[]): string[] =>
    [...text({ assets: names.map((name) => asset(name)) }).matchAll(/^; require\[\] = checksums:(.*)$/gm)].map(
      ([, glob]) => glob ?? '',
    );

  it('says what a person has to decide', () => {
    expect(text({ assets: [asset('t'), asset('t_1.0.0_checksums.txt')] })).toContain(
      '; require[] = checksums:t_*_checksums.txt',
    );
    expect(offered('t', 'checksums.txt', 'checksums.txt.pem', 'checksums.txt.sig', 'checksums.txt.asc')).toEqual([
      'checksums.txt',
    ]);
    expect(offered('a.tgz', 'a.tgz.sha256', 'b.tgz', 'b.tgz.sha256', 'b.tgz.sha256.asc')).toEqual(['*.sha256']);
    expect(offered('a-1.0.0.tgz', 'a-1.0.0.sha256', 'b-1.0.0.zip', 'b-1.0.0.sha256')).toEqual(['*.sha256']);
    expect(offered('a', 'a-sha256.txt', 'SHASUMS256.txt', 'MD5SUMS', 'a.sha1')).toEqual([
      '*-sha256.txt',
      'SHASUMS256.txt',
    ]);
    expect(offered('a', 'checksums.txt', 'checksums.txt.sha256')).toEqual(['checksums.txt']);
    expect(text({ assets: [asset('t.tgz.asc')] })).toContain('; url[] = https://');
    expect(text({}, ['cli/v1.0.0', 'sdk/v2.0.0'])).toContain('; tag-prefix = cli/\n; tag-prefix = sdk/');
    expect(parseToolDefinition(text({ prerelease: true }), 'tool.ini').prerelease).toBe(true);
  });

  it('leaves out names that no record can hold, and is never broken by what upstream calls things', () => {
    const evil = ['a b', 'x;y#z', '"q\'', '\u202e', '../x', 'n\n[assets]\nurl[] = https://evil.example/x', '\\'];
    const made = toolIniText({
      name: 'github.com/o/r',
      release: release('v1\n[assets]\nexclude[] = *', { assets: evil.map((name) => asset(name)) }),
      tags: ['x\n[source]\ntoken-from = HOME1', 'y1'],
    });
    const definition = parseToolDefinition(made, 'tool.ini');
    expect(definition).toMatchObject({ urls: [], include: [], tokenFrom: undefined });
    expect(definition.exclude).toContain('a?b');
    expect(definition.exclude).not.toContain('*');
    expect(made).not.toContain('\u202e');
  });
});

describe('add', () => {
  it('writes a tool.ini that mirrors, under the name that upstream spells', async () => {
    const made = await memoryWorld();
    const repository = made.github.addRepository('Acme/Tool');
    const publishedAt = new Date(made.now.getTime() - 3 * 86_400_000);
    await repository.addRelease({ tag: 'v1.0.0', publishedAt, assets: [{ name: 'a', content: 'a' }] });
    const added = await made.run((context) => addTool(context, 'acme/TOOL'));
    const file = 'packages/github.com/Acme/Tool/tool.ini';
    expect(added).toMatchObject({ tool: 'Acme/Tool', file, tag: 'v1.0.0', files: 1 });
    expect(await readFile(join(made.folder, file), 'utf8')).toBe(added.text);
    await expect(made.run((context) => addTool(context, 'acme/tool'))).toFailWith('E_EXISTS');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 proposed']);
  });

  it('fails without a repository or a release, and refuses what is not a tool', async () => {
    const made = await memoryWorld();
    made.github.addRepository('acme/empty');
    const add = (name: string) => made.run((context) => addTool(context, name));
    await expect(add('acme/gone')).toFailWith('E_UPSTREAM_NOT_FOUND');
    await expect(add('acme/empty')).toFailWith('E_UPSTREAM_NOT_FOUND');
    for (const name of ['acme', 'a/b/c/d', '/x', 'ghe.example/a/b']) await expect(add(name)).toFailWith('E_USAGE');
  });
});
