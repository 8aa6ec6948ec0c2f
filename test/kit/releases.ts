import { createHash } from 'node:crypto';
import type { Asset, Release } from '../../github/types.ts';
import { parseToolDefinition } from '../../upstream/tool-definition.ts';
import type { ToolDefinition } from '../../upstream/tool-definition.ts';

/** The definition that a tool.ini of these lines gives. */
export function tool(...lines: string[]): ToolDefinition {
  return parseToolDefinition(lines.join('\n'), 'tool.ini');
}

export function digest(text: string, algorithm: 'sha256' | 'sha512' | 'md5' = 'sha256'): string {
  return createHash(algorithm).update(text).digest('hex');
}

let id = 0;

/** An asset as GitHub describes it, whose bytes are its name. */
export function asset(name: string, changes: Partial<Asset> = {}): Asset {
  id += 1;
  return {
    id,
    name,
    size: name.length,
    state: 'uploaded',
    sha256: digest(name),
    createdAt: new Date('2026-01-01T00:00:00Z'),
    updatedAt: new Date('2026-01-01T00:00:00Z'),
    uploader: 'octocat',
    apiUrl: `http://127.0.0.1/repos/o/r/releases/assets/${id}`,
    browserUrl: `http://127.0.0.1/o/r/releases/download/x/${encodeURIComponent(name)}`,
    ...changes,
  };
}

/** A published release. */
export function release(tag: string, changes: Partial<Release> = {}): Release {
  id += 1;
  return {
    id,
    tag,
    draft: false,
    prerelease: false,
    publishedAt: new Date('2026-01-01T00:00:00Z'),
    immutable: false,
    author: 'octocat',
    htmlUrl: `https://github.com/o/r/releases/tag/${tag}`,
    assets: [asset('a'), asset('b')],
    ...changes,
  };
}
