import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, inject, test, vi } from 'vitest';
import { runCli } from '../kit/worlds/cli-world.ts';
import { temporaryFolder } from '../kit/readers.ts';
import { WITHOUT_S3, newBucket, rawClient, removeBucket, s3Env, s3Server } from '../servers/s3.ts';

const SIZES = [0, 1, 40_000, 12_000_000];

/** A store in a folder with an object of each size. */
function filled(folder: string): string[] {
  return SIZES.map((size) => {
    const bytes = randomBytes(size);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = join(folder, 'sha256', sha256.slice(0, 2), sha256);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    return sha256;
  });
}

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /[0-9a-f]{64}$/.test(name))
    .sort();

test.skipIf(WITHOUT_S3)(
  'a store goes from a folder to S3 and back, byte for byte, and nothing damaged goes with it',
  async () => {
    const server = await s3Server(inject('runFolder'), inject('runOwner'));
    const raw = rawClient(server);
    const bucket = await newBucket(raw);
    const cwd = await temporaryFolder();
    // The SDK reads its keys from the environment of the process.
    for (const [name, value] of Object.entries(s3Env(server))) vi.stubEnv(name, value);
    const s3 = `s3://${bucket}/kept/here?endpoint=${server.endpoint}&region=us-east-1`;
    const copy = async (from: string, to: string) => {
      const { code, stdout } = await runCli(['store', 'copy', from, to, '--json'], { cwd, env: process.env });
      return { code, ...(JSON.parse(stdout) as object) };
    };
    try {
      const [, , damaged = ''] = filled(join(cwd, 'a'));
      expect(await copy('file:./a', s3)).toMatchObject({ code: 0, objects: SIZES.length, copied: SIZES.length });
      expect(await copy('./a', s3)).toMatchObject({ code: 0, copied: 0, present: SIZES.length });
      expect(await copy(s3, 'file:./b')).toMatchObject({ code: 0, copied: SIZES.length });
      expect(files(join(cwd, 'b'))).toEqual(files(join(cwd, 'a')));
      for (const name of files(join(cwd, 'a'))) {
        expect(readFileSync(join(cwd, 'b', name)).equals(readFileSync(join(cwd, 'a', name)))).toBe(true);
      }
      writeFileSync(join(cwd, 'a', 'sha256', damaged.slice(0, 2), damaged), randomBytes(40_000));
      expect(await copy('file:./a', 'file:./c')).toMatchObject({
        code: 3,
        copied: SIZES.length - 1,
        damaged: [{ sha256: damaged }],
      });
      expect(files(join(cwd, 'c'))).toHaveLength(SIZES.length - 1);
    } finally {
      vi.unstubAllEnvs();
      await removeBucket(raw, bucket);
    }
  },
);
