#!/bin/sh
# `npm start`: sets up what is missing, then becomes the program (so that signals reach it). Never stays in between.
set -eu
cd -- "$(dirname -- "$0")/.."

# No core file: it would hold messages in memory, refused ones included.
ulimit -c 0

sh scripts/setup.sh
. scripts/tools.sh
. scripts/nats-server.sh
# Only the service itself needs a broker of its own, and only where the settings, read as it reads them, name no other.
if [ "${1:-serve}" = serve ] && ! find_nats_server >/dev/null && node_modules/.bin/node scripts/wants-broker.ts; then
  sh scripts/setup.sh broker
fi
# Room for objects just made: V8 would take up to 100 MB for it in each thread.
exec node_modules/.bin/node --max-semi-space-size=8 src/main.ts "$@"
