# Functions that find, or put into .cache, the programs that only the tests need: promtool, prometheus, openssl (which
# makes certificates), the sqlite3 command line 3.40, the oldest that must be able to read the database, Chromium, which
# looks at the dashboard, nginx, which stands in front of it, and libfaketime, which sets the clock of one process. The
# nats-servers of the tests are in test-brokers.sh. To be sourced after tools.sh.
. scripts/test-brokers.sh

# A newer sqlite3 would accept what 3.40 refuses, so the exact series is asked for where Debian 12 can supply it. Where there is
# no apt (macOS), a newer one has to do.
sqlite3_is_right() {
  case $("$1" --version 2>/dev/null || true) in
    3.40.*) return 0 ;;
    3.4[1-9].* | 3.[5-9][0-9].*) ! command -v apt-get >/dev/null 2>&1 ;;
    *) return 1 ;;
  esac
}

find_sqlite3() {
  for candidate in "${SQLITE3_BIN:-}" "$(command -v sqlite3 2>/dev/null || true)" "$root/.cache/sqlite3/sqlite3"; do
    if [ -n "$candidate" ] && [ -x "$candidate" ] && sqlite3_is_right "$candidate"; then printf '%s\n' "$candidate"; return 0; fi
  done
  return 1
}

find_promtool() { find_program promtool "${PROMTOOL_BIN:-}"; }
find_prometheus() { find_program prometheus "${PROMETHEUS_BIN:-}"; }
find_openssl() { find_program openssl "${OPENSSL_BIN:-}"; }
find_alertmanager() { find_program prometheus-alertmanager "${ALERTMANAGER_BIN:-}"; }
find_nginx() { find_program nginx "${NGINX_BIN:-}"; }
# It comes with Alertmanager's package.
find_amtool() {
  find_program amtool "${AMTOOL_BIN:-}" && return
  [ -x "$root/.cache/prometheus-alertmanager/usr/bin/amtool" ] && printf '%s\n' "$root/.cache/prometheus-alertmanager/usr/bin/amtool"
}
find_chromium() {
  if [ -n "${CHROMIUM_BIN:-}" ]; then find_program chromium "$CHROMIUM_BIN"; return; fi
  for name in chromium chromium-browser google-chrome; do find_program "$name" && return; done
  # Homebrew and the vendors' own installers put it here.
  for candidate in /Applications/*Chrom*.app/Contents/MacOS/*Chrom*; do
    if [ -x "$candidate" ]; then printf '%s\n' "$candidate"; return 0; fi
  done
  return 1
}

# The library for programs with threads.
find_faketime() {
  for candidate in "${FAKETIME_LIB:-}" /usr/lib/*/faketime/libfaketimeMT.so.1 /usr/lib/faketime/libfaketimeMT.so.1 \
    "$root"/.cache/faketime/usr/lib/*/faketime/libfaketimeMT.so.1; do
    if [ -f "$candidate" ]; then printf '%s\n' "$candidate"; return 0; fi
  done
  return 1
}

# Without libfaketime, nginx or Alertmanager their tests are not run, so they are fetched only where apt can; no set-up
# fails for want of them.
faketime_is_ready() { find_faketime >/dev/null || ! command -v apt-get >/dev/null 2>&1; }
alertmanager_is_ready() { find_alertmanager >/dev/null || ! command -v apt-get >/dev/null 2>&1; }
nginx_is_ready() { find_nginx >/dev/null || ! command -v apt-get >/dev/null 2>&1; }

test_tools_are_ready() {
  find_promtool >/dev/null && find_prometheus >/dev/null && find_openssl >/dev/null && find_sqlite3 >/dev/null \
    && find_chromium >/dev/null
}

# write_wrapper NAME: starts .cache/NAME/usr/bin/NAME, or the same in usr/sbin, with the libraries beside it, which a
# machine without the program seldom has.
write_wrapper() {
  cat > ".cache/$1/$1" <<'WRAPPER'
#!/bin/sh
here=$(cd -- "$(dirname -- "$0")" && pwd)
for folder in "$here"/usr/lib/*-linux-gnu* "$here"/lib/*-linux-gnu*; do
  LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
for program in "$here/usr/bin/${0##*/}" "$here/usr/sbin/${0##*/}"; do
  if [ -x "$program" ]; then exec "$program" "$@"; fi
done
exit 127
WRAPPER
  chmod 755 ".cache/$1/$1"
}

