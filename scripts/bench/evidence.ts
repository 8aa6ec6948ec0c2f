// Verifying stored Sigstore bundles: milliseconds for one, cold and warm, and memory for the evidence of many records;
// beside cosign's verification of the same bundle where that program is in PATH; with --trusted-root it asks no host.
//   node dist/scripts/bench/evidence.js --bundle FILE --file FILE [--issuer URL] [--trusted-root FILE] [--records N]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { median } from './consumer-ledger.ts';

const { values } = parseArgs({
  options: {
    bundle: { type: 'string' },
    file: { type: 'string' },
    identity: { type: 'string' },
    issuer: { type: 'string' },
    records: { type: 'string' },
    'trusted-root': { type: 'string' },
  },
});
const { bundle: path, file, 'trusted-root': added } = values;
if (path === undefined) throw new Error('name a bundle by --bundle');
const bytes = readFileSync(path);
const count = Number(values.records ?? 1000);

const begun = performance.now();
const { loadRoots } = await import('../../evidence/roots.ts');
const { verifyBundle } = await import('../../evidence/sigstore/sigstore.ts');
const roots = loadRoots(added === undefined ? [] : [{ name: added, bytes: readFileSync(added) }]);
const { signer, root, statement } = verifyBundle(bytes, roots);
console.log(`${signer} under ${root}: cold ${(performance.now() - begun).toFixed(0)} ms, libraries and roots included`);

const warm: number[] = [];
const before = process.memoryUsage().rss;
const used = process.cpuUsage();
for (let i = 0; i < count; i++) {
  const start = performance.now();
  verifyBundle(bytes, roots);
  warm.push(performance.now() - start);
}
const { user, system } = process.cpuUsage(used);
const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
console.log(
  `warm ${median(warm).toFixed(2)} ms, the slowest of ${count} ${Math.max(...warm).toFixed(1)} ms; of processor time ` +
    `${((user + system) / 1000 / count).toFixed(2)} ms each; ${grown.toFixed(0)} MiB more`,
);

const { identity = signer, issuer } = values;
if (file !== undefined && issuer !== undefined) {
  const what = statement === undefined ? ['verify-blob'] : ['verify-blob-attestation', '--type', 'slsaprovenance1'];
  const from = added === undefined ? [] : ['--trusted-root', added];
  const by = ['--certificate-identity', identity, '--certificate-oidc-issuer', issuer];
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    const run = spawnSync('cosign', [...what, '--bundle', path, ...from, ...by, file]);
    if (run.error !== undefined) break;
    if (run.status !== 0) throw new Error(`cosign refuses it: ${run.stderr.toString()}`);
    times.push(performance.now() - start);
  }
  console.log(times.length === 0 ? 'cosign is not in PATH' : `cosign ${median(times).toFixed(0)} ms, a process each`);
}
