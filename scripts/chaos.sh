#!/bin/sh
# `npm run chaos -- --seed N --seconds S --runs K`: sets up what is missing, then torments the program (test/chaos).
set -eu
cd -- "$(dirname -- "$0")/.."
sh scripts/setup.sh broker
. scripts/tools.sh
. scripts/nats-server.sh
NATS_SERVER_BIN=$(find_nats_server)
export NATS_SERVER_BIN
exec node_modules/.bin/node test/federation/chaos/main.ts "$@"
