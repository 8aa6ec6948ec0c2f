import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { digestFile } from '../../../consumer/site/machine/digest-files.ts';
import { sha256Hex, utf8 } from '../../../ledger-schema/index.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { NOW, temporaryFolder } from '../../kit/readers.ts';
import { TestSite } from '../../kit/worlds/site-world.ts';

let ledger: TestLedger;
let site: TestSite;
let again: () => Promise<void>;
const TOOL = 'tools/github.com/acme/tool';

beforeAll(async () => {
  ledger = await TestLedger.create();
  const { ada, grace } = ledger.people;
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: { tool: 'one' }, acks: [ada, grace] });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v2.0.0', assets: { tool: 'two' }, acks: [] });
  await ledger.addRecord({ repository: 'acme/tool', tag: 'v0.9.0', assets: { tool: 'nine' }, nacks: [grace] });
  await ledger.addRecord({ source: 'ghe.acme.example', repository: 'team/inner', tag: 'v1', assets: { ghe: 'ghe' } });
  await ledger.commit({ message: 'Nack acme/tool v0.9.0\n\nit mines <coins>\n' });
  again = await ledger.keep();
});

beforeEach(async () => {
  await again();
  site = await TestSite.of(ledger, 'read');
});

describe('the pages', () => {
  test('list tools with their newest acknowledged release, when, and by whom', async () => {
    await site.make();
    const page = await site.read('index.html');
    expect(page).toContain(`<a href="${TOOL}/index.html">acme/tool</a>`);
    expect(page).toContain(`<a href="${TOOL}/releases/v1.0.0.html">v1.0.0</a>`);
    expect(page).toContain('<time datetime="2025-01-01T00:00:00Z">1 Jan 2025</time>');
    expect(page).toContain('ada and grace');
    expect(page).toContain('ghe.acme.example/team/inner');
    expect(page).toContain(await ledger.head());
  });

  test('say of a tool what is acknowledged, withdrawn and why, waiting, and proposed', async () => {
    await ledger.commit({ branch: 'pullthrough/github.com/acme/tool/v3.0.0' });
    await ledger.commit({ branch: 'pullthrough/github.com/acme/new/v1' });
    await site.make();
    const page = await site.read(`${TOOL}/index.html`);
    expect(page).toMatch(/v1\.0\.0<[^]*?Acknowledged</);
    expect(page).toMatch(/v0\.9\.0<[^]*?Withdrawn<[^]*?it mines &lt;coins&gt;/);
    expect(page).toMatch(/v2\.0\.0<[^]*?Waiting for acks<[^]*?one more ack needed, from ada or grace/);
    expect(page).toMatch(/v3\.0\.0<[^]*?Proposed</);
    expect(await site.read('tools/github.com/acme/new/index.html')).toMatch(/v1<[^]*?Proposed</);
  });

  test('show a release with its files, people and the lines to copy; a withdrawn one without lines', async () => {
    await site.make();
    const page = await site.read(`${TOOL}/releases/v1.0.0.html`);
    expect(page).toContain(ledger.people.ada.fingerprint);
    expect(page).toContain('pullthrough get acme/tool@v1.0.0 tool');
    const gone = await site.read(`${TOOL}/releases/v0.9.0.html`);
    expect(gone).toContain('these bytes must not be used');
    expect(gone).not.toContain('pullthrough get');
  });

  test('turn the pages of a tool with many releases', async () => {
    for (let i = 0; i < 60; i++) {
      await ledger.addRecord({ repository: 'acme/many', tag: `v1.${i}.0`, assets: { a: 'x' } });
    }
    await ledger.commit();
    await site.make();
    expect(await site.read('tools/github.com/acme/many/index.html')).toContain('page-2.html');
    expect(await site.read('tools/github.com/acme/many/page-2.html')).toContain('>v1.0.0<');
  });

  test('say that the policy has expired, and take up nothing new then', async () => {
    await site.make();
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v4.0.0', assets: { tool: 'four' } });
    await ledger.commit();
    await site.make({}, { now: new Date('2031-01-01T00:00:00Z') });
    const page = await site.read(`${TOOL}/index.html`);
    expect(page).toContain('The policy expired on 1 Jan 2030');
    expect(page).toMatch(/v1\.0\.0<[^]*?Acknowledged</);
    expect(page).toMatch(/v4\.0\.0<[^]*?Waiting for acks<[^]*?the policy has expired/);
    const fresh = await TestSite.of(ledger, 'read');
    await expect(fresh.make({}, { now: new Date('2031-01-01T00:00:00Z') })).toFailWith('E_POLICY_EXPIRED');
  });
});

