"""Which packages EdgeKit and its extras ask for, and which of them are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from edgekit.doctor.requirements import Requirement, parse_requirement, this_environment
from edgekit.errors import install_command

BRINGS = {
    "train": "Trains models on photos of your own, and draws what came of it.",
    "tensorflow": "Runs the training, and converts trained models to TFLite.",
    "jax": "Runs the training with Keras on JAX (KERAS_BACKEND=jax), on one device or many.",
    "gpu": "TensorFlow with CUDA, to train on an NVIDIA GPU under Linux.",
    "tensorboard": "Logs of a training for TensorBoard (--tensorboard), together with TensorFlow.",
    "coreml": "Converts to Core ML and checks the result, together with TensorFlow.",
    "onnx": "Converts to ONNX, together with TensorFlow, and runs ONNX files.",
    "tfjs": "Runs TensorFlow.js models in Node.js.",
    "camera": "Reads USB and network cameras and video files, for edgekit predict.",
    "browser": "Drives an installed browser to measure in it, and shows sites on phones: QR codes, certificates.",
    "legacy": "Opens models of Keras 2, .h5 and .keras.",
    "all": "Training, and exporting to every format, with TensorFlow.",
}
"""What a person can do with each extra; which extras there are is read from the installed metadata."""

ALTERNATIVES = (
    ("ai-edge-litert", "tflite-runtime"),
    ("tensorflow-cpu", "tensorflow", "tensorflow-intel", "tensorflow-macos", "tf-nightly"),
)
"""Distributions that bring the same thing, so that one of them is enough."""

VersionOf = Callable[[str], str | None]


@dataclass(frozen=True)
class Package:
    """A distribution that is asked for.

    Attributes:
        name: of the one that is installed, or that pip would install.
        version: ``None`` where it is not installed.
        wanted: the versions that are asked for, as in ``>=3.15``; may be empty.
        too_old: whether an installed version is below that.
    """

    name: str
    version: str | None
    wanted: str
    too_old: bool = False

    @property
    def ok(self) -> bool:
        """Whether it is installed, and new enough."""
        return self.version is not None and not self.too_old

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok}


@dataclass(frozen=True)
class Extra:
    """An optional part of EdgeKit.

    Attributes:
        name: as in ``pip install '.[name]'``.
        brings: what a person can do with it.
        packages: what it consists of here.
    """

    name: str
    brings: str
    packages: tuple[Package, ...]

    @property
    def installed(self) -> bool:
        return all(package.ok for package in self.packages)

    @property
    def install(self) -> str:
        """The command that brings it."""
        return install_command(self.name)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "installed": self.installed,
            "brings": self.brings,
            "install": self.install,
            "packages": [package.to_dict() for package in self.packages],
        }


def installed_version(name: str) -> str | None:
    """The version of an installed distribution, from its metadata; nothing is imported."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
    except Exception:  # metadata that cannot be read, as after a broken installation
        return "unknown"


def read_requirements(distribution: str = "edgekit") -> tuple[tuple[Requirement, ...], tuple[str, ...]]:
    """What a distribution asks for, and the names of its extras; both empty for one that is not installed."""
    try:
        found = metadata.metadata(distribution)
    except metadata.PackageNotFoundError:
        return (), ()
    lines = found.get_all("Requires-Dist") or []
    return tuple(map(parse_requirement, lines)), tuple(found.get_all("Provides-Extra") or [])


def base_packages(
    requirements: Sequence[Requirement], environment: Mapping[str, str], version_of: VersionOf = installed_version
) -> tuple[Package, ...]:
    """What EdgeKit needs without any extra."""
    wanted = [one for one in requirements if one.applies({**environment, "extra": ""})]
    return tuple(_package(one, requirements, version_of) for one in wanted)


def read_extras(
    requirements: Sequence[Requirement],
    names: Sequence[str],
    environment: Mapping[str, str],
    version_of: VersionOf = installed_version,
) -> tuple[Extra, ...]:
    """All extras with what they consist of here."""
    extras = []
    for name in names:
        wanted = _of_extra(name, requirements, environment)
        packages = tuple(_package(one, requirements, version_of) for one in wanted)
        brings = BRINGS.get(name) or f"Brings {', '.join(package.name for package in packages)}."
        extras.append(Extra(name, brings, packages))
    return tuple(extras)


def find_extras(package: str) -> list[str]:
    """The extras of the installed EdgeKit that ask for a package or for one of its likes."""
    requirements, names = read_requirements()
    wanted = {package, *_alternatives(package)}
    environment = this_environment()
    return [name for name in names if any(one.name in wanted for one in _of_extra(name, requirements, environment))]


def _of_extra(name: str, requirements: Sequence[Requirement], environment: Mapping[str, str]) -> list[Requirement]:
    """What an extra adds; one that stands for others has what they add."""
    found: dict[str, Requirement] = {}
    waiting, seen = [name], {""}
    while waiting:
        extra = waiting.pop(0)
        if extra in seen:
            continue
        seen.add(extra)
        for one in requirements:
            if one.applies({**environment, "extra": ""}) or not one.applies({**environment, "extra": extra}):
                continue
            if one.name == "edgekit":
                waiting += one.extras
            else:
                found[one.name] = one
    return list(found.values())


def _package(requirement: Requirement, requirements: Sequence[Requirement], version_of: VersionOf) -> Package:
    for name in (requirement.name, *_alternatives(requirement.name)):
        version = version_of(name)
        if version is not None:
            # For another machine the other one is asked for, with bounds of its own.
            bounds = next((one for one in requirements if one.name == name), Requirement(name))
            return Package(name, version, bounds.bounds, not bounds.accepts(version))
    return Package(requirement.name, None, requirement.bounds)


def _alternatives(name: str) -> list[str]:
    return [other for group in ALTERNATIVES if name in group for other in group if other != name]