# What is missing here of Chromium and all that it needs, with a font.
chromium_packages() {
  { apt_of_machine install -s --no-install-recommends chromium fonts-dejavu-core \
    || { apt_of_ours update && apt_of_ours install -s --no-install-recommends chromium fonts-dejavu-core; }; } 2>/dev/null \
    | sed -n 's/^Inst \([^ ]*\).*/\1/p'
}

# Starts the browser itself, not the script of the package, with its libraries and fonts beside it.
write_chromium_wrapper() {
  cat > .cache/chromium/chromium <<'WRAPPER'
#!/bin/sh
here=$(cd -- "$(dirname -- "$0")" && pwd)
for folder in "$here"/usr/lib/*-linux-gnu* "$here"/usr/lib/*-linux-gnu*/* "$here"/lib/*-linux-gnu*; do
  if [ -d "$folder" ]; then LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder; fi
done
FONTCONFIG_FILE=$here/fonts.conf
export LD_LIBRARY_PATH FONTCONFIG_FILE
exec "$here/usr/lib/chromium/chromium" "$@"
WRAPPER
  chmod 755 .cache/chromium/chromium
  printf '<fontconfig><dir>%s</dir><dir>/usr/share/fonts</dir><cachedir>%s</cachedir></fontconfig>\n' \
    "$root/.cache/chromium/usr/share/fonts" "$root/.cache/chromium/font-cache" > .cache/chromium/fonts.conf
}

obtain_test_tools() {
  if ! find_promtool >/dev/null || ! find_prometheus >/dev/null; then
    say 'Putting prometheus and promtool, which the tests use, into .cache/prometheus.'
    if fetch_debian_packages prometheus prometheus; then
      ln -s usr/bin/prometheus .cache/prometheus/prometheus
      mkdir -p .cache/promtool
      ln -sf ../prometheus/usr/bin/promtool .cache/promtool/promtool
    fi
  fi
  if ! find_sqlite3 >/dev/null; then
    say 'Putting sqlite3 3.40, which the tests use, into .cache/sqlite3.'
    if fetch_debian_packages sqlite3 sqlite3 libsqlite3-0 libreadline8 libtinfo6; then write_wrapper sqlite3; fi
  fi
  if ! find_openssl >/dev/null; then
    say 'Putting openssl, which the tests use, into .cache/openssl.'
    # Debian 12, Debian 13.
    if fetch_debian_packages openssl openssl libssl3 || fetch_debian_packages openssl openssl libssl3t64; then
      write_wrapper openssl
    fi
  fi
  if ! find_chromium >/dev/null; then
    say 'Putting Chromium, in which the tests look at the dashboard, into .cache/chromium (350 MB).'
    packages=$(chromium_packages)
    # The packages of one list: they are separate words.
    if [ -n "$packages" ] && fetch_debian_packages chromium $packages; then write_chromium_wrapper; fi
  fi
  if ! alertmanager_is_ready; then
    say 'Putting Alertmanager, to which the tests post alerts, into .cache/prometheus-alertmanager.'
    if fetch_debian_packages prometheus-alertmanager prometheus-alertmanager; then
      ln -s usr/bin/prometheus-alertmanager .cache/prometheus-alertmanager/prometheus-alertmanager
    else
      say 'It cannot be had; the tests of test/notify/alertmanager.test.ts are not run.'
    fi
  fi
  if ! nginx_is_ready; then
    say 'Putting nginx, behind which the tests look at the dashboard, into .cache/nginx.'
    # Debian 12, Debian 13. The package brings no configuration and no service.
    if fetch_debian_packages nginx nginx libcrypt1 libpcre2-8-0 libssl3 zlib1g \
      || fetch_debian_packages nginx nginx libcrypt1 libpcre2-8-0 libssl3t64 zlib1g; then
      write_wrapper nginx
    else
      say 'It cannot be had; the tests of test/federation/integration/proxy.test.ts are not run.'
    fi
  fi
  if ! faketime_is_ready; then
    say 'Putting libfaketime, with which the tests set the clock of one process, into .cache/faketime.'
    fetch_debian_packages faketime libfaketime || say 'It cannot be had; the tests of test/federation/integration/clock.test.ts are not run.'
  fi
  obtain_test_brokers
  test_tools_are_ready && return
  complain 'The tests need promtool and prometheus, openssl, the sqlite3 command line 3.40, and Chromium: install the Debian'
  complain 'packages prometheus, openssl, sqlite3 and chromium, or set PROMTOOL_BIN, PROMETHEUS_BIN, OPENSSL_BIN, SQLITE3_BIN'
  complain 'and CHROMIUM_BIN to their paths.'
  exit 1
}
