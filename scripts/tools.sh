# Functions for the scripts beside it: finding the programs that npm cannot install, and putting missing ones into
# the project's own .cache. Never installs anything on the system, starts no service, and needs no root. To be sourced from the project's
# root folder.

root=$(pwd)

# One line for the person at the terminal.
say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# PATH without node_modules/.bin: npm puts it first, and a node that `npm ci` is about to delete must not run npm.
path_of_the_system() {
  printf '%s' "$PATH" | tr ':' '\n' | grep -v '/node_modules/\.bin$' | tr '\n' ':' | sed 's/:$//'
}

# is_alive PID: also true for a process of another user.
is_alive() { kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ]; }

# take_lock NAME: one set-up at a time. mkdir is atomic; the lock of a process that is gone is moved away (also
# atomic, so that of two waiting processes only one removes it). A lock without a pid is one being made, unless it
# stays so.
take_lock() {
  mkdir -p .cache
  lock=".cache/$1.lock"
  empty_rounds=0
  waited=no
  until mkdir "$lock" 2>/dev/null; do
    if [ ! -w .cache ]; then complain "Cannot write to $root/.cache: give this user the right to."; return 1; fi
    holder=$(cat "$lock/pid" 2>/dev/null || true)
    worker=$(cat "$lock/worker" 2>/dev/null || true)
    if [ -z "$holder" ]; then empty_rounds=$((empty_rounds + 1)); else empty_rounds=0; fi
    if { [ -n "$holder" ] && ! is_alive "$holder" && ! is_alive "${worker:-$holder}"; } || [ "$empty_rounds" -gt 5 ]; then
      if mv "$lock" "$lock.stale.$$" 2>/dev/null; then rm -rf "$lock.stale.$$"; fi
      empty_rounds=0
      continue
    fi
    if [ "$waited" = no ]; then say "Another set-up is running here (process ${holder:-unknown}); waiting for it."; waited=yes; fi
    sleep 1
  done
  printf '%s\n' "$$" > "$lock/pid"
  trap 'rm -rf "$lock"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# as_worker COMMAND...: runs it with its process noted in the lock, for it goes on when this script alone is killed.
as_worker() { sh -c 'echo $$ > "$0/worker"; exec "$@"' "$root/$lock" "$@"; }

release_lock() {
  rm -rf "$lock"
  trap - EXIT HUP INT TERM
}

# find_program NAME OVERRIDE: prints the path of a program.
find_program() {
  if [ -n "${2:-}" ]; then
    if [ -x "$2" ] && [ ! -d "$2" ]; then printf '%s\n' "$2"; return 0; fi
    return 1
  fi
  found=$(command -v "$1" 2>/dev/null || true)
  for candidate in "$found" "/usr/sbin/$1" "/usr/local/bin/$1" "$root/.cache/$1/$1"; do
    case $candidate in */*) if [ -x "$candidate" ] && [ ! -d "$candidate" ]; then printf '%s\n' "$candidate"; return 0; fi ;; esac
  done
  return 1
}

# apt-get with the machine's package lists, and with lists of the project under .cache/apt (which need no root).
apt_of_machine() { apt-get -qq -o "APT::Sandbox::User=$(id -un)" "$@"; }
apt_of_ours() {
  mkdir -p "$root/.cache/apt/state/lists/partial" "$root/.cache/apt/cache/archives/partial"
  apt_of_machine -o "Dir::State=$root/.cache/apt/state" -o 'Dir::State::status=/var/lib/dpkg/status' \
    -o "Dir::Cache=$root/.cache/apt/cache" "$@"
}

# fetch_debian_packages FOLDER PACKAGE...: unpacks packages into .cache/FOLDER, replacing what is there in one step.
# Fails where there is no apt, or neither the machine's package lists nor fresh ones lead to the packages.
fetch_debian_packages() {
  command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || return 1
  folder=$root/.cache/$1
  shift
  work=$folder.part
  rm -rf "$work"
  mkdir -p "$work"
  (
    cd "$work"
    apt_of_machine download "$@" || { apt_of_ours update && apt_of_ours download "$@"; }
  ) >"$root/.cache/apt.log" 2>&1 || return 1
  for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work" || return 1; done
  # Manuals and web pages, whose links lead to packages that are not here; fonts are needed.
  if [ -d "$work/usr/share" ]; then find "$work/usr/share" -mindepth 1 -maxdepth 1 ! -name fonts -exec rm -rf {} +; fi
  rm -rf "$work"/*.deb "$folder"
  mv "$work" "$folder"
}
