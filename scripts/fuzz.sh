#!/bin/sh
# `npm run fuzz [-- --minutes 10]`: sets up what is missing, then sends invented input to the program (fuzz).
set -eu
help() {
  cat <<'HELP'
Usage: npm run fuzz -- [options]

Sends invented input to the program and reports the outcomes: messages, settings, HTTP and the control socket.

  --minutes TIME   length of the run, such as 90s or 10m; a bare number is minutes; default 1
  --seed N         decides the input; default another one each time
  --inputs N       ends after this number of inputs
  --target NAME    messages, settings, http or control (may be given again); default all

Exit code: 0 nothing broke; 1 something broke, or memory grew in a run of 8 minutes or more; 2 usage.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
sh scripts/setup.sh
exec node_modules/.bin/node --expose-gc fuzz/main.ts "$@"
