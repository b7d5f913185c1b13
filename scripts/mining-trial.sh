#!/bin/sh
# `sh scripts/mining-trial.sh --seed N --miners K --blocks B --block-seconds S --kills K --mode pool|wallet`: the mining
# program between simulated miners and a simulated upstream with every fault, killed again and again (test/mining/trial).
set -eu
help() {
  cat <<'HELP'
Usage: sh scripts/mining-trial.sh [options]

Runs the mining program between simulated miners and a simulated upstream, kills it again and again, and compares what
arrived with what must have come.

  --seed N               the seed; default 1
  --miners K             miners; default 500
  --accounts A           accounts; default 12
  --nonces N             nonces of each plot; default 8
  --blocks B             blocks; default 26
  --block-seconds TIME   from block to block, such as 40s; a bare number is seconds; default 40
  --kills K              kills; default 10
  --mode MODE            pool or wallet; default pool
  --faults LIST          faults of the upstream; default all

Exit code: 0 no difference; 1 the run differs; 2 usage.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
exec node_modules/.bin/node test/mining/trial/main.ts "$@"
