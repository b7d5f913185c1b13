#!/bin/sh
# `sh scripts/trades-trial.sh --seed N --runs K --seconds S --kills K --clients C --faults PERCENT`: the trades service
# and its reference backend, killed again and again while clients have jobs processed, with faults between them
# (test/trades/trial).
set -eu
help() {
  cat <<'HELP'
Usage: sh scripts/trades-trial.sh [options]

Kills the trades service and its reference backend while clients have jobs processed, and compares what the backend
ingested with what was promised.

  --seed N          the first seed; default 1
  --runs K          runs, with the seeds N, N+1, …; default 1
  --seconds TIME    length of a run, such as 5s or 2m; a bare number is seconds; default 5
  --kills K         kills of each; default 2
  --clients C       clients; default 6
  --faults PERCENT  share of requests with a fault; default 15

Exit code: 0 no difference; 1 a run differs; 2 usage.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
exec node_modules/.bin/node test/trades/trial/main.ts "$@"
