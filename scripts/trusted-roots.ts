// Renews the trusted roots that the package carries, by TUF from the roots that are pinned: Sigstore's in @sigstore/tuf,
// GitHub's in a file, `gh` has it as pkg/cmd/attestation/verification/embed/tuf-repo.github.com/root.json.
//   node dist/scripts/trusted-roots.js --github-root FILE
// Look at the difference before committing it: a retired key says until when it was valid.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { initTUF } from '@sigstore/tuf';
import type { TUFOptions } from '@sigstore/tuf';

const { values } = parseArgs({ options: { 'github-root': { type: 'string' } } });
const githubRoot = values['github-root'];
if (githubRoot === undefined) throw new Error('name the pinned root.json of tuf-repo.github.com with --github-root');

/** The target as TUF distributes it today. */
async function trustedRoot(options: TUFOptions): Promise<string> {
  const cachePath = mkdtempSync(join(tmpdir(), 'pullthrough-tuf-'));
  try {
    const tuf = await initTUF({ ...options, cachePath, forceInit: true, retry: 3, timeout: 30_000 });
    return JSON.stringify(JSON.parse(await tuf.getTarget('trusted_root.json')), null, 1);
  } finally {
    rmSync(cachePath, { recursive: true, force: true });
  }
}

const ROOTS = [
  { file: 'public-good', constant: 'PUBLIC_GOOD', of: "The public-good instance's", options: {} },
  {
    file: 'github',
    constant: 'GITHUB',
    of: "GitHub's own",
    options: { mirrorURL: 'https://tuf-repo.github.com', rootPath: githubRoot },
  },
];

for (const { file, constant, of, options } of ROOTS) {
  const host = new URL(options.mirrorURL ?? 'https://tuf-repo-cdn.sigstore.dev').host;
  const json = await trustedRoot(options);
  if (/[`\\]|\$\{/.test(json)) throw new Error(`${host} distributes what does not fit into a template`);
  const comment = `/** ${of} trusted root, as ${host} distributes it; scripts/trusted-roots.ts renews it. */`;
  writeFileSync(join('evidence', 'roots', `${file}.ts`), `${comment}\nexport const ${constant} = \`${json}\`;\n`);
  console.log(`evidence/roots/${file}.ts`);
}
