#!/bin/sh
# `npm run build`: compiles into dist, and copies what the compiler leaves out. Through npm, which puts tsc into PATH.
set -eu
help() {
  cat <<'HELP'
Usage: npm run build [-- --clean]

Compiles the programs and the library into dist, with the files of their pages.

  --clean   remove dist before

Exit code: 0 built; 1 or 2 the compiler found a mistake, or wrong usage.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
case ${1:-} in
  '') ;;
  --clean) rm -rf dist ;;
  *) printf 'build.sh: %s is not --clean\n' "$1" >&2; exit 2 ;;
esac
tsc -p tsconfig.build.json
sh scripts/copy-pages.sh
