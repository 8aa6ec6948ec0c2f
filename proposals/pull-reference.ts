import type { PullRequest } from '../github/types.ts';

/** A pull request as results and messages name it. */
export interface PullReference {
  readonly number: number;
  readonly url: string;
}

export function referenceTo({ number, htmlUrl }: Pick<PullRequest, 'number' | 'htmlUrl'>): PullReference {
  return { number, url: htmlUrl };
}