describe('machine files', () => {
  test('hold acknowledged releases for Renovate with the digest of checklist.sha256', async () => {
    await site.make();
    expect(await site.json('renovate/acme/tool.json')).toMatchObject({
      releases: [
        {
          version: 'v1.0.0',
          releaseTimestamp: '2025-01-01T00:00:00Z',
          digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
        },
      ],
    });
    expect(await site.json('renovate/ghe.acme.example/team/inner.json')).toMatchObject({
      releases: [{ version: 'v1' }],
    });
  });

  test('feeds tell what was acknowledged, withdrawn, and what expires', async () => {
    const soon = new Date('2029-12-20T00:00:00Z');
    await site.make({ baseUrl: 'https://ledger.example/x' }, { now: soon });
    const feed = (await site.json('feed.json')) as {
      version: string;
      items: { title: string; url: string; tags: string[] }[];
    };
    expect(feed.version).toBe('https://jsonfeed.org/version/1.1');
    expect(feed.items.map(({ title }) => title)).toEqual([
      'expiring: policy 1',
      'acknowledged: team/inner v1',
      'withdrawn: acme/tool v0.9.0',
      'acknowledged: acme/tool v1.0.0',
    ]);
    expect(feed.items.at(2)?.url).toBe(`https://ledger.example/x/${TOOL}/releases/v0.9.0.html`);
    const atom = await site.read('feed.atom');
    expect(atom).toContain('<title>withdrawn: acme/tool v0.9.0</title>');
    expect(atom).toContain('it mines &lt;coins&gt;');
  });

  test('index.json says the ledger, the policy, and each tool', async () => {
    await site.make();
    expect(await site.json('index.json')).toMatchObject({
      format: 1,
      ledger: { commit: await ledger.head() },
      policy: { version: 1, sha256: ledger.pin(1) },
      head: null,
      tools: [
        { repository: 'team/inner', releases: 1 },
        { repository: 'acme/tool', releases: 3, newest: { tag: 'v1.0.0', by: ['ada', 'grace'] } },
      ],
    });
  });

  test('say by the digest of a file which releases list it, whatever became of them', async () => {
    await site.make();
    const pagesOf = async (body: string) => {
      const digest = sha256Hex(utf8(body));
      return ((await site.json(digestFile(digest))) as { files: Record<string, string[]> }).files[digest];
    };
    expect(await pagesOf('one')).toEqual([`${TOOL}/releases/v1.0.0`]);
    expect(await pagesOf('nine')).toEqual([`${TOOL}/releases/v0.9.0`]);
    expect(await pagesOf('ghe')).toEqual(['tools/ghe.acme.example/team/inner/releases/v1']);
    await ledger.addRecord({ repository: 'acme/other', tag: 'v3', assets: { again: 'one', 'again-2': 'one' } });
    await ledger.commit();
    await site.make();
    expect(await pagesOf('one')).toEqual(['tools/github.com/acme/other/releases/v3', `${TOOL}/releases/v1.0.0`]);
    const fresh = await TestSite.of(ledger, 'read');
    await fresh.make();
    const documents = async (of: TestSite) => [...(await of.files())].filter(([path]) => path.startsWith('files/'));
    expect(await documents(site)).toEqual(await documents(fresh));
  });

  test("a record's own files stand in one document, bytes as they are", async () => {
    await site.make();
    const record = (await site.json(`${TOOL}/releases/v1.0.0.json`)) as {
      path: string;
      files: Record<string, string>;
    };
    expect(record.path).toBe('packages/github.com/acme/tool/v1.0.0');
    for (const [name, text] of Object.entries(record.files)) {
      expect(Buffer.from(text)).toEqual(Buffer.from(ledger.files.get(`${record.path}/${name}`)!));
    }
    expect(Object.keys(record.files)).toHaveLength(5);
  });
});

