/** Where a file's name moves on from the program to its version, system or processor. */
const BEHIND =
  /[-_.](?:v?\d+(?:[._]\d+)+|v\d+|(?:linux|darwin|macos|osx|mac|apple|windows|win|freebsd|netbsd|openbsd|illumos|android|amd64|arm64|arm|armv\d\w*|aarch64|x86|x64|i[36]86|386|unknown|pc|static|musl|gnu)(?:[-_.\d].*)?$)/i;

/** What is typed to run a program, by its file's name: `jq` of `jq-linux-amd64`, `unused_deps` of `unused_deps-8.2.1-linux`. */
export function commandName(fileName: string): string {
  const bare = fileName.replace(/\.exe$/i, '');
  const at = bare.search(BEHIND);
  return at > 0 ? bare.slice(0, at) : bare;
}
