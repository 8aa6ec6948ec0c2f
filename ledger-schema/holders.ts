/** The people behind signatures, each once, by name. */
export function holdersOf(signed: readonly { readonly holder: string }[]): string[] {
  return [...new Set(signed.map(({ holder }) => holder))].sort();
}