describe('run again', () => {
  test('it writes nothing where nothing changed', async () => {
    await site.make();
    const before = await site.times();
    expect(await site.make()).toMatchObject({ written: 0, removed: 0 });
    const after = await site.times();
    expect(after).toEqual(before);
  });

  test('it writes what changed, and nothing of the other tools', async () => {
    await ledger.addRecord({ repository: 'acme/other', tag: 'v1', assets: { other: 'o' } });
    await ledger.commit();
    await site.make();
    const before = await site.times();
    await ledger.nack('packages/github.com/acme/tool/v1.0.0', ledger.people.ada);
    await ledger.commit({ message: 'Nack acme/tool v1.0.0\n\nstolen key' });
    await site.make();
    const after = await site.times();
    const changed = [...after.keys()].filter((path) => after.get(path) !== before.get(path)).sort();
    expect(changed).toEqual([
      '.pullthrough-site',
      'feed.atom',
      'feed.json',
      'index.html',
      'index.json',
      `${TOOL}/index.html`,
      `${TOOL}/releases/v1.0.0.html`,
      `${TOOL}/releases/v1.0.0.json`,
    ]);
    expect(await site.read(`${TOOL}/releases/v1.0.0.html`)).toContain('stolen key');
    // Nothing is acknowledged any more.
    await expect(site.read('renovate/acme/tool.json')).rejects.toThrow('ENOENT');
  });

  test('it judges everything by a new policy', async () => {
    await site.make();
    await ledger.addPolicy({ reviewers: { threshold: 2, holders: ['ada', 'grace'] } });
    await ledger.commit();
    await site.make();
    expect(await site.read('tools/ghe.acme.example/team/inner/index.html')).toMatch(/v1<[^]*?Waiting for acks</);
    expect(await site.read(`${TOOL}/index.html`)).toMatch(/v1\.0\.0<[^]*?Acknowledged</);
  });

  test('it removes what nobody writes any more, and leaves what it did not make', async () => {
    await ledger.commit({ branch: 'pullthrough/github.com/acme/new/v1' });
    await site.make();
    await writeFile(join(site.folder, 'CNAME'), 'ledger.example');
    await writeFile(join(site.folder, 'tools/github.com/acme/notes.txt'), 'mine');
    const { execFileSync } = await import('node:child_process');
    execFileSync('git', ['update-ref', '-d', 'refs/heads/pullthrough/github.com/acme/new/v1'], {
      cwd: ledger.directory,
    });
    expect(await site.make()).toMatchObject({ removed: 1 });
    const paths = [...(await site.files()).keys()];
    expect(paths.filter((path) => path.includes('new'))).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(['CNAME', 'tools/github.com/acme/notes.txt']));
  });
});

describe('the folder', () => {
  test('that is something else is refused, and left as it is', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'thesis.tex'), 'x');
    await expect(() => site.make({ site: folder })).toFailWith('E_EXISTS');
    expect(await readFile(join(folder, 'thesis.tex'), 'utf8')).toBe('x');
  });

  test('of another ledger is refused', async () => {
    const other = await TestLedger.create({ ledger: '0'.repeat(32) });
    await other.commit();
    await (await TestSite.of(other)).make({ site: site.folder });
    await expect(site.make()).toFailWith('E_EXISTS');
  });

  test.each(['tools', 'renovate/acme', `${TOOL}/releases`])(
    'whose %s is a link is not written through',
    async (link) => {
      const outside = await temporaryFolder();
      await site.make();
      await rm(join(site.folder, link), { recursive: true });
      await symlink(outside, join(site.folder, link));
      await ledger.addRecord({ repository: 'acme/tool', tag: 'v5.0.0', assets: { tool: 'five' } });
      await ledger.commit();
      await expect(site.make()).toFailWith('E_EXISTS');
      const { readdir } = await import('node:fs/promises');
      expect(await readdir(outside)).toEqual([]);
    },
  );

  test.each(['index.html', '.pullthrough-site.part', '.pullthrough-site.journal'])(
    'whose %s is a link keeps what that leads to',
    async (name) => {
      const outside = await temporaryFolder();
      const victim = join(outside, 'victim');
      await writeFile(victim, 'mine');
      await site.make();
      await rm(join(site.folder, name), { force: true });
      await symlink(victim, join(site.folder, name));
      await ledger.addRecord({ repository: 'acme/tool', tag: 'v5.0.0', assets: { tool: 'five' } });
      await ledger.commit();
      await site.make().catch(() => undefined);
      expect(await readFile(victim, 'utf8')).toBe('mine');
    },
  );

  test('keeps a file of somebody else that lies where a page would', async () => {
    await site.make();
    const path = join(site.folder, TOOL, 'releases/v5.0.0.html');
    await writeFile(path, 'mine');
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v5.0.0', assets: { tool: 'five' } });
    await ledger.commit();
    for (let i = 0; i < 2; i++) await expect(site.make()).toFailWith('E_EXISTS');
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  test.each(['null', '{"path":"packages/a/b/c"}', '{', '{"path":1,"releases":[null]}'])(
    'whose manifest has the line %s is refused, and left as it is',
    async (line) => {
      await site.make();
      const before = await site.files();
      const manifest = join(site.folder, '.pullthrough-site');
      const [head = ''] = (await readFile(manifest, 'utf8')).split('\n');
      await writeFile(manifest, `${head}\n${line}\n`);
      await expect(site.make()).toFailWith('E_EXISTS');
      const after = await site.files();
      expect([...after.keys()].filter((path) => !before.has(path))).toEqual([]);
    },
  );

  test('takes no path from a manifest that leads out of it', async () => {
    const victim = join(await temporaryFolder(), 'victim');
    await writeFile(victim, 'mine');
    await site.make();
    const manifest = join(site.folder, '.pullthrough-site');
    const [head = '', ...lines] = (await readFile(manifest, 'utf8')).split('\n');
    const evil = JSON.stringify({ ...(JSON.parse(head) as object), files: [`../../../../../../../../..${victim}`] });
    await writeFile(manifest, [evil, ...lines].join('\n'));
    await site.make().catch(() => undefined);
    expect(await readFile(victim, 'utf8')).toBe('mine');
  });
});

