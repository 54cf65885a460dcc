#!/bin/sh
# Compiles the resize (edgekit/preprocess/native) for the platforms that the tests run it on, with the Zig compiler of
# the virtual environment, which needs nothing of the system's. What is unchanged since the last time is left alone.
#   usage: scripts/build-native.sh [FOLDER]
set -eu
cd "$(dirname "$0")/.."
python=$(cd "${1:-.venv}/bin" && pwd)/python
ZIG_GLOBAL_CACHE_DIR=$PWD/.cache/zig
ZIG_LOCAL_CACHE_DIR=$ZIG_GLOBAL_CACHE_DIR
export ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR
cd edgekit/preprocess/native

compiler=$("$python" -m ziglang version) || {
    echo "The Zig compiler does not run in ${1:-.venv}. Set it up anew with: make setup" >&2
    exit 1
}
sources="$compiler $(cat resize.c ../../../scripts/build-native.sh | cksum)"

# compile NAME TARGET PROCESSOR: written whole, as somebody may be running the old one.
compile() {
    "$python" -m ziglang cc -target "$2" -mcpu="$3" -std=gnu11 -O3 -Wall -Wextra -Werror -shared -fPIC -s \
        -nostdlib -ffreestanding -fno-sanitize=all -fno-unwind-tables -fno-asynchronous-unwind-tables \
        -fvisibility=hidden -o "$1.$$" resize.c
    mv -f "$1.$$" "$1"
}

trap 'rm -f ./*.so."$$"' EXIT
trap 'exit 130' INT TERM
if [ "$(cat .fingerprint 2>/dev/null)" != "$sources" ] ||
    ! [ -s linux-x86_64.so ] || ! [ -s linux-aarch64.so ] || ! [ -s linux-armv7l.so ]; then
    compile linux-x86_64.so x86_64-linux-gnu.2.17 x86_64
    compile linux-aarch64.so aarch64-linux-gnu.2.17 generic
    # The processor of the oldest Raspberry Pi whose 32-bit system calls itself armv7l: it divides, and has NEON.
    compile linux-armv7l.so arm-linux-gnueabihf.2.17 cortex_a7
    echo "$sources" >.fingerprint
fi
