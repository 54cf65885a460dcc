#!/bin/sh
# Makes a virtual environment with everything that is pinned, and EdgeKit itself (editable); builds the browser
# bundle with the Node runner, and the compiled resize.
# Needs Python 3.11 or newer; on Debian and Ubuntu it fetches what their Python leaves out.
#   usage: scripts/setup.sh [FOLDER]
set -eu
cd "$(dirname "$0")/.."
venv=${1:-.venv}
uv_version=0.13.8

usable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

python=
for candidate in ${PYTHON_COMMAND:-} python3 python3.13 python3.12 python3.11; do
    if usable "$candidate"; then python=$candidate; break; fi
done

if [ -z "$python" ]; then
    echo "EdgeKit needs Python 3.11 or newer; found: $(python3 --version 2>&1 || echo none)." >&2
    echo "Install one, or name it: make setup PYTHON_COMMAND=/path/to/python3.12" >&2
    exit 1
fi

if command -v uv >/dev/null 2>&1; then
    [ -x "$venv/bin/python" ] || uv venv --quiet --python "$(command -v "$python")" "$venv"
    uv pip install --quiet --python "$venv/bin/python" "uv==$uv_version"
elif [ ! -x "$venv/bin/uv" ]; then
    # Debian and Ubuntu leave ensurepip out of their Python.
    "$python" -c 'import ensurepip, venv' 2>/dev/null || sh scripts/system-deps.sh python
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
fi

echo "Setting up $venv (the first time fetches some 500 MB, TensorFlow most of it) ..."
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements/dev.txt
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
"$venv/bin/python" -m edgekit.web.building
sh scripts/build-native.sh "$venv"
