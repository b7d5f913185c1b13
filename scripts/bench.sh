#!/bin/sh
# `npm run bench [-- name …]`: sets up what is missing, then measures on this machine.
set -eu
cd -- "$(dirname -- "$0")/.."
sh scripts/setup.sh broker
. scripts/tools.sh
. scripts/nats-server.sh
NATS_SERVER_BIN=$(find_nats_server)
export NATS_SERVER_BIN
exec node_modules/.bin/node bench/main.ts "$@"
