#!/bin/sh
# `npm run chaos -- --seed N --seconds S --runs K`: sets up what is missing, then torments the program (test/federation/chaos).
# `--cluster` as the first word torments a cluster instead, on the newest nats-server that there is; `--cluster --simulate`
# torments a simulated one, without any broker.
set -eu
cd -- "$(dirname -- "$0")/.."
if [ "${1:-}" = --cluster ] && [ "${2:-}" = --simulate ]; then
  shift
  sh scripts/setup.sh
  . scripts/tools.sh
  exec node_modules/.bin/node test/federation/simulated-cluster/main.ts "$@"
fi
sh scripts/setup.sh broker
. scripts/tools.sh
. scripts/nats-server.sh
NATS_SERVER_BIN=$(find_nats_server)
export NATS_SERVER_BIN
if [ "${1:-}" = --cluster ]; then
  shift
  sh scripts/setup.sh test-tools
  . scripts/test-tools.sh
  NATS_SERVER_CURRENT_BIN=$(find_nats_server_current || true)
  export NATS_SERVER_CURRENT_BIN
  exec node_modules/.bin/node --max-old-space-size=8192 test/federation/chaos/cluster/main.ts "$@"
fi
exec node_modules/.bin/node test/federation/chaos/main.ts "$@"
