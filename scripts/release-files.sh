#!/usr/bin/env bash
# Makes the files of a release in a folder: the npm package, the bundle, and their checksums. The same sources and packages
# give the same bytes.
#   scripts/release-files.sh FOLDER     after npm ci; prints the version
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$root"

# npm's provenance holds the repository that the workflow runs in, and the registry refuses a package that names another.
node --input-type=module -e '
  import { readFileSync } from "node:fs";
  const { version, repository } = JSON.parse(readFileSync("package.json", "utf8"));
  const here = process.env.GITHUB_REPOSITORY;
  const named = typeof repository === "string" ? repository : (repository?.url ?? "");
  if (here && !named.replace(/\.git$/, "").endsWith(here)) {
    console.error(`package.json names no repository, or another than ${here}: npm pkg set "repository=github:${here}"`);
    process.exit(2);
  }
  console.log(version);
'
version=$(node --print 'JSON.parse(fs.readFileSync("package.json", "utf8")).version')

folder=$(mktemp -d)
trap 'rm -rf "$folder" "$root/bundle/release.json"' EXIT
rm -f bundle/release.json
cp -R bundle "$folder/pullthrough-$version"
chmod -R u=rwX,go=rX "$folder"
tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --directory "$folder" "pullthrough-$version" |
  gzip --no-name --best > "$out/pullthrough-$version-bundle.tar.gz"
# What `init` and `ledger init` of this package write into workflows: the archive of the same release, by its digest.
if [ -n "${GITHUB_REPOSITORY:-}" ]; then
  digest=$(sha256sum "$out/pullthrough-$version-bundle.tar.gz" | cut -d ' ' -f 1)
  server=${GITHUB_SERVER_URL:-https://github.com}
  printf '{ "url": "%s/%s/releases/download/v%s/pullthrough-%s-bundle.tar.gz", "sha256": "%s" }\n' \
    "$server" "$GITHUB_REPOSITORY" "$version" "$version" "$digest" > bundle/release.json
fi
npm pack --silent --ignore-scripts --pack-destination "$out" > /dev/null
cd "$out"
sha256sum "pullthrough-$version.tgz" "pullthrough-$version-bundle.tar.gz" > checksums.sha256
