#!/bin/sh
# `npm run bench [-- name …]`: sets up what is missing, then measures on this machine.
set -eu
help() {
  cat <<'HELP'
Usage: npm run bench -- [NAME …] [--quick] [--json]

Measures on this machine and prints ratios taken in one run. Without a name it takes all measurements of the first list,
five rounds each, which takes about an hour.

  NAME      one or several of these:
            ingest plain catch-up memory growth tick size splitter loop nodes connections latency api questions proofs
            mining-info mining-latency mining-block mining-connections mining-store trades-acks trades-memory
            trades-jobs fold accounts agent-read
            and these longer studies, which are run only by name:
            pages retention flood backlog soak million
  --quick   one round of each, for a look; not to be quoted
  --json    print one JSON object

Exit code: 0 measured; 1 a measurement failed; 2 usage.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
sh scripts/setup.sh broker
. scripts/tools.sh
. scripts/nats-server.sh
NATS_SERVER_BIN=$(find_nats_server)
export NATS_SERVER_BIN
exec node_modules/.bin/node bench/main.ts "$@"
