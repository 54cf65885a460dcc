"""The library in a real Chromium: from an address and a picture to what Python answers."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

import edgekit
from edgekit.preprocess import open_image, prepare
from edgekit.progress import SILENT
from edgekit.runtime.prediction import Prediction
from edgekit.spec import ImageFormat, Label, image_classifier
from tests.browser.conftest import FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Serve = Callable[..., str]

ENGINES = {
    "wasm": "fp32.tfjs",
    "webgl": "fp32.tfjs",
    "webgpu": "fp32.tfjs",
    "cpu": "fp32.tfjs",
    "litert-wasm": "fp32.tflite",
    "litert-webgpu": "fp32.tflite",
}
SIZE = 48, 40

KEPT = "caches.open(`edgekit-models ${new URL('manifest.json', location.href)}`).then((cache) => cache.keys())"
"""The model files that the browser keeps for the manifest of the page."""

HELPERS = """
globalThis.library = () => import(new URL("lib/index.js", document.baseURI).href);
globalThis.fetchBlob = async (path) => (await fetch(path)).blob();
globalThis.toBase64 = (bytes) => {
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(text);
};
globalThis.messageOf = async (work) => {
  try {
    await work();
    return "nothing went wrong";
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """A small network with random weights, whose answers depend on the photo, in all formats."""
    pytest.importorskip("tensorflow", reason="needs the extra 'tensorflow'")
    import keras

    keras.utils.set_random_seed(3)
    width, height = SIZE
    pixels = keras.Input((height, width, 3))
    x = keras.layers.Conv2D(8, 3, 2, activation="relu")(keras.layers.Rescaling(1 / 127.5, -1)(pixels))
    x = keras.layers.DepthwiseConv2D(3, padding="same", activation="relu6")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    wide = keras.initializers.RandomNormal(stddev=5)
    model = keras.Model(pixels, keras.layers.Dense(6, "softmax", kernel_initializer=wide)(x))
    labels = tuple(Label(f"c{i}", {"en": f"class {i}", "de": f"Klasse {i}"}) for i in range(6))
    spec = image_classifier("small", labels, ImageFormat(width, height))
    photos = [prepare(path, spec.inputs[0].image) for path in jpegs(shared_data, 8)]  # type: ignore[arg-type]
    folder = tmp_path_factory.mktemp("dist")
    to = "tflite:fp32,tflite:int8,tfjs:fp32"
    edgekit.export(model, to, folder, spec=spec, calibration=np.stack(photos), progress=SILENT)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """Photos as they come from cameras and drawing programs: turned, with a profile, grey, translucent, ..."""
    folder = tmp_path_factory.mktemp("photos")
    for place, path in enumerate(jpegs(shared_data, 6)):
        shutil.copy(path, folder / f"{place}.jpg")
    photo = Image.open(folder / "0.jpg").resize((150, 101))
    photo.save(folder / "profile.jpg", icc_profile=swapped_profile())
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        photo.save(folder / f"turned{orientation}.jpg", exif=exif)
        photo.save(folder / f"turned{orientation}.webp", exif=exif, lossless=True)
    noise = np.random.default_rng(4).integers(0, 256, (60, 70, 4), np.uint8)
    Image.fromarray(noise).save(folder / "translucent.png")
    Image.fromarray(noise[..., :2], "LA").save(folder / "grey-translucent.png")
    Image.fromarray(noise).save(folder / "translucent.webp", lossless=True, exact=True)
    exif[0x0112] = 6
    Image.fromarray(noise).save(folder / "turned-translucent.webp", lossless=True, exact=True, exif=exif)
    broken = exif.tobytes()[:20]
    photo.save(folder / "damaged-exif.webp", exif=broken, lossless=True)
    photo.save(
        folder / "twice-named.webp", exif=b"Exif\0\0" * 2 + exif.tobytes().removeprefix(b"Exif\0\0"), lossless=True
    )
    photo.convert("L").save(folder / "grey.jpg")
    photo.quantize(32).save(folder / "palette.png")
    photo.save(folder / "photo.webp")
    photo.crop((0, 0, 1, 101)).save(folder / "narrow.png")
    return folder


def swapped_profile() -> bytes:
    """SRGB's profile with red and blue exchanged: whoever applies it gets other pixels."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"\0tmp").replace(b"bXYZ", b"rXYZ").replace(b"\0tmp", b"bXYZ")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, built_library: Path, dist: Path, photos: Path) -> Path:
    """Library, models, photos and a manifest."""
    return make_site(tmp_path_factory.mktemp("site"), built_library, dist, photos)


def make_site(folder: Path, library: Path, dist: Path, photos: Path) -> Path:
    (folder / "lib").symlink_to(library)
    (folder / "photos").symlink_to(photos)
    shutil.copytree(dist, folder / "models", ignore=shutil.ignore_patterns("logs"))
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Test</title>'
    )
    models = []
    for path in sorted((folder / "models").glob("*.tf*")):
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        url = f"models/{path.name}" + ("/model.json" if path.is_dir() else "")
        listed = [
            {
                "path": file.relative_to(folder).as_posix(),
                "bytes": file.stat().st_size,
                "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            }
            for file in files
        ]
        size = sum(file.stat().st_size for file in files)
        name, precision, kind = path.name.rsplit(".", 2)
        assert name == "small"
        models.append(
            {"id": path.name, "format": kind, "precision": precision, "url": url, "bytes": size, "files": listed}
        )
    (folder / "manifest.json").write_text(json.dumps({"schema": 1, "name": "small", "models": models, "app": []}))
    return folder


def jpegs(shared_data: Path, count: int) -> list[Path]:
    return sorted((shared_data / "flowers-224" / "val").glob("*/*.jpg"))[:: 550 // count][:count]


@pytest.fixture(scope="module")
def address(serve: Serve, site: Path) -> str:
    return serve(site)


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """An empty page of the site, in a browser that has seen nothing yet. No error stays unheard."""
    with chromium.new_context() as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(HELPERS)
        page.goto(address)
        yield page
        assert errors == []


CLASSIFY_ALL = """
async ([id, engine, names]) => {
  const { load } = await library();
  const model = await load(`manifest.json#${id}`, { engine });
  const answers = {};
  for (const name of names) {
    const { predictions, seen, times } = await model.classify(await fetchBlob(`photos/${name}`), { top: 6 });
    answers[name] = { predictions, seen: toBase64(seen.pixels), size: [seen.width, seen.height, seen.channels], times };
  }
  return { answers, engine: model.engine, spec: model.spec, tried: model.tried };
}
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_photos_are_seen_and_answered_as_in_python(engine: str, page: Page, dist: Path, photos: Path) -> None:
    artifact = f"small.{ENGINES[engine]}"
    names = sorted(path.name for path in photos.iterdir())
    answered = page.evaluate(CLASSIFY_ALL, [artifact, engine, names])
    assert answered["engine"]["name"] == engine
    assert answered["tried"] == [{"engine": engine, "ms": None, "reason": "asked for"}]
    with edgekit.load(dist / "small.fp32.tflite") as python:
        assert python.spec is not None
        best = set()
        for name in names:
            got = answered["answers"][name]
            assert got["size"] == [*SIZE, 3]
            seen = np.frombuffer(base64.b64decode(got["seen"]), np.uint8).reshape(SIZE[1], SIZE[0], 3)
            np.testing.assert_array_equal(seen, prepare(photos / name, python.spec.inputs[0].image), name)  # type: ignore[arg-type]
            check_predictions(got["predictions"], python.classify(photos / name, 6), 1e-4)
            best.add(got["predictions"][0]["label"])
            assert all(got["times"][part] >= 0 for part in ("decode", "prepare", "run", "read"))
            assert got["times"]["total"] >= got["times"]["run"]
        assert len(best) > 1, "the test's model answers the same to all photos"
        assert [label["id"] for label in answered["spec"]["labels"]] == [label.id for label in python.spec.labels]


def test_a_quantized_model_answers_about_as_in_python(page: Page, dist: Path, photos: Path) -> None:
    answered = page.evaluate(CLASSIFY_ALL, ["small.int8.tflite", "litert-wasm", ["0.jpg", "1.jpg", "turned6.jpg"]])
    with edgekit.load(dist / "small.int8.tflite") as python:
        for name, got in answered["answers"].items():
            by_label = {one.label: one.probability for one in python.classify(photos / name, 6)}
            for one in got["predictions"]:
                # Kernels round differently: some of 256 steps.
                assert one["probability"] == pytest.approx(by_label[one["label"]], abs=0.06)


def check_no_worker_is_left(page: Page) -> None:
    for _ in range(100):  # a browser tells of their end a little later
        if not page.workers:
            return
        page.wait_for_timeout(50)
    assert page.workers == []


def check_predictions(got: list[dict[str, Any]], wanted: list[Prediction], tolerance: float) -> None:
    by_label = {one.label: one for one in wanted}
    probabilities = [one["probability"] for one in got]
    assert probabilities == sorted(probabilities, reverse=True)
    for one in got:
        python = by_label.pop(one["label"])
        assert one["probability"] == pytest.approx(python.probability, abs=tolerance)
        assert (one["index"], one["name"]) == (python.index, python.name)
    assert by_label == {}


EVERY_KIND = """
async () => {
  const { load } = await library();
  const model = await load("manifest.json#small.fp32.tflite", { engine: "litert-wasm" });
  const blob = await fetchBlob("photos/0.jpg");
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(blob, options);
  const { width, height } = bitmap;
  const paint = (canvas) => {
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return context;
  };
  const image = new Image();
  image.src = "photos/0.jpg";
  const canvas = document.createElement("canvas");
  const data = paint(canvas).getImageData(0, 0, width, height);
  const offscreen = new OffscreenCanvas(width, height);
  paint(offscreen);
  const frame = new VideoFrame(offscreen, { timestamp: 0 });
  const kinds = { blob, file: new File([blob], "a.jpg"), bitmap, image, canvas, offscreen, data, frame };
  const seen = {};
  for (let round = 0; round < 2; round++) {
    for (const [kind, picture] of Object.entries(kinds)) {
      const answer = await model.classify(picture);
      seen[`${kind} ${round}`] = toBase64(answer.seen.pixels);
    }
  }
  return { seen, left: [bitmap.width, frame.codedWidth, data.data.length] };
}
"""


def test_every_kind_of_picture_is_taken_and_stays_usable(page: Page, dist: Path, photos: Path) -> None:
    answered = page.evaluate(EVERY_KIND)
    wanted = base64.b64encode(prepare(photos / "0.jpg", ImageFormat(*SIZE)).tobytes()).decode()
    assert {kind for kind, seen in answered["seen"].items() if seen != wanted} == set()
    assert len(answered["seen"]) == 16
    width, height = Image.open(photos / "0.jpg").size
    assert answered["left"] == [width, width, width * height * 4]


VIDEO = """
async () => {
  const { load } = await library();
  const model = await load("manifest.json#small.fp32.tfjs", { engine: "wasm" });
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 240;
  const context = canvas.getContext("2d");
  const paint = setInterval(() => {
    context.fillStyle = `hsl(${performance.now() % 360} 80% 50%)`;
    context.fillRect(0, 0, 320, 240);
  }, 10);
  const video = document.createElement("video");
  const early = await messageOf(() => model.classify(video));
  video.muted = true;
  video.srcObject = canvas.captureStream();
  await video.play();
  const burst = await Promise.all([1, 2, 3, 4].map(() => model.classify(video)));
  const photo = await fetchBlob("photos/0.jpg");
  const photos = await Promise.all([1, 2, 3].map(() => model.classify(photo)));
  const busy = model.classify(photo);
  const during = await model.classify(video);
  await busy;
  const after = await model.classify(video);
  clearInterval(paint);
  return { early, burst: burst.map(Boolean), photos: photos.map(Boolean), during, after: after.predictions.length };
}
"""


def test_frames_are_dropped_and_photos_wait(page: Page) -> None:
    answered = page.evaluate(VIDEO)
    assert answered == {
        "early": "EdgeKitError: The video shows no picture yet. Wait for its event loadeddata.",
        "burst": [True, False, False, False],
        "photos": [True, True, True],
        "during": None,
        "after": 5,
    }


INSECURE = """
async () => {
  const { load } = await library();
  const answers = { secure: isSecureContext, isolated: crossOriginIsolated };
  for (const id of ["small.fp32.tfjs", "small.int8.tflite"]) {
    const model = await load(`manifest.json#${id}`);
    const { predictions, seen } = await model.classify(await fetchBlob("photos/turned6.jpg"));
    const { pixels } = (await model.classify(await createImageBitmap(await fetchBlob("photos/0.jpg")))).seen;
    answers[id] = { tried: model.tried, predictions, seen: [seen.pixels, pixels].map(toBase64) };
    model.dispose();
  }
  return answers;
}
"""


def test_a_page_on_a_plain_network_works_without_what_it_cannot_have(
    chromium: Browser, chromium_path: str, address: str, dist: Path, photos: Path
) -> None:
    flags = [*FLAGS, "--host-resolver-rules=MAP phone.test 127.0.0.1"]
    browser = chromium.browser_type.launch(executable_path=chromium_path, args=flags)
    try:
        page = browser.new_page()
        page.add_init_script(HELPERS)
        page.goto(address.replace("127.0.0.1", "phone.test"))
        told = page.evaluate(INSECURE)
    finally:
        browser.close()
    assert (told.pop("secure"), told.pop("isolated")) == (False, False)
    for artifact, got in told.items():
        tried = {one["engine"]: one["reason"] for one in got["tried"]}
        assert tried.pop("litert-webgpu" if "tflite" in artifact else "webgpu") == (
            "WebGPU needs a secure context (https, or localhost)"
        )
        assert "the fastest" in tried.values()
        with edgekit.load(dist / "small.fp32.tflite") as python:
            check_predictions(
                got["predictions"], python.classify(photos / "turned6.jpg"), 1e-4 if "fp32" in artifact else 0.1
            )
        wanted = [prepare(photos / name, ImageFormat(*SIZE)).tobytes() for name in ("turned6.jpg", "0.jpg")]
        assert [base64.b64decode(seen) for seen in got["seen"]] == wanted


BENCHMARK = """
async () => {
  const { load } = await library();
  const model = await load("manifest.json#small.fp32.tfjs", { engine: "cpu" });
  const shares = [];
  let [ticks, running] = [0, true];
  const tick = () => { ticks += 1; if (running) setTimeout(tick); };
  setTimeout(tick);
  const protocol = { warmup_runs: 2, warmup_seconds: 0, min_runs: 40, min_seconds: 0.5 };
  const result = await model.benchmark(protocol, (share) => shares.push(share));
  running = false;
  const wrong = await messageOf(() => model.benchmark({ min_runs: 0 }));
  return { result, shares, ticks, wrong };
}
"""


def test_a_benchmark_runs_in_the_worker_while_the_page_goes_on(page: Page) -> None:
    answered = page.evaluate(BENCHMARK)
    result = answered["result"]
    assert result["latency"]["runs"] == len(result["durations"]) >= 40
    assert result["protocol"] == {
        "warmup_runs": 2,
        "warmup_seconds": 0,
        "min_runs": 40,
        "min_seconds": 0.5,
        "max_seconds": 60,
    }
    assert sum(result["durations"]) == pytest.approx(result["latency"]["seconds"] * 1000)
    assert result["read"]["p50"] <= result["latency"]["p50"]
    assert min(result["load_ms"], result["first_call_ms"], result["latency"]["p50"]) > 0
    assert result["engine"]["name"] == "cpu"
    assert result["valid"] == (result["reasons"] == [])
    assert result["secure_context"]
    assert result["cross_origin_isolated"]
    assert answered["shares"] == sorted(answered["shares"])
    assert answered["shares"][-1] == 1
    # A page whose own thread computed would have had no turn at all.
    assert answered["ticks"] > 20
    assert answered["wrong"] == "EdgeKitError: The number of runs must be positive. Got: 0, warm-up 10."


LOAD = """
async ([url, options]) => {
  const { load } = await library();
  const progress = [];
  const model = await load(url, { ...options, onProgress: (...counts) => progress.push(counts) });
  const { tried, engine, spec } = model;
  const best = (await model.classify(await fetchBlob("photos/1.jpg"))).predictions[0];
  model.dispose();
  return { tried, engine, spec, best, progress };
}
"""


def test_the_fastest_engine_is_found_once_and_remembered(page: Page) -> None:
    first = page.evaluate(LOAD, ["manifest.json#small.fp32.tfjs", {}])
    tried = {one["engine"]: one for one in first["tried"]}
    assert set(tried) == {"wasm", "webgpu", "webgl"}
    assert first["engine"]["name"] == "wasm"
    assert tried["wasm"]["reason"] == "the fastest"
    assert tried["wasm"]["ms"] > 0
    # A processor that imitates a graphics adapter is never the fastest.
    assert tried["webgl"]["ms"] is None
    assert "imitates" in tried["webgl"]["reason"]
    second = page.evaluate(LOAD, ["manifest.json#small.fp32.tfjs", {}])
    assert second["tried"] == [
        {"engine": "wasm", "ms": tried["wasm"]["ms"], "reason": "the fastest when all were tried"}
    ]
    assert second["best"] == first["best"]


def test_an_engine_that_fails_is_replaced_without_a_fuss(
    chromium: Browser, serve: Serve, built_library: Path, dist: Path, photos: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    shutil.copytree(built_library, library, ignore=shutil.ignore_patterns("*.wasm"))
    (tmp_path / "site").mkdir()
    with chromium.new_context() as context:
        page = context.new_page()
        page.add_init_script(HELPERS)
        page.goto(serve(make_site(tmp_path / "site", library, dist, photos)))
        for _ in range(2):  # what only just works is not remembered
            answered = page.evaluate(LOAD, ["manifest.json#small.fp32.tfjs", {}])
            tried = {one["engine"]: one for one in answered["tried"]}
            assert answered["engine"]["name"] == "cpu"
            assert list(tried) == ["wasm", "webgpu", "webgl", "cpu"]
            assert ".wasm" in tried["wasm"]["reason"]
            assert "cannot be fetched" in tried["wasm"]["reason"]
        message = page.evaluate("() => messageOf(async () => (await library()).load('models/small.fp32.tflite'))")
        assert message.startswith("EdgeKitError: small.fp32.tflite runs in no engine here. litert-wasm: ")
        assert "litert-webgpu: " in message
        for worker in (library / "assets").glob("main-*.js"):
            worker.unlink()
        message = page.evaluate("() => messageOf(async () => (await library()).load('models/small.fp32.tflite'))")
        assert message.startswith("EdgeKitError: The library's worker cannot be started.")


def test_a_remembered_engine_that_fails_now_is_forgotten(page: Page) -> None:
    first = page.evaluate(LOAD, ["manifest.json#small.fp32.tflite", {}])
    assert first["engine"]["name"] == "litert-wasm"
    page.evaluate("""() => {
      const [key] = Object.keys(localStorage).filter((key) => key.startsWith("edgekit:engine:"));
      localStorage.setItem(key, localStorage.getItem(key).replace("litert-wasm", "litert-none"));
    }""")
    second = page.evaluate(LOAD, ["manifest.json#small.fp32.tflite", {}])
    assert second["engine"]["name"] == "litert-wasm"
    assert len(second["tried"]) == 2


def test_files_come_once_and_their_progress_is_told(page: Page, site: Path) -> None:
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    size = sum(path.stat().st_size for path in (site / "models" / "small.fp32.tfjs").iterdir())
    for turn in range(2):
        asked.clear()
        loaded = page.evaluate(LOAD, ["manifest.json#small.fp32.tfjs", {"engine": "wasm"}])
        assert sum("/models/" in url for url in asked) == (0 if turn else 2)
        counts = [count for count, _ in loaded["progress"]]
        assert counts == sorted(counts)
        assert loaded["progress"][-1] == [size, size]
        assert any(url.endswith("manifest.json") for url in asked)


def test_a_model_without_a_manifest_is_loaded_by_its_own_address(page: Page, site: Path) -> None:
    for url in ("models/small.fp32.tfjs/model.json", "models/small.fp32.tflite"):
        loaded = page.evaluate(LOAD, [url, {}])
        path = site / url
        size = sum(one.stat().st_size for one in (path.parent.iterdir() if path.name == "model.json" else [path]))
        assert loaded["progress"][-1] == [size, size]
        assert loaded["spec"]["name"] == "small"
        assert loaded["best"]["probability"] > 1 / 6


def test_what_is_not_the_file_of_the_manifest_is_refused(
    chromium: Browser, serve: Serve, built_library: Path, dist: Path, photos: Path, tmp_path: Path
) -> None:
    site = make_site(tmp_path, built_library, dist, photos)
    weights = next((site / "models" / "small.fp32.tfjs").glob("*.bin"))
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with chromium.new_context() as context:
        page = context.new_page()
        page.add_init_script(HELPERS)
        page.goto(serve(site))
        message = page.evaluate(
            "() => messageOf(async () => (await library()).load('manifest.json#small.fp32.tfjs', { engine: 'wasm' }))"
        )
        assert message.startswith("EdgeKitError: ")
        assert weights.name in message
        weights.write_bytes(whole)
        loaded = page.evaluate(LOAD, ["manifest.json#small.fp32.tfjs", {"engine": "wasm"}])
        # A cache that was damaged is no danger either, and no error.
        changed = page.evaluate("""async () => {
          const cache = await caches.open(`edgekit-models ${new URL("manifest.json", location.href)}`);
          const keys = await cache.keys();
          for (const key of keys) await cache.put(key, new Response("nonsense"));
          return keys.length;
        }""")
        assert changed == 2
        again = page.evaluate(LOAD, ["manifest.json#small.fp32.tfjs", {"engine": "wasm"}])
        assert again["best"] == loaded["best"]
        # Files that the manifest no longer lists leave the cache.
        document = json.loads((site / "manifest.json").read_text())
        document["models"] = [model for model in document["models"] if model["format"] == "tflite"]
        (site / "manifest.json").write_text(json.dumps(document))
        page.evaluate(LOAD, ["manifest.json#small.fp32.tflite", {"engine": "litert-wasm"}])
        page.wait_for_function(f"async () => (await {KEPT}).length === 1")


def test_a_site_leaves_the_models_of_another_alone(
    chromium: Browser, serve: Serve, built_library: Path, dist: Path, photos: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = make_site(tmp_path / "a", built_library, dist, photos)
    make_site(tmp_path / "b", built_library, dist, photos)
    model = ["manifest.json#small.fp32.tflite", {"engine": "litert-wasm"}]
    with chromium.new_context() as context:
        page = context.new_page()
        page.add_init_script(HELPERS)
        origin = serve(tmp_path)
        for name in ("a/", "b/"):
            page.goto(origin + name)
            page.evaluate(LOAD, model)
        document = json.loads((first / "manifest.json").read_text())
        document["models"] = [one for one in document["models"] if one["id"] == "small.int8.tflite"]
        (first / "manifest.json").write_text(json.dumps(document))
        page.goto(f"{origin}a/")
        page.evaluate(LOAD, ["manifest.json", {"engine": "litert-wasm"}])
        (int8,) = document["models"][0]["files"]
        page.wait_for_function(
            f"async (digest) => (await {KEPT}).every((key) => key.url.endsWith(digest))", arg=int8["sha256"]
        )
        page.goto(f"{origin}b/")
        (tmp_path / "b" / "models" / "small.fp32.tflite").unlink()
        assert page.evaluate(LOAD, model)["best"]["probability"] > 1 / 6


MESSAGES = """
async (calls) => {
  const { load } = await library();
  const messages = [];
  for (const [url, options] of calls) messages.push(await messageOf(() => load(url, options)));
  return messages;
}
"""


def test_what_goes_wrong_is_told_in_a_sentence(page: Page, site: Path) -> None:
    broken = site / "broken"
    broken.mkdir(exist_ok=True)
    (broken / "model.json").write_text('{"format": "graph-model"')
    (broken / "cut.tflite").write_bytes((site / "models" / "small.fp32.tflite").read_bytes()[:999])
    (broken / "text.tflite").write_text("<!doctype html> Not found")
    (broken / "list.json").write_text("[]")
    calls: list[tuple[str, dict[str, str], str]] = [
        ("broken/model.json", {}, "model.json"),
        ("broken/cut.tflite", {}, "cut.tflite"),
        ("broken/text.tflite", {}, "text.tflite"),
        ("broken/list.json", {}, "is no manifest of EdgeKit: it is no object"),
        ("broken/none.json", {}, "the server answered 404"),
        ("models/none.tflite", {}, "the server answered 404"),
        ("index.html", {}, "is no JSON. Give the address of a .tflite, of a model.json, or of a site's manifest.json."),
        ("manifest.json#none", {}, "has no model none. Its models: small."),
        ("manifest.json#small.fp32.tfjs", {"engine": "litert-wasm"}, "Choose one of: wasm, webgl, webgpu, cpu."),
        ("http://127.0.0.1:9/manifest.json", {}, "cannot be fetched"),
        # Percent signs that stand for nothing.
        ("manifest.json#%zz", {}, "has no model %zz. Its models: small."),
        ("models/a%zz.tflite", {}, "a%zz.tflite cannot be fetched: the server answered 404"),
    ]
    messages = page.evaluate(MESSAGES, [call[:2] for call in calls])
    for (url, _, wanted), message in zip(calls, messages, strict=True):
        assert message.startswith("EdgeKitError: "), (url, message)
        assert wanted in message, (url, message)
        assert len(message) < 500
        assert "\n" not in message
    check_no_worker_is_left(page)


PICTURES = """
async () => {
  const { load, EdgeKitError } = await library();
  const model = await load("manifest.json#small.fp32.tflite", { engine: "litert-wasm" });
  const half = (await fetchBlob("photos/0.jpg")).slice(0, 300);
  return {
    empty: await messageOf(() => model.classify(new File([], "empty.jpg"))),
    text: await messageOf(() => model.classify(new File(["Hello"], "hello.txt", { type: "text/plain" }))),
    cut: await messageOf(() => model.classify(new File([half], "cut.jpg", { type: "image/jpeg" }))),
    top: await messageOf(() => model.classify(half, { top: 0 })),
    image: await messageOf(() => model.classify(new Image())),
    things: await Promise.all(
      [undefined, null, "photo.jpg", {}, new ArrayBuffer(9)].map((thing) => messageOf(() => model.classify(thing))),
    ),
    after: (await model.classify(await fetchBlob("photos/0.jpg"))).predictions.length,
    kind: await model.classify(new Blob([])).catch((error) => error instanceof EdgeKitError),
  };
}
"""


def test_a_picture_that_cannot_be_read_leaves_the_model_usable(page: Page) -> None:
    told = page.evaluate(PICTURES)
    assert told == {
        "empty": "EdgeKitError: empty.jpg is empty. Choose another photo.",
        "text": "EdgeKitError: hello.txt cannot be read as a photo: it is text/plain. Save it as JPEG or PNG.",
        "cut": "EdgeKitError: cut.jpg cannot be read as a photo: it is damaged, or of a format that this browser does "
        "not know. Save it as JPEG or PNG.",
        "top": "EdgeKitError: top must be a whole number from 1 on. Got: 0.",
        "image": "EdgeKitError: The image element shows no picture. Is its address right?",
        "things": [
            "EdgeKitError: classify takes a Blob, ImageBitmap, ImageData, VideoFrame, canvas, image or video. "
            f"Got: {kind}."
            for kind in ("Undefined", "Null", "String", "Object", "ArrayBuffer")
        ],
        "after": 5,
        "kind": True,
    }


FOREIGN = """
async (origin) => {
  const { load } = await library();
  const model = await load("manifest.json#small.fp32.tflite", { engine: "litert-wasm" });
  const show = (crossOrigin) => new Promise((done) => {
    const image = new Image();
    image.onload = () => done(image);
    image.crossOrigin = crossOrigin;
    image.src = `${origin}0.jpg`;
  });
  const image = await show(null);
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").drawImage(image, 0, 0);
  return {
    messages: await Promise.all([image, canvas].map((picture) => messageOf(() => model.classify(picture)))),
    allowed: (await model.classify(await show("anonymous"))).predictions.length,
  };
}
"""


def test_a_picture_of_another_server_needs_its_leave(chromium: Browser, serve: Serve, site: Path, photos: Path) -> None:
    here = serve(site, headers={"Content-Security-Policy": "", "Cross-Origin-Embedder-Policy": ""})
    leave = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}
    with chromium.new_context() as context:
        page = context.new_page()
        page.add_init_script(HELPERS)
        page.goto(here)
        told = page.evaluate(FOREIGN, serve(photos, headers=leave))
    assert told["allowed"] == 5
    assert told["messages"] == 2 * [
        "EdgeKitError: The picture cannot be read: it is another server's. Set the element's attribute crossorigin, "
        "and let that server send Access-Control-Allow-Origin."
    ]


PREDICT = """
async (pixels) => {
  const { load } = await library();
  const bytes = Uint8Array.from(atob(pixels), (character) => character.charCodeAt(0));
  const answers = {};
  for (const [id, engine] of [["small.fp32.tfjs", "wasm"], ["small.fp32.tflite", "litert-wasm"]]) {
    const model = await load(`manifest.json#${id}`, { engine });
    const [{ name }] = model.inputs;
    const output = (await model.predict({ [name]: bytes }))[model.outputs[0].name];
    const floats = (await model.predict({ [name]: Float32Array.from(bytes) }))[model.outputs[0].name];
    answers[engine] = {
      values: [...output],
      floats: [...floats],
      own: output.buffer.byteLength === output.byteLength,
      name: await messageOf(() => model.predict({ other: bytes })),
      size: await messageOf(() => model.predict({ [name]: bytes.subarray(1) })),
      code: await messageOf(() => model.predict({ [name]: () => bytes })),
    };
    model.dispose();
    answers[engine].after = await messageOf(() => model.predict({ [name]: bytes }));
  }
  return answers;
}
"""


def test_tensors_are_answered_as_in_python(page: Page, dist: Path) -> None:
    pixels: NDArray[np.uint8] = np.random.default_rng(7).integers(0, 256, (1, SIZE[1], SIZE[0], 3), np.uint8)
    answered = page.evaluate(PREDICT, base64.b64encode(pixels.tobytes()).decode())
    with edgekit.load(dist / "small.fp32.tflite") as python:
        wanted = python.predict(pixels)[0]
    for got in answered.values():
        np.testing.assert_allclose(got["values"], wanted, atol=1e-5)
        assert got["floats"] == got["values"]
        assert got["own"]
        assert "The model takes an object with " in got["name"]
        assert got["code"] == "EdgeKitError: What was given cannot be sent to the model's worker."
        assert got["name"].endswith("Got: other.")
        assert "takes 5760 values" in got["size"]
        assert got["size"].endswith("Got: 5759.")
        assert got["after"] == "EdgeKitError: The model has been disposed of."
    check_no_worker_is_left(page)


ABORT = """
async () => {
  const { load } = await library();
  const own = new AbortController();
  const url = "manifest.json#small.fp32.tfjs";
  const late = messageOf(() => load(url, { signal: own.signal, onProgress: () => own.abort() }));
  const early = messageOf(() => load(url, { signal: AbortSignal.abort() }));
  const model = await load("manifest.json#small.fp32.tflite", { engine: "litert-wasm" });
  const waiting = messageOf(() => model.benchmark({ min_seconds: 30 }));
  setTimeout(() => model.dispose(), 100);
  const names = {};
  const other = await load(url, { engine: "wasm" });
  for (const language of ["de", "de-AT", "fr", undefined]) {
    const { predictions } = await other.classify(await fetchBlob("photos/0.jpg"), { language, top: 1 });
    names[language] = predictions[0].name.split(" ")[0];
  }
  document.documentElement.lang = "de";
  names.page = (await other.classify(await fetchBlob("photos/0.jpg"), { top: 1 })).predictions[0].name.split(" ")[0];
  other.dispose();
  return { late: await late, early: await early, waiting: await waiting, names };
}
"""


def test_loading_is_cancelled_models_are_disposed_of_and_names_have_a_language(page: Page) -> None:
    told = page.evaluate(ABORT)
    assert told["late"].startswith("AbortError: ")
    assert told["early"].startswith("AbortError: ")
    assert told["waiting"] == "EdgeKitError: The model has been disposed of."
    assert told["names"] == {"de": "Klasse", "de-AT": "Klasse", "fr": "class", "undefined": "class", "page": "Klasse"}
    check_no_worker_is_left(page)


def test_the_manifest_lists_what_there_is(page: Page, site: Path) -> None:
    manifest = page.evaluate("async () => (await library()).readManifest('manifest.json')")
    assert [model["id"] for model in manifest["models"]] == [
        "small.fp32.tfjs",
        "small.fp32.tflite",
        "small.int8.tflite",
    ]
    assert manifest["url"].endswith("/manifest.json")


def test_the_photos_are_what_their_names_say(page: Page, photos: Path) -> None:
    """Or they would prove nothing: taken without care, their pixels are other ones."""
    careless = """async (name) => {
      const bitmap = await createImageBitmap(await fetchBlob(`photos/${name}`));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      return toBase64(context.getImageData(0, 0, bitmap.width, bitmap.height).data);
    }"""
    assert Image.open(photos / "turned6.jpg").size == open_image(photos / "turned6.jpg").size[::-1]
    assert Image.open(photos / "turned6.webp").size == open_image(photos / "turned6.webp").size[::-1]
    for name in ("profile.jpg", "translucent.png", "translucent.webp"):
        seen = np.frombuffer(base64.b64decode(page.evaluate(careless, name)), np.uint8)
        with open_image(photos / name) as image:
            rgba = np.asarray(image.convert("RGBA")).reshape(-1)
        assert np.abs(seen.astype(int) - rgba).max() > 20, name
