import { fromUtf8 } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';

/** The identity in an OpenID token, as Fulcio will write it into a certificate. */
export interface TokenIdentity {
  readonly identity: string;
  readonly issuer: string;
}

const TOKEN_BYTES = 64 * 1024;
const GITHUB = 'https://token.actions.githubusercontent.com';

/**
 * Reads a token's claims without verifying it: it is this job's own, and Fulcio verifies it. A workflow is named by
 * `job_workflow_ref`, as the certificate names it. Throws `E_SIGNING`, which never contains any of the token.
 */
export function tokenIdentity(token: string): TokenIdentity {
  const claims = token.length > TOKEN_BYTES ? undefined : claimsOf(token.split('.')[1] ?? '');
  const text = (name: string): string | undefined => {
    const value = claims !== undefined && Object.hasOwn(claims, name) ? claims[name] : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const issuer = text('iss');
  const workflow = text('job_workflow_ref');
  const configuration = text('ci_config_ref_uri');
  const identity =
    issuer === GITHUB && workflow !== undefined
      ? `https://github.com/${workflow}`
      : configuration !== undefined
        ? `https://${configuration}`
        : claims?.['email_verified'] === true && text('email') !== undefined
          ? text('email')
          : text('sub');
  if (issuer === undefined || identity === undefined) {
    return fail('E_SIGNING', 'the OpenID token of this job cannot be read', {
      hint: 'take the token that the job was given',
    });
  }
  return { identity, issuer };
}

function claimsOf(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(fromUtf8(Buffer.from(part, 'base64url')) ?? '');
    return typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
