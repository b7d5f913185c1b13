#!/bin/sh
# Makes the project ready to run: packages (when the lock file has changed), and with the word `broker` a nats-server,
# with `test-tools` what only the tests need. Says nothing when nothing is to be done. Never touches the system.
set -eu
help() {
  cat <<'HELP'
Usage: sh scripts/setup.sh [broker] [test-tools]

Makes the project ready to run. It says nothing when nothing is to be done, and otherwise what it fetches, how much and
how long, on standard error. It puts everything into node_modules and .cache, and never touches the system.

  broker       also a nats-server, if none is found
  test-tools   also what only the tests need

Exit code: 0 ready; 1 something could not be had, and it says what to do; 2 usage.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
# What is said here is for a person; standard output may be that of a program.
exec >&2
. scripts/tools.sh
. scripts/nats-server.sh

node=node_modules/.bin/node
record=node_modules/.installed-lock

# What an installation belongs to: this lock file on this kind of machine.
wanted() { printf '%s %s\n' "$(cksum < package-lock.json)" "$(uname -sm)"; }

node_is_pinned() { case $("$node" --version 2>/dev/null || true) in v24.*) return 0 ;; *) return 1 ;; esac; }

packages_are_ready() { [ "$(cat "$record" 2>/dev/null || true)" = "$(wanted)" ] && [ -x "$node" ]; }

# Somebody ran npm or pnpm by hand: each writes its file last, so one newer than the lock file is a finished installation.
were_installed_by_hand() {
  for finished in node_modules/.package-lock.json node_modules/.modules.yaml; do
    [ -z "$(find "$finished" -newer package-lock.json 2>/dev/null)" ] || { node_is_pinned && return 0; }
  done
  return 1
}

install_packages() {
  packages_are_ready && return
  if were_installed_by_hand; then wanted > "$record"; return; fi
  command -v npm >/dev/null 2>&1 || { complain 'npm is missing: install Node 18 or newer, which brings npm.'; exit 1; }
  say 'Installing the packages of package-lock.json (once, and after each change of it).'
  rm -f "$record"
  # No package's install script is run: better-sqlite3 carries its binaries, yet npm would start a compiler's set-up for
  # it. The one that is needed, fetching Node 24, follows.
  export npm_config_loglevel=error
  start_progress 'Installing the packages' node_modules 0
  as_worker npm ci --ignore-scripts --no-audit --no-fund --no-progress >/dev/null || {
    end_progress
    complain 'npm ci failed (above): check the network and package-lock.json, then start again.'
    exit 1
  }
  end_progress
  start_progress 'Fetching Node 24' node_modules/node 0
  (cd node_modules/node && as_worker node installArchSpecificPackage.js >/dev/null) || true
  end_progress
  [ -x "$node" ] || { mkdir -p node_modules/.bin && ln -sf ../node/bin/node "$node"; }
  if ! node_is_pinned; then
    complain "Node 24 could not be put into node_modules/node ($(uname -sm)): check the network and that npm can install"
    complain 'the package node, then start again.'
    exit 1
  fi
  wanted > "$record"
}

need_broker=no
need_test_tools=no
for word in "$@"; do
  case $word in
    broker) need_broker=yes ;;
    test-tools) need_test_tools=yes ;;
    *) complain "setup.sh: $word is not one of: broker, test-tools"; exit 2 ;;
  esac
done

all_is_ready() {
  packages_are_ready || return 1
  [ "$need_broker" = no ] || find_nats_server >/dev/null || return 1
  [ "$need_test_tools" = no ] || { test_tools_are_ready && nginx_is_ready && alertmanager_is_ready && faketime_is_ready \
    && test_brokers_are_ready; } || return 1
}

if [ "$need_test_tools" = yes ]; then . scripts/test-tools.sh; fi
if all_is_ready; then exit 0; fi

export PATH="$(path_of_the_system)"
take_lock setup
install_packages
if [ "$need_broker" = yes ]; then obtain_nats_server; fi
if [ "$need_test_tools" = yes ]; then obtain_test_tools; fi
release_lock
