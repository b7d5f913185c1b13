#!/bin/sh
# `npm start`: sets up what is missing, then becomes the program (so that signals reach it). Never stays in between.
set -eu
cd -- "$(dirname -- "$0")/.."

# Only the service itself needs a broker of its own, and only where no other is named.
needs=broker
if [ -n "${NATS_URL:-}" ] || [ "${EMBEDDED_NATS:-auto}" = off ]; then needs=; fi
if [ "${1:-serve}" != serve ]; then needs=; fi

# No core file: it would hold messages in memory, refused ones included.
ulimit -c 0

# shellcheck disable=SC2086
sh scripts/setup.sh $needs
# Room for objects just made: V8 would take up to 100 MB for it in each thread.
exec node_modules/.bin/node --max-semi-space-size=8 src/main.ts "$@"
