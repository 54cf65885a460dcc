#!/bin/sh
# Packs the built page (targets/browser/dist/page) as the wheel edgekit-browser, of the same version as EdgeKit.
#   usage: scripts/build-browser-wheel.sh OUTPUT [FOLDER]      FOLDER: the virtual environment
set -eu
cd "$(dirname "$0")/.."
output=$1
venv=${2:-.venv}

if [ ! -f targets/browser/dist/page/index.html ]; then
    echo "The page has not been built. Build it with: make setup" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp targets/browser/python/pyproject.toml "$work"
mkdir "$work/edgekit_browser"
echo '"""The built page for browsers, in "page": edgekit.web.page finds it."""' >"$work/edgekit_browser/__init__.py"
cp -R targets/browser/dist/page "$work/edgekit_browser/page"
cp edgekit/version.py "$work/edgekit_browser/version.py"
cp LICENSE "$work"
"$venv/bin/uv" build --quiet --wheel --no-build-isolation --python "$venv/bin/python" --out-dir "$output" "$work"
