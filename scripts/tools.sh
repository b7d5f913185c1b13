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

# start_progress WHAT FOLDER KIB: until end_progress, says on standard error how much stands in FOLDER, which need not be
# there yet, and for how long: on a terminal in one line, elsewhere each 10 s. KIB is the whole size; 0 if it is not known.
# Only the saying is in the background, so that Ctrl-C reaches the work.
start_progress() {
  ( tell_progress "$1" "$2" "$3" "$$" ) >&2 &
  progress=$!
}

end_progress() {
  [ -n "${progress:-}" ] || return 0
  kill "$progress" 2>/dev/null || true
  wait "$progress" 2>/dev/null || true
  progress=
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}

kib_in() { du -sk "$1" 2>/dev/null | cut -f 1; }

# tell_progress WHAT FOLDER KIB PROCESS: ends with the process, whatever ends that.
tell_progress() {
  began=$(date +%s)
  said=0
  while kill -0 "$4" 2>/dev/null; do
    sleep 1 >/dev/null 2>&1
    seconds=$(($(date +%s) - began))
    if [ ! -t 2 ] && [ $((seconds - said)) -lt 10 ]; then continue; fi
    said=$seconds
    now=$(kib_in "$2")
    text=$(progress_text "$1" "${now:-0}" "$3" "$seconds")
    if [ -t 2 ]; then printf '\r%s\033[K' "$text"; else printf '%s\n' "$text"; fi
  done
}

# progress_text WHAT KIB WHOLE_KIB SECONDS: `WHAT: 40 % of 312 MiB, 8.1 MiB/s, 23 s left`, or without a whole size
# `WHAT: 125 MiB, 8.1 MiB/s, 15 s`.
progress_text() {
  awk -v what="$1" -v kib="$2" -v whole="$3" -v seconds="$4" 'BEGIN {
    rate = seconds > 0 ? kib / seconds : 0
    speed = sprintf("%.1f MiB/s", rate / 1024)
    if (whole <= 0) { printf "%s: %.0f MiB, %s, %d s", what, kib / 1024, speed, seconds; exit }
    share = kib >= whole ? 99 : int(100 * kib / whole)
    left = rate > 0 && kib < whole ? sprintf(", %d s left", (whole - kib) / rate + 0.5) : ""
    printf "%s: %d %% of %.0f MiB, %s%s", what, share, whole / 1024, speed, left
  }'
}

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
  trap 'end_progress; rm -rf "$lock"' EXIT
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

# debian_kib PACKAGE...: the size of the packages in KiB, as far as the machine's lists know them; else 0.
debian_kib() {
  apt_of_machine download --print-uris "$@" 2>/dev/null | awk '{ sum += $3 } END { printf "%d", sum / 1024 }'
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
  start_progress "Fetching $1" "$work" "$(debian_kib "$@")"
  fetched=yes
  (
    cd "$work"
    apt_of_machine download "$@" || { apt_of_ours update && apt_of_ours download "$@"; }
  ) >"$root/.cache/apt.log" 2>&1 || fetched=no
  end_progress
  [ "$fetched" = yes ] || return 1
  for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work" || return 1; done
  # Manuals and web pages, whose links lead to packages that are not here; fonts are needed.
  if [ -d "$work/usr/share" ]; then find "$work/usr/share" -mindepth 1 -maxdepth 1 ! -name fonts -exec rm -rf {} +; fi
  rm -rf "$work"/*.deb "$folder"
  mv "$work" "$folder"
}
