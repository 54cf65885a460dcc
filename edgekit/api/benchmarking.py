"""benchmark: how fast is an artifact on a device?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgekit.errors import ModelFileError, UsageError
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.result import BenchmarkResult
from edgekit.progress import SILENT, Progress
from edgekit.targets import get_target


def benchmark(
    artifacts: str | Path | Sequence[str | Path],
    on: str | Sequence[str] = "local",
    *,
    protocol: LatencyProtocol | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> list[BenchmarkResult]:
    """Measures the latency of artifacts on devices, one after the other.

    Args:
        artifacts: one or more model files, or export folders (all that their manifests name).
        on: ``target[:variant][@address]``, several with commas or as a list.
        protocol: how long to warm up and to measure.
        threads: of the interpreter; the target's default where ``None``.
        progress: one step for each artifact and target.

    Returns:
        One result for each artifact and target; :attr:`~BenchmarkResult.valid` says whether to trust it.

    Raises:
        UsageError: an unknown target.
        ModelFileError: a file is missing or cannot be run.
        TargetError: a device cannot be reached.
    """
    files = artifact_files([artifacts] if isinstance(artifacts, str | Path) else list(artifacts))
    words = [word.strip() for text in ([on] if isinstance(on, str) else on) for word in text.split(",")]
    targets = [get_target(word) for word in words if word]
    if not files or not targets:
        raise UsageError("Name at least one model file and one target, as in: edgekit bench flowers.int8.tflite")
    results = []
    with progress.task("Measuring", len(files) * len(targets)) as task:
        for target in targets:
            for file in files:
                results.append(target.benchmark(file, protocol or LatencyProtocol(), threads))
                task.advance(note=file.name)
    return results


def artifact_files(paths: Sequence[str | Path]) -> list[Path]:
    """Replaces export folders by the artifacts that their manifests name.

    Raises:
        ModelFileError: a path is missing, or a folder is no export folder.
    """
    from edgekit.artifact import Manifest
    from edgekit.runtime.engines import is_model

    files: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise ModelFileError(f"There is no {path}.")
        if path.is_dir() and not is_model(path):
            files += [path / entry.file for entry in Manifest.read(path).artifacts]
        else:
            files.append(path)
    return files
