#!/bin/sh
# Copies what tsc leaves out of dist: the files of the pages, which browsers load as they are.
set -eu
cd -- "$(dirname -- "$0")/.."
for folder in src/http/page src/*/http/page src/trades/http/enclave-page src/trades/backend/page; do
  mkdir -p "dist/${folder#src/}"
  cp -R "$folder/." "dist/${folder#src/}/"
done
