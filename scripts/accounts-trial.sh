#!/bin/sh
# `sh scripts/accounts-trial.sh --seed N --runs K --accounts A --hours H --seconds S --kills K --sessions kept|lost`: users register
# accounts at three local exchange servers, and service, enclave and backend are killed again and again
# (test/trades/accounts-trial). With `--sessions lost` credentials end with the enclave, and users register again.
set -eu
cd -- "$(dirname -- "$0")/.."
exec node_modules/.bin/node test/trades/accounts-trial/main.ts "$@"
