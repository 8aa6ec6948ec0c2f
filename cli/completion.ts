export function completionScript(shell: string): string {
  return shell;
}
