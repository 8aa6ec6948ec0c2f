import { z } from 'zod';
import { compareBytes, isSortedUnique } from './bytes.ts';
import { PullthroughError, fail } from './error.ts';
import { checkEvidence, evidenceSchema, orderedEvidence } from './evidence.ts';
import type { EvidenceEntry } from './evidence.ts';
import { ledgerId } from './fields.ts';
import { canonicalJson, parseCanonical } from './json.ts';
import type { CanonicalForm } from './json.ts';
import { checkAssetNames, recordPath } from './names/path.ts';

const size = z.int().min(0).describe('bytes, from 0 to 2^53 - 1');

/** @internal The published JSON Schema is made from it. */
export const checklistSchema = z.strictObject({
  format: z.literal(1),
  ledger: ledgerId.describe("the trust policies' own"),
  source: z.string().min(1).max(253).describe("the forge's host name, lower-case"),
  repository: z.string().min(3).max(511).describe("owner/repo, as in the record's path"),
  repositoryId: z.int().min(1).describe("the forge's own number of the repository"),
  tag: z.string().min(1).max(255),
  commit: z
    .string()
    .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
    .describe('what the tag points to, peeled to a commit'),
  assets: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(255),
        size,
        url: z
          .string()
          .max(4096)
          .regex(/^https:\/\/[\x21-\x7e]+$/)
          .optional()
          .describe('where the file lies, when it is not in the release'),
      }),
    )
    .min(1)
    .describe("sorted by the bytes of the assets' names, without duplicates"),
  evidence: evidenceSchema.optional(),
});

/** checklist.json: which release, which files; ledger-format.md, "checklist.json". Sizes are bytes. */
export interface Checklist {
  readonly format: 1;
  /** The id of the ledger that it is signed for. */
  readonly ledger: string;
  /** The forge's host name, lower-case. */
  readonly source: string;
  /** `owner/repo`. */
  readonly repository: string;
  readonly repositoryId: number;
  readonly tag: string;
  readonly commit: string;
  /** Sorted by the bytes of their names. */
  readonly assets: readonly ChecklistAsset[];
  readonly evidence?: readonly EvidenceEntry[] | undefined;
}

export interface ChecklistAsset {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Where it is, when that is not in the release. */
  readonly url?: string | undefined;
}

/** The most bytes of checklist.json and checklist.sha256: thousands of assets with the longest names. */
export const CHECKLIST_BYTES = 4 * 1024 * 1024;

const form: CanonicalForm<Checklist> = {
  schema: checklistSchema,
  code: 'E_CHECKLIST',
  what: 'checklist.json',
  limit: CHECKLIST_BYTES,
  ordered: (c) => ({
    format: c.format,
    ledger: c.ledger,
    source: c.source,
    repository: c.repository,
    repositoryId: c.repositoryId,
    tag: c.tag,
    commit: c.commit,
    assets: c.assets.map(({ name, size, url }) => (url === undefined ? { name, size } : { name, size, url })),
    ...(c.evidence === undefined ? {} : { evidence: c.evidence.map(orderedEvidence) }),
  }),
};

function checkRules(checklist: Checklist): void {
  try {
    recordPath(checklist);
  } catch (cause) {
    const message = cause instanceof PullthroughError ? cause.message : 'unknown';
    fail('E_CHECKLIST', `checklist.json names no record: ${message}`, { cause });
  }
  const names = checklist.assets.map((asset) => asset.name);
  checkAssetNames(names);
  if (!isSortedUnique(names)) fail('E_CHECKLIST', "checklist.json's assets are not sorted by name");
  for (const { name, url } of checklist.assets) {
    if (url !== undefined && !isPlainHttps(url)) {
      fail('E_CHECKLIST', `checklist.json's url of ${name} is not a plain https URL`);
    }
  }
  if (checklist.evidence !== undefined) checkEvidence(checklist.evidence);
}

function isPlainHttps(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' && url.username === '' && url.password === '';
}

/** Reads checklist.json. Throws `E_CHECKLIST`, `E_ASSET_NAME`, `E_COLLISION`, `E_TOO_LARGE`. */
export function parseChecklist(bytes: Uint8Array): Checklist {
  const checklist = parseCanonical(bytes, form);
  checkRules(checklist);
  return checklist;
}

/** Writes checklist.json with its assets and evidence sorted. Throws as {@link parseChecklist} does. */
export function encodeChecklist(checklist: Checklist): Uint8Array {
  const assets = [...checklist.assets].sort((a, b) => compareBytes(a.name, b.name));
  const evidence = checklist.evidence?.slice().sort((a, b) => compareBytes(a.sha256, b.sha256));
  const bytes = canonicalJson(form.ordered({ ...checklist, assets, evidence }));
  parseChecklist(bytes);
  return bytes;
}
