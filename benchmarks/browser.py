"""The library in a browser: ``classify`` against its engine's own run and MediaPipe; TF.js against LiteRT.js.

MobileNetV2 0.35 and MobileNet v1 0.25 at 224 px with real weights, exported here, as ``.tflite`` fp32 and int8 and for
TensorFlow.js; the photos are bitmaps of 640x480. Everything happens in one process of the browser, a few calls of each
kind in turns whose order changes, so that whatever else the machine does hits all of them alike. The library is the
built one (``targets/browser/dist/lib``), as other people's pages use it, in its worker.

* ``run``: the library's own measurement of the engine on a ready tensor, in the worker (``benchmark()``).
* ``classify``: from the call in the page to the answer there. What it takes more than ``run`` is held against 5 ms.
* MediaPipe: ``ImageClassifier.classify`` of ``@mediapipe/tasks-vision`` on its CPU delegate, of the same bitmap with
  the same ``.tflite``. Its WebAssembly has SIMD and one thread; it takes bitmaps through WebGL, which the processor
  imitates where there is no graphics adapter.

Each artifact is measured on a page that is not isolated, where WebAssembly has one thread as MediaPipe's has, and on
one that is, where LiteRT.js takes more. Each page is a fresh one: the starts are cold but for the system's file cache.

    python -m benchmarks browser            # all, two and a half minutes
    python -m benchmarks.browser --rounds 5
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks._browser_models import DATA, MODELS, export_models, write_photos
from benchmarks._browser_packages import REPOSITORY, install_tasks_vision
from benchmarks._browser_server import serve
from edgekit.remote.browser.installed import find_browser
from tests.browser.conftest import FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGE = """<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Benchmark</title>
<script type="module" src="page.js"></script>"""

CALLS = 10
"""Of each kind in a round."""
WARMUP = 3
"""Rounds that do not count."""

MOST_ADDED = 5.0
"""Milliseconds that ``classify`` may take more than the engine's run."""
MOST_OF_MEDIAPIPE = 1.0

PARTS = ("decode", "prepare", "run", "read")


@dataclass(frozen=True)
class Verdict:
    """What one artifact on one page came to; times in milliseconds.

    Attributes:
        added: what ``classify`` takes more than the run, without reading the result back; median of the rounds.
        of_mediapipe: its time as a share of MediaPipe's; median of the rounds' ratios.
        tfjs: the run of TF.js as a multiple of LiteRT.js' own; ``None`` where there is no TF.js model.
        same: for how many photos all have the same best class, or one of several that are equally probable.
    """

    added: dict[str, float]
    of_mediapipe: float
    tfjs: float | None
    same: int
    photos: int

    @property
    def holds(self) -> bool:
        return (
            max(self.added.values()) <= MOST_ADDED
            and self.of_mediapipe <= MOST_OF_MEDIAPIPE
            and self.same == self.photos
        )


