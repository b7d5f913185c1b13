#!/bin/sh
# `sh scripts/trades-trial.sh --seed N --runs K --seconds S --kills K --clients C --faults PERCENT`: the trades service
# and its reference backend, killed again and again while clients have jobs processed, with faults between them
# (test/trades/trial).
set -eu
cd -- "$(dirname -- "$0")/.."
exec node_modules/.bin/node test/trades/trial/main.ts "$@"
