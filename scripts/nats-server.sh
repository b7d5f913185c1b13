# Functions that find a nats-server, or put one into .cache/nats-server: from Debian, Homebrew or the official release.
# Starts none but to ask its version. To be sourced after tools.sh.

# As the program reads it: without white space around it.
NATS_SERVER_BIN=$(printf '%s' "${NATS_SERVER_BIN:-}" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//')

# nats_servers: prints the version, as three numbers, and the path of each; the folders and their order are those of
# src/io/embedded-broker/find-binary.ts. One that tells no version is last.
nats_servers() {
  { printf '%s\n' "$PATH" | tr ':' '\n'; printf '%s\n' /usr/sbin /usr/local/bin "$root/.cache/nats-server"; } \
    | while IFS= read -r folder; do
      server=$folder/nats-server
      [ -n "$folder" ] && [ -x "$server" ] && [ ! -d "$server" ] || continue
      told=$("$server" --version 2>/dev/null | sed -n 's/.*v\([0-9]*\)\.\([0-9]*\)\.\([0-9]*\).*/\1 \2 \3/p')
      printf '%s %s\n' "${told:-0 0 0}" "$server"
    done
}

# Prints the path of the newest, or of the one that NATS_SERVER_BIN names.
find_nats_server() {
  if [ -n "$NATS_SERVER_BIN" ]; then find_program nats-server "$NATS_SERVER_BIN"; return; fi
  newest=$(nats_servers | sort -s -k1,1nr -k2,2nr -k3,3nr | sed -n '1s/^[0-9]* [0-9]* [0-9]* //p')
  [ -n "$newest" ] && printf '%s\n' "$newest"
}

# VERSION SHA-256 of the official release's nats-server-vVERSION-OS-ARCH.tar.gz: the newest for which the checksums of all
# four are published outside the release too. Linux: from the Dockerfile of the official image (nats-io/nats-docker,
# 2.15.x/alpine3.22). macOS, where Homebrew is the usual way: from lists of the release's SHA256SUMS in public
# repositories, several of which agree, with each other and with the official image.
release_checksum() {
  case $1 in
    linux-amd64) echo '2.15.0 5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92' ;;
    linux-arm64) echo '2.15.0 cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112' ;;
    darwin-amd64) echo '2.15.0 5bd8b59ca5bf93fab3da2c5843cf564cd6e2e291e22ae3b861746e7ebe259b95' ;;
    darwin-arm64) echo '2.15.0 e1c4e22d70bd44abfa0bcb3c16f7cf0c66f648c2e728c58924e8a1ce88913cc8' ;;
    *) return 1 ;;
  esac
}

release_platform() {
  case $(uname -s) in Linux) os=linux ;; Darwin) os=darwin ;; *) return 1 ;; esac
  case $(uname -m) in x86_64 | amd64) arch=amd64 ;; aarch64 | arm64) arch=arm64 ;; *) return 1 ;; esac
  printf '%s-%s\n' "$os" "$arch"
}

sha256_of() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

download() {
  if command -v curl >/dev/null 2>&1; then curl -fsSL --connect-timeout 10 --retry 2 -o "$2" "$1"
  elif command -v wget >/dev/null 2>&1; then wget -q -T 10 -t 3 -O "$2" "$1"
  else return 1
  fi
}

# The archive is checked before it is unpacked; a wrong one is removed and never used.
fetch_nats_release() {
  platform=$(release_platform) && pinned=$(release_checksum "$platform") || return 1
  version=${pinned% *}
  name=nats-server-v$version-$platform
  work=$root/.cache/nats-server.part
  rm -rf "$work"
  mkdir -p "$work"
  start_progress "Fetching nats-server $version" "$work" 0
  fetched=yes
  download "${NATS_RELEASES_URL:-https://github.com/nats-io/nats-server/releases/download}/v$version/$name.tar.gz" \
    "$work/archive.tar.gz" 2>/dev/null || fetched=no
  end_progress
  if [ "$fetched" = no ]; then rm -rf "$work"; return 1; fi
  if [ "$(sha256_of "$work/archive.tar.gz")" != "${pinned#* }" ]; then
    complain "The nats-server $version that was downloaded does not have the pinned SHA-256; it is not used."
    rm -rf "$work"
    return 1
  fi
  tar -xzf "$work/archive.tar.gz" -C "$work" && mv "$work/$name/nats-server" "$work/nats-server" || return 1
  rm -rf "$work/archive.tar.gz" "${work:?}/$name" "$root/.cache/nats-server"
  mv "$work" "$root/.cache/nats-server"
}

# Failing here is not fatal: a server may be listening already, and the program says so itself when none is.
obtain_nats_server() {
  find_nats_server >/dev/null && return
  if [ -n "$NATS_SERVER_BIN" ]; then
    complain "NATS_SERVER_BIN=$NATS_SERVER_BIN is not a program: correct it, or unset it to let one be found."
    return
  fi
  say 'No nats-server found; putting one into .cache/nats-server.'
  if fetch_debian_packages nats-server nats-server; then
    ln -s usr/sbin/nats-server .cache/nats-server/nats-server
  elif command -v brew >/dev/null 2>&1 && brew install --quiet nats-server >/dev/null; then
    mkdir -p .cache/nats-server
    ln -sf "$(brew --prefix)/opt/nats-server/bin/nats-server" .cache/nats-server/nats-server
  else
    fetch_nats_release || true
  fi
  find_nats_server >/dev/null && return
  complain 'A nats-server could not be obtained: install it (Debian, Ubuntu: apt install nats-server; macOS: brew install'
  complain 'nats-server), or set NATS_SERVER_BIN to its path, or set NATS_URL to a server that runs elsewhere.'
}
