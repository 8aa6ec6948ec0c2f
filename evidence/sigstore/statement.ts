import { z } from 'zod';
import { brief } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { parseHostileJson } from '../bounds.ts';

/** The one payload type that is read. */
export const IN_TOTO = 'application/vnd.in-toto+json';

const STATEMENT_TYPES = new Set(['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1']);

const schema = z.object({
  _type: z.string(),
  predicateType: z.string().regex(/^[\x21-\x7e]{1,512}$/),
  subject: z
    .array(
      z.object({
        name: z.string().optional(),
        uri: z.string().optional(),
        digest: z.record(z.string(), z.string()).optional(),
      }),
    )
    .min(1),
  predicate: z.unknown(),
});

/** One thing that a statement is about. Digests in lower-case hex, by their algorithm. */
export interface StatementSubject {
  readonly name: string | undefined;
  readonly uri: string | undefined;
  readonly digest: ReadonlyMap<string, string>;
}

/** An in-toto statement, read; https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export interface Statement {
  readonly predicateType: string;
  readonly predicate: unknown;
  readonly subjects: readonly StatementSubject[];
}

/** Reads the payload of a signed envelope. Throws `E_EVIDENCE`. */
export function parseStatement(payloadType: string, payload: Uint8Array): Statement {
  if (payloadType !== IN_TOTO) fail('E_EVIDENCE', `the bundle signs ${brief(payloadType)}, not an in-toto statement`);
  const parsed = schema.safeParse(parseHostileJson(payload, 'the in-toto statement'));
  if (!parsed.success || !STATEMENT_TYPES.has(parsed.data._type)) {
    fail('E_EVIDENCE', 'the bundle does not hold an in-toto statement', { cause: parsed.error });
  }
  const { predicateType, predicate, subject } = parsed.data;
  const subjects = subject.map(({ name, uri, digest = {} }): StatementSubject => {
    const pairs = Object.entries(digest).map(([key, hex]) => [key.toLowerCase(), hex.toLowerCase()] as const);
    const digests = new Map(pairs);
    // Which of them counts is another thing to each program.
    if (digests.size !== pairs.length) fail('E_EVIDENCE', 'the in-toto statement has two digests of one algorithm');
    return { name, uri, digest: digests };
  });
  return { predicateType, predicate, subjects };
}
