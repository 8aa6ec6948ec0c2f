import { z } from 'zod';
import { fromUtf8 } from '../../ledger-schema/bytes.ts';
import { LIST_PREDICATE } from './statement.ts';
import { readEnvelope } from './signer.ts';

const evidence = z.array(z.strictObject({ kind: z.string(), detail: z.string().optional() }));
const entrySchema = z.strictObject({
  version: z.string(),
  tag: z.string(),
  published_at: z.string(),
  packslip: z.string(),
  status: z.literal('yanked').optional(),
  status_reason: z.string().optional(),
  evidence: evidence.optional(),
  extensions: z.strictObject({
    pullthrough: z.strictObject({ record: z.string(), checklist: z.string(), inputs: z.string() }),
  }),
});
const predicateSchema = z.object({
  sequence: z.int().nonnegative(),
  releases: z.array(z.unknown()),
  extensions: z.object({ pullthrough: z.object({ height: z.int().nonnegative().optional() }) }).optional(),
});
const listSchema = z.object({
  predicateType: z.literal(LIST_PREDICATE),
  subject: z.array(z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: z.string() }) })),
  // As it was written, in its own order: a list that says the same is not made again.
  predicate: z.custom<ListBefore['predicate']>((value) => predicateSchema.safeParse(value).success),
});

type Entry = z.infer<typeof entrySchema>;

/** A list that lies in the site's folder, read; who signed it is another question. */
export interface ListBefore {
  readonly predicate: z.infer<typeof predicateSchema>;
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
}

/** What an earlier list said about a release. */
export interface ListedBefore {
  readonly entry: Entry;
  /** Of the packslip. */
  readonly sha256: string;
  /** Where it lies in the site's folder. */
  readonly path: string;
  readonly inputs: string;
}

/** Undefined for anything but a list. */
export function readList(bundle: Uint8Array): ListBefore | undefined {
  const envelope = readEnvelope(bundle);
  if (envelope === undefined) return undefined;
  try {
    const parsed = listSchema.safeParse(JSON.parse(fromUtf8(envelope.payload) ?? ''));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The releases in one of our lists, by tag. */
export function entriesOf(list: ListBefore | undefined, baseUrl: string): ReadonlyMap<string, ListedBefore> {
  const digests = new Map(list?.subject.map(({ name, digest }) => [name, digest.sha256]));
  return new Map(
    (list?.predicate.releases ?? []).flatMap((release): [string, ListedBefore][] => {
      const parsed = entrySchema.safeParse(release);
      if (!parsed.success) return [];
      const { data: entry } = parsed;
      const [sha256, path] = [digests.get(entry.packslip), pathIn(entry.packslip, baseUrl)];
      if (sha256 === undefined || path === undefined) return [];
      return [[entry.tag, { entry, sha256, path, inputs: entry.extensions.pullthrough.inputs }]];
    }),
  );
}

/** The `packslip/…` part of one of our URLs. */
function pathIn(url: string, baseUrl: string): string | undefined {
  if (!url.startsWith(`${baseUrl}/packslip/`)) return undefined;
  try {
    const path = decodeURIComponent(url.slice(baseUrl.length + 1));
    return path.split('/').some((each) => each === '' || each === '.' || each === '..') ? undefined : path;
  } catch {
    return undefined;
  }
}
