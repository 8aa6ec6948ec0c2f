#!/usr/bin/env bash
# Makes the commit of a release and its tag: HEAD, and the bundle that the action runs. HEAD and its branch stay.
#   scripts/release-commit.sh TAG BUNDLE.tar.gz
set -euo pipefail
tag=$1
bundle=$(realpath "$2")
cd "$(dirname "$0")/.."
export GIT_AUTHOR_NAME=pullthrough GIT_AUTHOR_EMAIL=pullthrough@localhost
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_INDEX_FILE="$work/index"
mkdir "$work/tree" "$work/tree/bundle"
tar --extract --gzip --file "$bundle" --directory "$work/tree/bundle" --strip-components=1
git read-tree HEAD
# The bundle is ignored on main.
git --work-tree="$work/tree" add --force bundle
commit=$(git commit-tree "$(git write-tree)" -p HEAD -m "release: $tag, with the bundle that the action runs")
git tag "$tag" "$commit"
