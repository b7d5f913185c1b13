#!/bin/sh
# Builds the Dockerfile's images and runs them for real, without a Docker engine: buildah in chroot isolation, on a base image
# made here from Debian's packages, Node 24 and npm. Needs root on Debian. Never pulls an image, never pushes one.
set -eu
help() {
  cat <<'HELP'
Usage: sh scripts/container-test.sh

Builds the images of the Dockerfile and runs them for real, without a Docker engine (buildah in chroot isolation), and
runs the tests that need root, mounts or a terminal. It needs root on Debian, installs buildah and debootstrap with apt
if they are missing, and takes some 20 minutes. It pulls no image and pushes none.

Exit code: 0 all checks passed; 1 one failed.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."
sh scripts/setup.sh broker
. scripts/tools.sh
. scripts/nats-server.sh

base_image=docker.io/library/node:24-bookworm-slim
node=$root/node_modules/.bin/node

obtain_container_tools() {
  command -v buildah >/dev/null 2>&1 && command -v debootstrap >/dev/null 2>&1 && return
  command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || {
    complain 'The container test needs buildah and debootstrap, and root on Debian to install them.'
    exit 1
  }
  say 'Installing buildah and debootstrap.'
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends buildah debootstrap >/dev/null
}

# The archive that this machine's own apt uses, so that no address is written here.
debian_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' 'Origin: Debian' | head -n 1
}

# What is in the base: made once and kept until another Node is pinned.
make_base_root() {
  archive=$root/.cache/container/base-$("$node" --version).tar
  [ -f "$archive" ] && return
  say 'Making the base image: Debian 12, Node and npm.'
  tree=$work/base
  debootstrap --variant=minbase bookworm "$tree" "$(debian_mirror)" > "$work/debootstrap.log" 2>&1 \
    || { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
  rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/* "$tree"/dev/*
  install -m 755 "$(readlink -f "$node")" "$tree/usr/local/bin/node"
  npm_folder=$(PATH=$(path_of_the_system) npm root -g 2>/dev/null)/npm
  mkdir -p "$tree/usr/local/lib/node_modules" "$tree/etc/ssl/certs"
  cp -R "$npm_folder" "$tree/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tree/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$tree/usr/local/bin/npx"
  chroot "$tree" useradd --create-home --uid 1000 --shell /bin/sh node
  mkdir -p "$(dirname "$archive")"
  tar -C "$tree" -cf "$archive.part" .
  mv "$archive.part" "$archive"
  rm -rf "$tree"
}

buildah_here() { buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }

# The base reaches the network as this machine does: the same registry, the same certificate authorities.
import_base_image() {
  container=$(buildah_here from --pull-never scratch)
  buildah_here add -q "$container" "$archive" / >/dev/null
  buildah_here config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah_here config --env "npm_config_registry=$(PATH=$(path_of_the_system) npm config get registry 2>/dev/null)" "$container"
  authorities=${NODE_EXTRA_CA_CERTS:-}
  if [ -f "$authorities" ]; then
    buildah_here copy -q "$container" "$authorities" /etc/ssl/certs/of-the-machine.pem >/dev/null
    buildah_here config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/of-the-machine.pem "$container"
  fi
  buildah_here commit -q --format docker "$container" "$base_image" >/dev/null
  buildah_here rm "$container" >/dev/null
}

name_of() { printf 'localhost/truebit-aggregator:test-%s' "$1"; }

# bud NAME ARGUMENT...: builds an image of that name. The storage driver copies a whole tree for each layer, so there is one
# layer for each stage.
bud() {
  image=$(name_of "$1")
  shift
  buildah_here bud --isolation chroot --pull-never --format docker --tag "$image" "$@" > "$work/build.log" 2>&1 \
    || { tail -n 40 "$work/build.log" >&2; exit 1; }
}

# The last stage of a program, as the Dockerfile has it, on what all programs share, which is built once.
build_program() {
  { printf 'FROM %s\n' "$(name_of runtime)"
    awk -v first="FROM runtime AS $1" '/^FROM / { isWanted = $0 == first; next } isWanted' Dockerfile; } > "$work/$1.Dockerfile"
  bud "$1" --file "$work/$1.Dockerfile" .
}

obtain_container_tools
if ! NATS_SERVER_BIN=$(find_nats_server); then complain 'The container test needs a nats-server.'; exit 1; fi
export NATS_SERVER_BIN

# Not under /tmp: it may be small, and the storage driver copies whole trees.
mkdir -p .cache/container
work=$(mktemp -d "$root/.cache/container/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What runs nowhere but where it may mount, be another user, or open a terminal: among the tests of `npm test` some of it may be
# left out; here all of it is run. Prints `N passed, N failed`; a test that was not run has failed.
test_what_needs_root() {
  say 'Testing what needs root, mounts or a terminal.'
  status=0
  # shellcheck disable=SC2046
  PATH="$root/node_modules/.bin:$PATH" vitest run --project rules --project parts --project programs --reporter=json --outputFile="$work/tests.json" \
    $(grep -rl --include='*.test.ts' 'runIf(CAN_' test) > "$work/tests.log" 2>&1 || status=$?
  REQUIRE_ALL=1 "$node" scripts/test-summary.mjs "$work/tests.json" "$status" \
    || { tail -n 60 "$work/tests.log" >&2; exit 1; }
}

test_what_needs_root
make_base_root
say 'Importing the base image.'
import_base_image
say 'Building what the images share.'
bud runtime --target runtime .
status=0
for program in federation mining trades enclave agent; do
  say "Building the image of $program, and running it."
  build_program "$program"
  BUILDAH_ROOT="$work/storage" BUILDAH_RUNROOT="$work/run" IMAGE="$(name_of "$program")" \
    IMAGE_OF_TRADES="$(name_of trades)" IMAGE_WITHOUT_TARGET="$(name_of federation)" WORK="$work" \
    "$node" "test/container/check-$program.ts" || status=1
done
exit "$status"
