#!/bin/sh
# Makes in dist what tsc leaves out: the files of the pages, which browsers load as they are, and the first lines of the
# entry file.
set -eu
cd -- "$(dirname -- "$0")/.."
for folder in src/http/page src/*/http/page src/trades/http/enclave-page src/trades/backend/page; do
  mkdir -p "dist/${folder#src/}"
  cp -R "$folder/." "dist/${folder#src/}/"
done

# Called as a program, the entry file is read by a shell, which starts Node with it: only behind -- does Node leave --env-file
# to the program. Otherwise Node reads that file too, takes NODE_OPTIONS from it, and says in its own way that it is missing.
# To Node the second line is a text and a comment. `env -S` would need no shell, but BusyBox has none.
entry=dist/main.js
case $(head -n 1 "$entry") in
  *node)
    { printf '%s\n' '#!/bin/sh' "':' //; exec node -- \"\$0\" \"\$@\""; tail -n +2 "$entry"; } >"$entry.new"
    mv "$entry.new" "$entry" ;;
esac
