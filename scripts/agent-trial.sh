#!/bin/sh
# `sh scripts/agent-trial.sh --seed N --runs K --executions E --seconds S --kills K [--plant]`: two simulated nodes grow
# their files, and broker, aggregator and agents are killed again and again (test/agent/trial). With `--plant` one node
# keeps an execution back, which the comparison must find.
set -eu
help() {
  cat <<'HELP'
Usage: sh scripts/agent-trial.sh [options]

Two simulated nodes grow their files while broker, aggregator and agents are killed again and again; then the counts are
compared with what the nodes did.

  --seed N          the first seed; default 1
  --runs K          runs, with the seeds N, N+1, …; default 1
  --executions E    executions of each node; default 300
  --seconds TIME    length of a run, such as 60s or 5m; a bare number is seconds; default 60
  --kills K         kills of each; default 10
  --plant           one node keeps an execution back, which the comparison must find

Exit code: 0 no difference; 1 a run differs; 2 usage.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
sh scripts/setup.sh broker
. scripts/tools.sh
. scripts/nats-server.sh
NATS_SERVER_BIN=$(find_nats_server)
export NATS_SERVER_BIN
exec node_modules/.bin/node test/agent/trial/main.ts "$@"
