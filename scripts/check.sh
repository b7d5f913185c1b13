#!/bin/sh
# `npm run check`: what a quick look finds: types, lint, format, import rules, and the tests of rules, which start no broker
# and no program. Arguments choose some of these parts. It stops at the first that fails. `npm test` begins with the first four.
set -eu
help() {
  cat <<'HELP'
Usage: npm run check -- [PART …]

The quick look before a commit, which stops at the first failure; about two minutes.

  PART   types, lint, format, imports or rules; default all five in this order
         rules are the tests that start no broker and no program

Exit code: 0 all is well; 1 something is wrong; 2 usage.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
sh scripts/setup.sh
. scripts/tools.sh
export PATH="$root/node_modules/.bin:$PATH"

stage() {
  say "== $*"
  "$@"
}

types() {
  mkdir -p .cache
  stage tsc --noEmit --incremental --tsBuildInfoFile .cache/types.tsbuildinfo
  stage tsc --noEmit -p tsconfig.page.json --incremental --tsBuildInfoFile .cache/page-types.tsbuildinfo
}

# A warning is a failure too.
lint() { stage oxlint --type-aware --deny-warnings; }

format() { stage biome format; }

imports() {
  mkdir -p .cache
  stage depcruise --config .dependency-cruiser.cjs src | tee .cache/depcruise.txt
  # Without a TypeScript that it can use it reads no file, finds no fault, and a pipe hides its exit code.
  if ! grep -q 'no dependency violations found ([1-9]' .cache/depcruise.txt; then complain 'depcruise failed.'; exit 1; fi
}

# vitest.config.ts says which they are. Commands and servers take too long for a quick look, and those of metrics need promtool.
rules() {
  stage vitest run --project rules --exclude '**/cli/**' --exclude '**/http/**' --exclude '**/metrics/*.test.ts'
}

[ "$#" -gt 0 ] || set -- types lint format imports rules
for part in "$@"; do
  case $part in
    types|lint|format|imports|rules) "$part" ;;
    *) complain "check.sh: $part is not one of: types, lint, format, imports, rules"; exit 2 ;;
  esac
done
