#!/bin/sh
# Installs the system packages that EdgeKit's set-up or tests need, with apt (Debian, Ubuntu).
#   usage: scripts/system-deps.sh [python]      python: only what setup.sh needs
set -eu

version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo 3)
# The emulated Raspberry Pi of tests/pi is unpacked by apt and dpkg, runs under qemu and is reached with ssh.
packages="make git openssh-client qemu-user-static"
# tests/android: the device's end is their own, adb the system's; Kotlin is compiled and run on the JVM by Maven, and
# aapt compiles the app's resources for it.
packages="$packages adb openjdk-17-jdk-headless maven aapt"
# The browser of tests/browser; another one of its family does as well.
browser=chromium
for program in google-chrome-stable google-chrome microsoft-edge-stable microsoft-edge chromium-browser; do
    if command -v "$program" >/dev/null 2>&1; then browser=; fi
done
packages="$packages $browser"
# A Python that is not the system's (a container's, pyenv's) brings its own ensurepip.
python3 -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python$version-venv"
[ "${1:-}" = python ] && packages=$(echo "$packages" | tr ' ' '\n' | grep venv || true)

missing=
for package in $packages; do
    dpkg -s "$package" >/dev/null 2>&1 || command -v "$package" >/dev/null 2>&1 || missing="$missing $package"
done

# An apt that has fetched no lists yet does not tell its archive, which the emulated Pi is made from.
lists=yes
if [ "${1:-}" != python ] && command -v apt-get >/dev/null 2>&1; then lists=$(apt-get indextargets 2>/dev/null); fi
[ -n "$missing" ] || [ -z "$lists" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Please install:$missing (this machine has no apt-get)." >&2
    exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Please run as root: apt-get update && apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
$as_root apt-get update -qq >/dev/null
[ -n "$missing" ] || exit 0
echo "Installing$missing ..."
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null
