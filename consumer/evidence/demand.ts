import type { ConsumerOptions } from '../options.ts';
import type { VerifiedRelease } from '../release.ts';

/** What is asked of an acknowledged release beyond its acks; throws `E_EVIDENCE` where it isn't met. */
export type Demand = (release: VerifiedRelease) => Promise<void>;

/** What this consumer's `[evidence] require[]` asks of every release, verified from the stores alone; undefined: nothing. */
export function demandOf(options: ConsumerOptions): Demand | undefined {
  if ((options.evidence?.require ?? []).length === 0) return undefined;
  return async (release) => {
    const { verifyReleaseEvidence } = await import('./verify-release.ts');
    await verifyReleaseEvidence(options, release);
  };
}