test('verifies the chain first: a ledger that is refused leaves no file', async () => {
  await expect(site.make({}, { pin: 'f'.repeat(64) })).toFailWith('E_PIN');
  await expect(site.make({}, { maxAge: 3_600_000, now: NOW })).toFailWith('E_STALE');
  await expect(site.files()).rejects.toThrow('ENOENT');
});

test('names that are hostile stay in their folder, their page and their link', async () => {
  const tags = [
    '../../../../etc/x',
    'a/b',
    '"><script>alert(1)</script>',
    'con',
    '%2e%2e',
    'ünï',
    'index.html',
    '-rf',
    'x'.repeat(250),
  ];
  for (const tag of tags) await ledger.addRecord({ repository: 'acme/tool', tag, assets: { 'a&b;c': 'x' } });
  await ledger.addRecord({ repository: `acme/${'r'.repeat(250)}`, tag: 'v1', assets: { a: 'x' } });
  await ledger.commit();
  await site.make();
  const files = await site.files();
  for (const path of files.keys()) expect(path).toMatch(/^[A-Za-z0-9._+@%~/-]+$/);
  for (const [path, text] of files) if (path.endsWith('.html')) expect(text).not.toContain('<script>alert');
  const page = files.get(`${TOOL}/index.html`) ?? '';
  const links = [...page.matchAll(/href="(releases\/|[^"]*\/releases\/[^"]*)"/g)].map(([, href]) => href ?? '');
  expect(links.length).toBeGreaterThanOrEqual(tags.length);
  for (const href of links) {
    const { pathname } = new URL(href, `https://x/${TOOL}/index.html`);
    expect([...files.keys()]).toContain(decodeURIComponent(pathname.slice(1)));
  }
});

test('the name of a proposal, which nobody reviewed, moves nothing of a tool that the ledger has', async () => {
  await site.make();
  const before = await site.files();
  await ledger.commit({ branch: 'pullthrough/github.com/ACME/tool/v9' });
  await ledger.commit({ branch: 'pullthrough/acme/tool/tool/v9' });
  await site.make();
  const after = [...(await site.files()).keys()];
  expect(after).toEqual(expect.arrayContaining([...before.keys()]));
  const added = after.filter((path) => !before.has(path));
  expect(added).toEqual(['tools/acme/tool/tool/index.html', expect.stringMatching(/^tools\/github\.com\/ACME\/tool~/)]);
});

test('records that differ in case alone have pages of their own', async () => {
  for (const tag of ['V1', 'v1']) await ledger.addRecord({ repository: 'acme/case', tag, assets: { a: tag } });
  for (const repository of ['acme/Twin', 'acme/twin'])
    await ledger.addRecord({ repository, tag: 'v1', assets: { a: repository } });
  await ledger.commit();
  await site.make();
  const folded = [...(await site.files()).keys()].map((path) => path.toLowerCase());
  expect(new Set(folded).size).toBe(folded.length);
});
