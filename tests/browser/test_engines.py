"""The engines of the browser bundle in a real Chromium: they answer as Python does, and say what is wrong."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgekit.api.exporting import export
from edgekit.converters.base import NoOptions, get_converter
from edgekit.program import freeze
from edgekit.progress import SILENT
from edgekit.runtime.engines import find_engine
from edgekit.runtime.engines.base import Engine
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier
from tests.browser.conftest import Serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZE, CLASSES = 48, 5
TFJS = ("wasm", "webgl", "webgpu", "cpu")
LITERT = ("litert-wasm", "litert-webgpu")

# Answers of quantized kernels differ by some steps of 1/256 between implementations.
TOLERANCES = {"fp32": 1e-4, "uint8": 1e-4, "int8": 4 / 256}


@dataclass(frozen=True)
class Site:
    """What the browser is given, and what it should answer.

    Attributes:
        folder: with the engines, their WebAssembly and the models.
        address: of the folder, isolated from other origins.
        plain: of the folder without the headers that isolate.
        photos: (n, height, width, 3) uint8.
        answers: of each model in Python: (n, classes).
    """

    folder: Path
    address: str
    plain: str
    photos: NDArray[np.uint8]
    answers: dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, shared_data: Path, repository: Path, built_library: Path, serve: Serve
) -> Site:
    pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("engines")
    photos = _read_photos(shared_data)
    _export(folder / "models", photos)
    (folder / "engines").symlink_to(built_library.parent / "engines")
    (folder / "wasm").symlink_to(built_library / "wasm")
    shutil.copy(repository / "tests/browser/engines_worker.js", folder / "worker.js")
    (folder / "index.html").write_text('<!doctype html><link rel="icon" href="data:,"><title>Engines</title>')
    answers = {}
    for path in (*(folder / "models").glob("*.tflite"), *(folder / "models").glob("*.tfjs")):
        opened = find_engine(path).open_model(path, None, trust=True)
        answers[path.name] = _ask_python(opened.engine, photos)
        opened.engine.close()
    isolating = dict.fromkeys(("Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy"), "")
    return Site(folder, serve(folder), serve(folder, isolating), photos, answers)


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    page = chromium.new_page()
    page.goto(site.address)
    yield page
    page.close()


@pytest.mark.parametrize(
    ("engine", "precision"), [*((engine, "fp32") for engine in TFJS), ("wasm", "uint8"), ("webgl", "uint8")]
)
def test_tensorflow_js_answers_as_python_does(page: Page, site: Site, engine: str, precision: str) -> None:
    check(site, f"tiny.{precision}.tfjs", run(page, site, engine, f"tiny.{precision}.tfjs"))


@pytest.mark.parametrize(
    ("engine", "precision"), [("litert-wasm", "fp32"), ("litert-wasm", "int8"), (LITERT[1], "fp32")]
)
def test_litert_js_answers_as_python_does(page: Page, site: Site, engine: str, precision: str) -> None:
    answer = run(page, site, engine, f"tiny.{precision}.tflite")
    check(site, f"tiny.{precision}.tflite", answer)
    (given,), (told,) = answer["inputs"], answer["outputs"]
    assert (given["name"], given["shape"]) == ("image", [1, SIZE, SIZE, 3])
    assert (told["name"], told["shape"]) == ("probabilities", [1, CLASSES])
    quantized = precision == "int8"
    assert given["dtype"] == told["dtype"] == ("uint8" if quantized else "float32")
    assert (told["scale"] is not None) is quantized


@pytest.mark.parametrize(
    ("before", "beside", "engine", "model"),
    [
        (["wasm", "webgl", "cpu"], "webgl", "wasm", "tiny.fp32.tfjs"),
        (["wasm"], "wasm", "webgl", "tiny.fp32.tfjs"),
        (["litert-wasm", "litert-webgpu"], "litert-wasm", "litert-wasm", "tiny.fp32.tflite"),
    ],
)
def test_engines_come_and_go_in_one_worker(
    page: Page, site: Site, before: list[str], beside: str, engine: str, model: str
) -> None:
    inputs = [photo.tobytes() for photo in site.photos[:5]]
    answer = ask(page, engine, files_of(site, model), inputs, before=before, beside=beside)
    assert "error" not in answer, answer
    check(site, model, answer)


def test_graphics_in_software_are_told(page: Page, site: Site) -> None:
    for engine in ("webgl", "webgpu"):
        info = run(page, site, engine, "tiny.fp32.tfjs", photos=1)["info"]
        assert info["software"]
        assert "swiftshader" in info["adapter"].lower()
    assert not run(page, site, "wasm", "tiny.fp32.tfjs", photos=1)["info"]["software"]


@pytest.mark.parametrize(("engine", "model"), [("wasm", "tiny.fp32.tfjs"), ("litert-wasm", "tiny.fp32.tflite")])
def test_threads_compute_where_the_page_is_isolated(page: Page, site: Site, engine: str, model: str) -> None:
    many = run(page, site, engine, model, processors=8)
    assert many["info"]["threads"] == 4
    assert "4 threads" in many["info"]["kernels"]
    check(site, model, many)
    page.goto(site.plain)
    one = run(page, site, engine, model, processors=8)
    assert one["info"]["threads"] == 1
    assert "1 thread" in one["info"]["kernels"]
    check(site, model, one)


@pytest.mark.parametrize("engine", TFJS)
def test_rare_operations_fetch_the_other_kernels(page: Page, site: Site, engine: str) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    run(page, site, engine, "tiny.fp32.tfjs", photos=1)
    assert requests
    assert not any("/rest-" in url for url in requests)
    check(site, "rare.fp32.tfjs", run(page, site, engine, "rare.fp32.tfjs", photos=5))
    assert any("/rest-" in url for url in requests)


# Not webgpu: for a loop's condition it reads through a canvas, at which SwiftShader's WebGPU ends.
@pytest.mark.parametrize("engine", [engine for engine in TFJS if engine != "webgpu"])
def test_a_model_with_a_loop_runs(page: Page, site: Site, engine: str) -> None:
    check(site, "loop.fp32.tfjs", run(page, site, engine, "loop.fp32.tfjs", photos=5))


def test_each_engine_fetches_only_what_it_needs(page: Page, site: Site) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url.rsplit("/", 1)[-1]))
    run(page, site, "wasm", "tiny.fp32.tfjs", photos=1)
    fetched = {name for name in requests if name.endswith((".wasm", ".js"))}
    assert "tfjs-backend-wasm-simd.wasm" in fetched
    assert not [name for name in fetched if "litert" in name or "webg" in name or "threaded" in name]
    requests.clear()
    run(page, site, "litert-wasm", "tiny.fp32.tflite", photos=1)
    assert "litert_wasm_threaded_internal.wasm" in requests
    assert not [name for name in requests if "tfjs" in name or "compat" in name]


def test_a_quantized_model_on_litert_js_webgpu_is_refused(page: Page, site: Site) -> None:
    message = fail(page, site, "litert-webgpu", "tiny.int8.tflite")
    assert "image is uint8" in message
    assert "Choose the engine litert-wasm" in message


@pytest.mark.parametrize(
    ("engine", "file"), [("wasm", "tfjs-backend-wasm"), ("litert-wasm", "litert_wasm_threaded_internal")]
)
@pytest.mark.parametrize("ending", [".js", ".wasm"])
def test_a_missing_file_is_named(page: Page, site: Site, tmp_path: Path, engine: str, file: str, ending: str) -> None:
    name = file + ("-simd.wasm" if engine == "wasm" and ending == ".wasm" else ending)
    model = "tiny.fp32.tfjs" if engine == "wasm" else "tiny.fp32.tflite"
    with_hole = site.folder / f"wasm without {name}"
    shutil.copytree(site.folder / "wasm", with_hole, ignore=lambda _, names: [name])
    try:
        message = fail(page, site, engine, model, assets=f"{with_hole.name}/")
    finally:
        shutil.rmtree(with_hole)
    assert name in message
    assert "Are all files of the folder wasm there" in message


@pytest.mark.parametrize(
    ("engine", "file"), [("wasm", "tfjs-backend-wasm-simd"), ("litert-wasm", "litert_wasm_threaded_internal")]
)
def test_webassembly_of_another_content_is_refused(page: Page, site: Site, engine: str, file: str) -> None:
    model = "tiny.fp32.tfjs" if engine == "wasm" else "tiny.fp32.tflite"
    broken = site.folder / "broken wasm"
    shutil.copytree(site.folder / "wasm", broken)
    try:
        data = bytearray((broken / f"{file}.wasm").read_bytes())
        data[len(data) // 2] ^= 1
        (broken / f"{file}.wasm").write_bytes(data)
        message = fail(page, site, engine, model, assets="broken wasm/")
    finally:
        shutil.rmtree(broken)
    assert f"{file}.wasm cannot be used: it is not the file that belongs to this library" in message


def test_broken_models_are_refused_in_words(page: Page, site: Site) -> None:
    folder = site.folder / "models"
    document = json.loads((folder / "tiny.fp32.tfjs/model.json").read_text())
    weights = (folder / "tiny.fp32.tfjs/group1-shard1of1.bin").read_bytes()
    unknown = json.loads(json.dumps(document))
    unknown["modelTopology"]["node"][-1]["op"] = "Frobnicate"
    layers = {"format": "layers-model", "modelTopology": {}}
    for text, shard, expected in (
        ("{", weights, "model.json is broken"),
        ("[]", weights, "not of a TensorFlow.js graph model"),
        (json.dumps(layers), weights, "layers model"),
        (json.dumps(document), None, "weight file group1-shard1of1.bin is missing"),
        (json.dumps(document), weights[:1000], "TensorFlow.js cannot load the model"),
        (json.dumps(unknown), weights, "Frobnicate"),
    ):
        files = {"model.json": text.encode()} | ({} if shard is None else {"group1-shard1of1.bin": shard})
        message = fail_with_files(page, site, "wasm", files)
        assert expected in message, message
    data = (folder / "tiny.fp32.tflite").read_bytes()
    for broken in (b"", b"no model", data[: len(data) // 2]):
        message = fail_with_files(page, site, "litert-wasm", {"model.tflite": broken})
        assert "model.tflite" in message or "cannot load the model" in message


def test_an_input_of_another_size_is_refused(page: Page, site: Site) -> None:
    for engine, model in (("wasm", "tiny.fp32.tfjs"), ("litert-wasm", "tiny.fp32.tflite")):
        message = ask(page, engine, files_of(site, model), [bytes(100)])["message"]
        assert "The input image takes values of the shape" in message
        assert "not 100" in message


# ---- helpers ----


def run(page: Page, site: Site, engine: str, model: str, photos: int | None = None, processors: int = 0) -> Any:
    """What the engine answers to the first photos; fails where it throws."""
    inputs = [photo.tobytes() for photo in site.photos[:photos]]
    answer = ask(page, engine, files_of(site, model), inputs, processors=processors)
    assert "error" not in answer, answer
    assert answer["info"]["name"] == engine
    assert all(milliseconds >= 0 for times in answer["times"] for milliseconds in times)
    return answer


def fail(page: Page, site: Site, engine: str, model: str, assets: str = "wasm/") -> str:
    """The message of the error that an engine throws, which must be one for people."""
    answer = ask(page, engine, files_of(site, model), [site.photos[0].tobytes()], assets=assets)
    assert answer.get("error") == "EdgeKitError", answer
    return str(answer["message"])


def fail_with_files(page: Page, site: Site, engine: str, files: dict[str, bytes]) -> str:
    answer = ask(page, engine, list(files.items()), [site.photos[0].tobytes()])
    assert answer.get("error") == "EdgeKitError", answer
    return str(answer["message"])


def ask(
    page: Page,
    engine: str,
    files: Sequence[tuple[str, str | bytes]],
    inputs: Sequence[bytes],
    *,
    assets: str = "wasm/",
    processors: int = 0,
    before: Sequence[str] = (),
    beside: str | None = None,
) -> Any:
    """The worker's answer; files are addresses or contents."""
    request: dict[str, Any] = {"engine": engine, "assets": assets, "processors": processors}
    request |= {"before": list(before), "beside": beside}
    request["files"] = [(name, file if isinstance(file, str) else _encode(file)) for name, file in files]
    request["inputs"] = [_encode(data) for data in inputs]
    return page.evaluate(
        """(request) => new Promise((resolve) => {
            const worker = new Worker("worker.js", { type: "module" });
            const finish = (answer) => { worker.terminate(); resolve(answer); };
            worker.onmessage = ({ data }) => finish(data);
            worker.onerror = ({ message }) => finish({ error: "worker", message });
            const decode = ({ base64 }) => Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
            const files = request.files.map(([name, file]) => [name, file.base64 === undefined ? file : decode(file)]);
            worker.postMessage({ ...request, files, inputs: request.inputs.map(decode) });
        })""",
        request,
    )