def main() -> None:
    """Prints the tables; exits with 1 where something takes longer than asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    library = REPOSITORY / "targets" / "browser" / "dist" / "lib"
    if not (DATA / "weights").is_dir():
        sys.exit(f"Needs the test data; not found: {DATA}")
    if not library.is_dir():
        sys.exit(f"The library is not built; not found: {library}. Run: make setup")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["EDGEKIT_CACHE"] = str(folder / "cache")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        (folder / "lib").symlink_to(library)
        (folder / "mediapipe").symlink_to(install_tasks_vision())
        (folder / "page.js").symlink_to(Path(__file__).with_name("_browser_page.js"))
        (folder / "index.html").write_text(PAGE)
        print("Exporting the models ...", flush=True)
        export_models(folder / "models")
        frames, small = write_photos(folder / "photos")
        photos = {
            "frames": [f"photos/{name}" for name in frames],
            "small": [f"photos/{name}" for name in small],
        }
        holds = measure(folder, {**photos, "rounds": rounds, "warmup": WARMUP, "calls": CALLS})
    if not holds:
        sys.exit(1)


def measure(folder: Path, order: dict[str, Any]) -> bool:
    """Everything in one browser; whether all of it is as fast as asked."""
    holds = True
    with (
        serve(folder, isolated=False) as plain,
        serve(folder, isolated=True) as isolated,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=str(find_browser()), args=[*FLAGS]) as browser,
    ):
        load = os.getloadavg()[0]
        noisy = ": NOT a quiet machine" if load > 1 else ""
        print(f"Chromium {browser.version}, headless; {os.cpu_count()} processors, load {load:.1f}{noisy}")
        for address in (plain, isolated):
            for model in MODELS:
                for precision in ("fp32", "int8"):
                    path = f"models/{model}/{model}.{precision}.tflite"
                    tfjs = path.replace(".tflite", ".tfjs/model.json") if precision == "fp32" else None
                    answer = compare(browser, address, {**order, "tflite": path, "tfjs": tfjs})
                    verdict = judge(answer)
                    report(f"{model}.{precision}", answer, verdict)
                    holds &= verdict.holds
        print(f"\nload at the end {os.getloadavg()[0]:.1f} (the benchmark's own is about 1)")
    return holds


def compare(browser: Browser, address: str, order: dict[str, Any]) -> Any:
    """What the page measures; see ``_browser_page.js``."""
    with browser.new_context() as context:
        page = context.new_page()
        page.on("pageerror", lambda error: print(f"The page fails: {error}"))
        page.goto(address)
        page.wait_for_function("globalThis.ready")
        return page.evaluate("(order) => compare(order)", order)


def judge(answer: Any) -> Verdict:
    """The comparisons, each within a round, since what a machine does changes between them."""
    times = answer["times"]
    added = {
        engine: statistics.median(
            _middle(call["total"]) - _middle(call["read"]) - (_middle(run["total"]) - _middle(run["read"]))
            for call, run in zip(times[f"{engine} classify"], times[f"{engine} run"], strict=True)
        )
        for engine in ("LiteRT.js", "TF.js")
        if f"{engine} run" in times
    }
    best = list(zip(*answer["best"].values(), strict=True))
    return Verdict(
        added,
        _ratio(times["LiteRT.js classify"], times["MediaPipe classify"]),
        _ratio(times["TF.js run"], times["LiteRT.js run"]) if "TF.js run" in times else None,
        sum(bool(set.intersection(*map(set, photo))) for photo in best),
        len(best),
    )


def report(artifact: str, answer: Any, verdict: Verdict) -> None:
    """Prints one table."""
    isolated = "isolated" if answer["isolated"] else "not isolated"
    print(f"\n{artifact}, {isolated}; " + "; ".join(answer["engines"].values()))
    print(f"{'ms':<20}{'p50':>7}{'p90':>7}   " + "".join(f"{part:>9}" for part in PARTS))
    for kind, rounds in answer["times"].items():
        values = np.concatenate([one["total"] for one in rounds])
        marks = "".join(f"{np.percentile(values, mark):>7.2f}" for mark in (50, 90))
        print(f"{kind:<20}{marks}   " + "".join(_part(rounds, part) for part in PARTS).rstrip())
    for engine, added in verdict.added.items():
        print(f"{engine}: classify adds {added:.2f} ms to the run (asked: at most {MOST_ADDED:.0f})")
    print(f"classify takes {verdict.of_mediapipe:.2f} of MediaPipe's time (asked: at most {MOST_OF_MEDIAPIPE:.0f})")
    if verdict.tfjs is not None:
        print(f"TF.js' run takes {verdict.tfjs:.2f} times LiteRT.js'")
    print(f"the same best class by all: {verdict.same} of {verdict.photos} photos")
    print("first start, ms: " + ", ".join(f"{name} {ms:.0f}" for name, ms in answer["starts"].items()), flush=True)


def _part(rounds: list[dict[str, list[float]]], part: str) -> str:
    if part not in rounds[0]:
        return f"{'':>9}"
    return f"{np.median(np.concatenate([one[part] for one in rounds])):>9.2f}"


def _ratio(ours: list[dict[str, list[float]]], theirs: list[dict[str, list[float]]]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(_middle(mine["total"]) / _middle(other["total"]) for mine, other in pairs)


def _middle(values: list[float]) -> float:
    return statistics.median(values)


if __name__ == "__main__":
    main()
