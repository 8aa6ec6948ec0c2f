import { PullthroughError } from '../../ledger-schema/error.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import type { Signer } from '../../ledger/signing/signer.ts';
import { gpgSigner } from '../../ledger/signing/signer.ts';
import { look, ok, skip, warn } from './check.ts';
import type { Check } from './check.ts';

const ROLES = { executors: 'executor', reviewers: 'reviewer', roots: 'root' } as const;

/** The key that the environment names; `open` reads it. Its secret is never shown. */
export async function checkKey(open: () => Promise<Signer | undefined>, trust: Trust | undefined): Promise<Check> {
  return look('key', async () => {
    const signer = await open();
    if (signer === undefined) return ok('key', 'PULLTHROUGH_SIGNING_KEY_FILE is not set; consumers need no key');
    const { fingerprint } = signer;
    await signer.close?.();
    return judgeKey('key', fingerprint, trust);
  });
}

/** The gpg key whose signature would count. Nothing is signed, and nobody is asked for a PIN. */
export async function checkGpgKey(trust: Trust, listed: readonly string[], env: NodeJS.ProcessEnv): Promise<Check> {
  try {
    const signer = await gpgSigner({ listed, env });
    return judgeKey('gpg key', signer.fingerprint, trust);
  } catch (error) {
    if (!(error instanceof PullthroughError)) throw error;
    if (error.code === 'E_NO_KEY') return skip('gpg key', 'gpg has none that the policy lists; consumers need none');
    return { name: 'gpg key', state: 'warn', message: `${error.message} [${error.code}]`, hint: error.hint };
  }
}

/** What a key may do in the newest policy. Pure. */
export function judgeKey(
  name: string,
  fingerprint: string,
  trust: Pick<Trust, 'holderOf' | 'version'> | undefined,
): Check {
  if (trust === undefined) return ok(name, `${fingerprint} can be used; the policy was not read`);
  const roles = (['executors', 'reviewers', 'roots'] as const).flatMap((role) => {
    const holder = trust.holderOf(role, fingerprint);
    return holder === undefined ? [] : [`${ROLES[role]} ${holder}`];
  });
  if (roles.length > 0) return ok(name, `${fingerprint} is of ${roles.join(', ')}`);
  return warn(
    name,
    `${fingerprint} is not in policy ${trust.version}`,
    "the ledger's root holders add it with pullthrough trust propose",
  );
}
