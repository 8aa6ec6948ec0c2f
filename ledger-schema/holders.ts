/** The people behind signatures, each once, by name. */
export function holdersOf(signed: readonly { readonly holder: string }[]): string[] {
  return [...new Set(signed.map(({ holder }) => holder))].sort();
}

interface Signature {
  readonly holder: string;
  readonly fingerprint: string;
}

/** The order in which people's signatures are shown: by name, then by key. */
export function byHolder(a: Signature, b: Signature): number {
  const [first, second] = [a, b].map(({ holder, fingerprint }) => `${holder} ${fingerprint}`) as [string, string];
  return first < second ? -1 : 1;
}
