#!/usr/bin/env bash
# Packs the package, installs the tarball in a clean folder without running any script and without asking any registry, and
# runs what it brought.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

tarball=$(cd "$root" && npm pack --silent --ignore-scripts --pack-destination "$folder")
cd "$folder"
npm init --yes > /dev/null
npm install --silent --offline --ignore-scripts --omit=dev "./$tarball"
npx --no-install pullthrough --version
npx --no-install pullthrough --help > /dev/null
node --input-type=module -e '
  import { encodeSegment } from "pullthrough/ledger-schema";
  import * as consumer from "pullthrough/consumer";
  if (encodeSegment("cli/v1") !== "cli%2Fv1" || Object.keys(consumer).length === 0) process.exit(1);
'
installed=$(du -sk node_modules | cut -f1)
others=$(find node_modules -mindepth 1 -maxdepth 1 -not -name '.*' -not -name pullthrough | wc -l)
echo "packed: $(du -k "$tarball" | cut -f1) KiB; installed: $installed KiB, $others other packages"
# 12 MB, as disks count it.
[ "$installed" -le 12000 ] && [ "$others" -eq 0 ]
