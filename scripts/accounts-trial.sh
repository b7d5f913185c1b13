#!/bin/sh
# `sh scripts/accounts-trial.sh --seed N --runs K --accounts A --hours H --seconds S --kills K --sessions kept|lost`: users register
# accounts at three local exchange servers, and service, enclave and backend are killed again and again
# (test/trades/accounts-trial). With `--sessions lost` credentials end with the enclave, and users register again.
set -eu
help() {
  cat <<'HELP'
Usage: sh scripts/accounts-trial.sh [options]

Users register accounts at three local exchange servers while service, enclave and backend are killed again and again;
then every hour's summary is compared with the fills.

  --seed N          the first seed; default 1
  --runs K          runs, with the seeds N, N+1, …; default 1
  --accounts A      accounts; default 100
  --hours H         hours of trading; default 6
  --seconds TIME    length of a run, such as 60s or 5m; a bare number is seconds; default 60
  --kills K         kills of each; default 3
  --sessions HOW    kept or lost: with lost, credentials end with the enclave, and users register again; default kept

Exit code: 0 no difference; 1 a run differs; 2 usage.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
exec node_modules/.bin/node test/trades/accounts-trial/main.ts "$@"
