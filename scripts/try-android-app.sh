#!/bin/sh
# An exported and built app on the one phone or emulator that adb lists: its screens, its benchmark without a screen, and
# `edgekit bench` over it.   sh scripts/try-android-app.sh PROJECT EXPORT_FOLDER RESULTS
set -eu

project=$1 export=$2 results=$3
id=$(sed -n 's/^edgekit.applicationId=//p' "$project/gradle.properties")
files=/sdcard/Android/data/$id/files/edgekit
mkdir -p "$results"
trap 'adb logcat -d > "$results/logcat.txt"' EXIT

adb install -r "$project/app/build/outputs/apk/debug/app-debug.apk"
adb shell pm grant "$id" android.permission.CAMERA
adb shell am start -W -n "$id/dev.edgekit.app.MainActivity"
sleep 10
adb exec-out screencap -p > "$results/main.png"
adb shell cmd uimode night yes
sleep 5
adb exec-out screencap -p > "$results/main-dark.png"

# All models in the app, by the usual protocol.
adb shell am start -S -W -n "$id/dev.edgekit.app.BenchmarkActivity"
for _ in $(seq 120); do
    if adb shell ls "$files/results/latest.json" > /dev/null 2>&1; then break; fi
    sleep 1
done
adb pull "$files/results/latest.json" "$results/latest.json"
.venv/bin/python - "$results/latest.json" <<'PYTHON'
import json
import sys

from edgekit.remote.android.app_result import read_app_result

with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
assert report["error"] is None, report["error"]
assert report["results"]
for found in report["results"]:
    assert found["error"] is None, found["error"]
    measured = read_app_result(found, None)
    print(found["artifact"], measured.latency.p50, "ms", measured.engine.kernels)
PYTHON

.venv/bin/edgekit bench "$export"/*.tflite --on android --data demo/photos --json > "$results/bench.json"
