#!/bin/sh
# `sh scripts/agent-trial.sh --seed N --runs K --executions E --seconds S --kills K [--plant]`: two simulated nodes grow
# their files, and broker, aggregator and agents are killed again and again (test/agent/trial). With `--plant` one node
# keeps an execution back, which the comparison must find.
set -eu
cd -- "$(dirname -- "$0")/.."
sh scripts/setup.sh broker
. scripts/tools.sh
. scripts/nats-server.sh
NATS_SERVER_BIN=$(find_nats_server)
export NATS_SERVER_BIN
exec node_modules/.bin/node test/agent/trial/main.ts "$@"
