#!/bin/sh
# `npm run chaos -- --seed N --seconds S --runs K`: sets up what is missing, then torments the program (test/federation/chaos).
# `--cluster` as the first word torments a cluster instead, on the newest nats-server that there is; `--cluster --simulate`
# torments a simulated one, without any broker.
set -eu
help() {
  cat <<'HELP'
Usage: npm run chaos -- [options]
       npm run chaos -- --cluster [options]
       npm run chaos -- --cluster --simulate [options]

Torments the real program with faults from a seed, and compares what it counted with what was sent. With --cluster it
torments a cluster, on the newest nats-server that is here; with --cluster --simulate a simulated one, without a broker.

  --seed N        the first seed; default a random one
  --seconds TIME  length of a run, such as 30s or 10m; a bare number is seconds; default 20, of a cluster 600
  --runs K        runs, with the seeds N, N+1, …; default 1
  --keep          keep the files of every run
of a cluster also
  --row N         only this fault of the list (may be given again); --all takes every row
  --rate R        messages a second; default 3000
  --bin PATH      the nats-server to use
  --quick         shorter waits
of a simulated cluster
  --seeds N       number of seeds; default 1000
  --first N       the first seed; default 1
  --without RULE  leave out the rule fence or gate, to show what it is for

Exit code: 0 no difference; 1 a run differs, and the last lines say how to repeat it; 2 usage.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

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
