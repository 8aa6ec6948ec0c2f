import { chmod, constants, copyFile, open } from 'node:fs/promises';

const BEGIN = Buffer.from('{\n  "mediaType": "application/vnd.dev.sigstore.trustedroot+json');

/**
 * A copy of a program that trusts a Sigstore of ours: the trusted_root.json of the public instance that it holds is replaced
 * by another of the same length. Such programs have no option for it, and signatures by the public instance can't be had here.
 */
export async function withTrustedRoot(program: string, copy: string, root: object): Promise<void> {
  await copyFile(program, copy, constants.COPYFILE_FICLONE);
  await chmod(copy, 0o755);
  const file = await open(copy, 'r+');
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(size);
    await file.read(bytes, 0, size, 0);
    let replaced = 0;
    for (let at = bytes.indexOf(BEGIN); at >= 0; at = bytes.indexOf(BEGIN, at + 1)) {
      const end = bytes.indexOf('\n}\n', at) + 3;
      const there = bytes.subarray(at, end);
      if (!there.includes('https://rekor.sigstore.dev')) continue;
      const ours = Buffer.from(JSON.stringify(root));
      if (ours.length > there.length) throw new Error(`the root is too long: ${ours.length} of ${there.length} bytes`);
      await file.write(Buffer.concat([ours, Buffer.alloc(there.length - ours.length, ' ')]), 0, there.length, at);
      replaced += 1;
    }
    if (replaced === 0) throw new Error(`${program} holds no trusted root of the public instance`);
  } finally {
    await file.close();
  }
}
