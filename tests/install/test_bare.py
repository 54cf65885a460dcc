"""The wheel and its base dependencies, in an empty environment: what comes in, what is imported, and that it works."""

from __future__ import annotations

import importlib.metadata
import json
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.install.environments import Environment, wheel_modules

ASKED_FOR = {"numpy", "pillow", "click", "ai-edge-litert"}

IMPORTED = {"edgekit", "numpy", "PIL", "ai_edge_litert", "tflite_runtime", "click", "module_recorder"}
"""All packages that the base install may import, beside Python's own."""

CLASSIFY = """
import sys, edgekit
with edgekit.load(sys.argv[1]) as model:
    print(model.engine.info)
    from edgekit.preprocess.compiled import library, library_name
    assert library() or not library_name(), "the wheel's compiled resize is not used"
    print(model.classify(sys.argv[2], top=1)[0].label)
"""


def packages_of(modules: set[str]) -> set[str]:
    tops = {name.partition(".")[0] for name in modules}
    own = {name for name in tops if name in sys.stdlib_module_names or name.startswith(("_", "cython_runtime"))}
    return tops - own


def closure(name: str) -> set[str]:
    """A distribution with all that it asks for, from the metadata in this environment."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = canonicalize_name(waiting.pop())
        if current in found:
            continue
        found.add(current)
        for line in importlib.metadata.requires(current) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return found


def test_nothing_comes_in_that_was_not_asked_for(bare: Environment) -> None:
    assert set(bare.packages) == {"edgekit"}.union(*map(closure, ASKED_FOR))
    for absent in ("tensorflow", "tensorflow-cpu", "keras", "matplotlib", "scipy", "pandas", "h5py", "onnx"):
        assert absent not in bare.packages


def test_the_wheel_has_all_of_edgekit_but_what_trains(wheel: Path, repository: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tree = wheel_modules(archive.namelist())
    assert set(tree) == {"edgekit", next(top for top in tree if top.endswith(".dist-info"))}
    modules = {
        path.relative_to(repository / "edgekit").as_posix()
        # Path.rglob does not follow the links to converters/ and targets/.
        for root in ("edgekit", "edgekit/converters", "edgekit/targets")
        for path in (repository / root).rglob("*.py")
        if "node_modules" not in path.parts
    }
    modules = {name for name in modules if not name.startswith(("training/", "report/training_page/"))}
    assert len(modules) > 100
    assert modules == {file for file in tree["edgekit"] if file.endswith(".py")}
    assert any(file.startswith("remote/agent") for file in tree["edgekit"])
    assert {"converters/tflite.py", "targets/raspberry_pi.py", "py.typed"} <= set(tree["edgekit"])
    native = {file for file in tree["edgekit"] if file.startswith("preprocess/native/")}
    assert native == {f"preprocess/native/linux-{machine}.so" for machine in ("x86_64", "aarch64", "armv7l")}
    assert not [file for file in tree["edgekit"] if file.startswith(("targets/browser", "targets/android"))]


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 1_000_000


def test_a_photo_is_classified(environment: Environment, own_model: Path, shared_data: Path, tmp_path: Path) -> None:
    photo = next((shared_data / "flowers-224/val/daisy").glob("*.jpg"))
    zoo = shared_data / "tflite-zoo/tflite-support"
    for model, label in (
        (own_model, None),
        (zoo / "mobilenet_v1_0.25_224_1_metadata_1.tflite", "daisy"),
        (zoo / "mobilenet_v1_0.25_224_quant.tflite", "daisy"),
    ):
        cache = {"EDGEKIT_CACHE": str(tmp_path / "cache")}
        printed, modules = environment.imports("python", "-c", CLASSIFY, str(model), str(photo), cwd=tmp_path, **cache)
        assert packages_of(modules) <= IMPORTED - {"click"}
        engine, answer = printed.splitlines()
        assert engine.startswith(("ai-edge-litert ", "tflite-runtime 2.14"))
        assert label in (None, answer)


@pytest.mark.parametrize("command", ["--help", "inspect", "predict", "bench"])
def test_a_command_imports_no_more(environment: Environment, shared_data: Path, tmp_path: Path, command: str) -> None:
    model = str(shared_data / "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_quant.tflite")
    photo = str(shared_data / "tflite-zoo/tflite-support/burger.jpg")
    words = {
        "--help": ["--help"],
        "inspect": ["inspect", model, "--json"],
        "predict": ["predict", model, photo, "--json"],
        "bench": ["bench", model, "--runs", "3", "--seconds", "0", "--warmup", "0", "--json"],
    }[command]
    printed, modules = environment.imports("edgekit", *words, cwd=tmp_path, EDGEKIT_CACHE=str(tmp_path / "cache"))
    assert packages_of(modules) <= IMPORTED
    if command == "--help":
        assert "numpy" not in modules
        return
    document = json.loads(printed)
    assert "error" not in document
    if command == "predict":
        assert document["photos"][0]["predictions"][0]["label"] == "cheeseburger"


def test_tensors_go_through_the_older_interpreter(older: Environment, shared_data: Path, tmp_path: Path) -> None:
    """tflite-runtime 2.14 and NumPy 1: text, two sizes of batch, and a refusal."""
    code = (
        "import sys, numpy as np, edgekit\n"
        "assert np.__version__.startswith('1.')\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        with edgekit.load(path) as model:\n"
        "            given = {i.name: np.zeros([s or 1 for s in i.shape], object if i.dtype == 'string' else i.dtype)\n"
        "                     for i in model.engine.inputs}\n"
        "            print(sorted(a.dtype.name for a in model.predict(given).values()))\n"
        "    except edgekit.EdgeKitError as error:\n"
        "        print(type(error).__name__, error)\n"
    )
    zoo = shared_data / "tflite-zoo"
    files = [
        zoo / "tflite-micro/hello_world_int8.tflite",
        zoo / "tflite-micro/trained_lstm.tflite",
        zoo / "tflite-micro/dtln_noise_suppression.tflite",
        zoo / "tflite-micro/audio_preprocessor_int8.tflite",
    ]
    done = older.run("python", "-c", code, *map(str, files), cwd=tmp_path, EDGEKIT_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    *numbers, refusal = done.stdout.splitlines()
    assert numbers == ["['int8']", "['float32']", "['int8']"]
    assert refusal.startswith("UnsupportedModelError")
    assert "'SignalWindow', which is not part of tflite-runtime 2.14.0" in refusal
