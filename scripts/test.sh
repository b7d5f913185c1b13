#!/bin/sh
# `npm test`: sets up what is missing, then types, lint, format and import rules (check.sh), then all tests, stopping at the
# first failure.
# Arguments go to vitest. Its last line is `N passed, N failed`, alone, for CI to read.
set -eu
help() {
  cat <<'HELP'
Usage: npm test -- [ARGUMENT …]

Sets up what is missing, checks types, lint, format and import rules, then runs all tests; about 20 minutes on two
processors. The last line is "N passed, N failed".

  ARGUMENT   goes to vitest: the path of a test file, or -t WORDS for the tests with these words in their names

NATS_SERVER_BIN, PROMTOOL_BIN, PROMETHEUS_BIN, OPENSSL_BIN, SQLITE3_BIN, CHROMIUM_BIN and FAKETIME_LIB name programs
that are elsewhere.

Exit code: 0 all tests passed; 1 or more: something failed.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
sh scripts/setup.sh broker test-tools
. scripts/tools.sh
. scripts/nats-server.sh
. scripts/test-tools.sh

export PATH="$root/node_modules/.bin:$PATH"
if ! NATS_SERVER_BIN=$(find_nats_server); then complain 'The tests need a nats-server.'; exit 1; fi
PROMTOOL_BIN=$(find_promtool)
PROMETHEUS_BIN=$(find_prometheus)
OPENSSL_BIN=$(find_openssl)
SQLITE3_BIN=$(find_sqlite3)
CHROMIUM_BIN=$(find_chromium)
# Optional: without them test/federation/integration/clock.test.ts and proxy.test.ts, test/notify/alertmanager.test.ts, and
# a part of test/deploy/alertmanager.test.ts are not run.
FAKETIME_LIB=$(find_faketime || true)
NGINX_BIN=$(find_nginx || true)
ALERTMANAGER_BIN=$(find_alertmanager || true)
AMTOOL_BIN=$(find_amtool || true)
# Optional too: without them the tests of these versions are not run.
NATS_SERVER_CURRENT_BIN=$(find_nats_server_current || true)
NATS_SERVER_2_12_BIN=$(find_nats_server_2_12 || true)
say_missing_test_brokers
export NATS_SERVER_CURRENT_BIN NATS_SERVER_2_12_BIN
export FAKETIME_LIB NGINX_BIN ALERTMANAGER_BIN AMTOOL_BIN NATS_SERVER_BIN PROMTOOL_BIN PROMETHEUS_BIN OPENSSL_BIN SQLITE3_BIN CHROMIUM_BIN

sh scripts/check.sh types lint format imports

# Some tests mount file systems. Root may; another user runs all tests in a namespace, where Linux allows it.
namespace=
if [ "$(id -u)" != 0 ] && unshare -rm mount -t tmpfs tmpfs .cache 2>/dev/null; then namespace='unshare -rm'; fi
results=.cache/vitest.json
rm -f "$results"
status=0
say "== vitest run $*"
$namespace vitest run --reporter=default --reporter=json --outputFile.json="$results" "$@" || status=$?
exec node scripts/test-summary.mjs "$results" "$status"