def _encode(data: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(data).decode()}


def check(site: Site, model: str, answer: Any) -> None:
    """Compares probabilities with Python's, whose engine is another one."""
    (output,) = answer["outputs"]
    found = np.array([answers[0] for answers in answer["answers"]], np.float32)
    if output["scale"] is not None:
        found = (found - output["zeroPoint"]) * output["scale"]
    tolerance = TOLERANCES[model.split(".")[1]]
    wanted = site.answers[model][: len(found)]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)
    if ".fp32." in model:
        assert (found.argmax(1) == wanted.argmax(1)).all()
    assert np.ptp(wanted, axis=0).max() > 0.1, "the answers should differ between photos"


def files_of(site: Site, model: str) -> list[tuple[str, str | bytes]]:
    path = site.folder / "models" / model
    if path.is_file():
        return [(model, f"models/{model}")]
    return [(file.name, f"models/{model}/{file.name}") for file in sorted(path.iterdir())]


def _read_photos(shared_data: Path) -> NDArray[np.uint8]:
    """100 validation photos of all classes."""
    paths = sorted((shared_data / "flowers-224/val").glob("*/*.jpg"))[::5][:100]
    return np.stack([np.asarray(Image.open(path).convert("RGB").resize((SIZE, SIZE))) for path in paths])


