#!/bin/sh
# `sh scripts/mining-trial.sh --seed N --miners K --blocks B --block-seconds S --kills K --mode pool|wallet`: the mining
# program between simulated miners and a simulated upstream with every fault, killed again and again (test/mining/trial).
set -eu
cd -- "$(dirname -- "$0")/.."
exec node_modules/.bin/node test/mining/trial/main.ts "$@"
