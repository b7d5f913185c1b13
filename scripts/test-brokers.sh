# Functions that find, or build into .cache/nats-servers, the nats-servers of today on which the tests of the broker run
# beside Debian's. The program itself never uses them. Building takes a Go that the server's go.mod accepts; without one
# the tests of these versions are not run, and no set-up fails. To be sourced after tools.sh.

# The version, and the oldest Go that its go.mod accepts. The first is the one that the images of deploy/ name.
NATS_SERVER_CURRENT='2.15.3 1.26'
NATS_SERVER_2_12='2.12.15 1.25'

# Where Go's own installer and Homebrew put it; beside PATH.
GO_FOLDERS='/usr/local/go/bin /opt/homebrew/bin'

find_nats_server_current() { find_test_broker "${NATS_SERVER_CURRENT% *}" "${NATS_SERVER_CURRENT_BIN:-}"; }
find_nats_server_2_12() { find_test_broker "${NATS_SERVER_2_12% *}" "${NATS_SERVER_2_12_BIN:-}"; }

# find_test_broker VERSION OVERRIDE
find_test_broker() {
  candidate=${2:-$root/.cache/nats-servers/$1/nats-server}
  [ -x "$candidate" ] && [ ! -d "$candidate" ] && printf '%s\n' "$candidate"
}

# find_go OLDEST: prints the path of a Go that is OLDEST (as 1.26) or newer.
find_go() {
  for go_folder in $(dirname "$(command -v go 2>/dev/null || true)") $GO_FOLDERS; do
    go=$go_folder/go
    [ -x "$go" ] && [ ! -d "$go" ] || continue
    version=$(GOTOOLCHAIN=local "$go" version 2>/dev/null | sed -n 's/^go version go1\.\([0-9]*\).*/\1/p')
    if [ -n "$version" ] && [ "$version" -ge "${1#1.}" ]; then printf '%s\n' "$go"; return 0; fi
  done
  return 1
}

# can_build OVERRIDE VERSION OLDEST_GO: true if it is not here, nobody named another, and there is a Go for it.
can_build() { [ -z "$1" ] && ! find_test_broker "$2" '' >/dev/null && find_go "$3" >/dev/null; }

# True if nothing is left that could be built here.
test_brokers_are_ready() {
  ! can_build "${NATS_SERVER_CURRENT_BIN:-}" ${NATS_SERVER_CURRENT} && ! can_build "${NATS_SERVER_2_12_BIN:-}" ${NATS_SERVER_2_12}
}

# build_test_broker VERSION OLDEST_GO: Go fetches the source from its own module proxy and compares it with its own
# database of checksums. It is not allowed to fetch another Go.
build_test_broker() {
  go=$(find_go "$2") || return 1
  say "Building nats-server $1, on which the tests of the broker run too, into .cache/nats-servers (half a minute)."
  work=$root/.cache/nats-servers/$1.part
  rm -rf "$work"
  mkdir -p "$work"
  if ! HOME=${HOME:-$root/.cache} GOTOOLCHAIN=local GO111MODULE=on CGO_ENABLED=0 GOBIN="$work" "$go" install -mod=mod -trimpath -ldflags='-s -w' \
    "github.com/nats-io/nats-server/v2@v$1" >"$root/.cache/go.log" 2>&1; then
    rm -rf "$work"
    say "It could not be built (.cache/go.log says why); its tests are not run."
    return 1
  fi
  rm -rf "${work%.part}"
  mv "$work" "${work%.part}"
}

obtain_test_brokers() {
  if can_build "${NATS_SERVER_CURRENT_BIN:-}" ${NATS_SERVER_CURRENT}; then build_test_broker ${NATS_SERVER_CURRENT} || true; fi
  if can_build "${NATS_SERVER_2_12_BIN:-}" ${NATS_SERVER_2_12}; then build_test_broker ${NATS_SERVER_2_12} || true; fi
}

# One line for the run of the tests, before those that are not run are named at its end.
say_missing_test_brokers() {
  find_nats_server_current >/dev/null && find_nats_server_2_12 >/dev/null && return
  say "No nats-server ${NATS_SERVER_CURRENT% *} or ${NATS_SERVER_2_12% *} here (they are built with Go ${NATS_SERVER_CURRENT#* } or newer): their tests are not run."
}
