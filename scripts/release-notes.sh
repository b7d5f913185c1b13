#!/bin/sh
# release-notes.sh TAG: prints the part of CHANGELOG.md about the version of a tag vX.Y.Z. Ends with 1 unless the tag,
# package.json and a dated heading of CHANGELOG.md name the same version. Changes nothing.
set -eu
help() {
  cat <<'HELP'
Usage: sh scripts/release-notes.sh vX.Y.Z

Prints the part of CHANGELOG.md about the version of a tag. It changes nothing.

Exit code: 0 printed; 1 the tag, package.json and a dated heading of CHANGELOG.md do not name the same version.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."

tag=${1:?usage: release-notes.sh vX.Y.Z}
version=${tag#v}
stated=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
if [ "v$stated" != "$tag" ]; then
  echo "The tag is $tag, and package.json has the version $stated: correct one of them." >&2
  exit 1
fi
notes=$(awk -v heading="## $version - " '
  /^## / { isWanted = index($0, heading) == 1 && substr($0, length(heading) + 1) ~ /^20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]$/; next }
  isWanted' CHANGELOG.md)
if [ -z "$notes" ]; then
  echo "CHANGELOG.md has no part \"## $version - YYYY-MM-DD\": rename the part Unreleased, with the date of today." >&2
  exit 1
fi
printf '%s\n' "$notes"