def _ask_python(engine: Engine, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
    (given,), (told,) = engine.inputs, engine.outputs
    answers = [engine.run({given.name: photo[None].astype(given.dtype)})[told.name][0] for photo in photos]
    values = np.array(answers, np.float32)
    return values if told.scale is None else (values - told.zero_point) * np.float32(told.scale)


def _export(folder: Path, photos: NDArray[np.uint8]) -> None:
    """A small classifier of usual layers in all formats; one with rare operations and one with a loop for TF.js."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 127.5, -1)(image)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu6")(x)
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", activation="relu")(x))
    x = layers.GlobalAveragePooling2D()(layers.Add()([x, layers.Conv2D(8, 1)(x)]))
    wide = keras.initializers.RandomNormal(stddev=8)
    tiny = keras.Model(image, layers.Dense(CLASSES, activation="softmax", kernel_initializer=wide)(x))
    spec = image_classifier("tiny", [f"class {index}" for index in range(CLASSES)], ImageFormat(SIZE, SIZE))
    wanted = ("tflite:fp32", "tflite:int8", "tfjs:fp32", "tfjs:uint8")
    export(tiny, wanted, folder, calibration=photos, spec=spec, progress=SILENT)

    small = layers.AveragePooling2D(8)(layers.Rescaling(1 / 255)(image))
    rows = layers.Reshape((SIZE // 8, SIZE // 8 * 3))(small)
    waves = layers.Flatten()(keras.ops.sin(keras.ops.cumsum(rows, axis=1)))
    for name, features in (("rare", waves * 4), ("loop", layers.LSTM(6)(rows) * 40)):
        answer = layers.Dense(CLASSES, activation="softmax", kernel_initializer="random_normal")(features)
        _convert_to_tfjs(keras.Model(image, answer), name, folder)


def _convert_to_tfjs(model: Any, name: str, folder: Path) -> None:
    given = TensorSpec("image", (None, SIZE, SIZE, 3), "float32")
    spec = ModelSpec(name, "tensors", (given,), (TensorSpec("probabilities", (None, CLASSES), "float32"),))
    program = freeze(model, spec, folder / "program", None)
    get_converter("tfjs").convert(program, spec, "fp32", None, NoOptions(), folder / f"{name}.fp32.tfjs")
    shutil.rmtree(folder / "program")
