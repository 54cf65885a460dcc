"""EdgeKit's own code for a device: the part that loads, runs and measures models."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from edgekit.files import atomic_write, cache_directory
from edgekit.remote.wheels import Archive, write_archive

PACKAGE = Path(__file__).resolve().parents[1]

# A device neither trains nor converts, and nobody sits at its command line.
_LEFT_OUT = {
    "api", "cli", "converters", "demo", "doctor", "program", "quantization", "remote", "report", "sourcemodel",
    "targets", "training",
}  # fmt: skip


@cache
def pack_edgekit() -> Archive:
    """The archive; its digest is that of the contents, so that a device keeps what it has."""
    files = [path for path in sorted(PACKAGE.rglob("*.py")) if _LEFT_OUT.isdisjoint(_parts(path))]
    files += sorted((PACKAGE / "preprocess" / "native").glob("*.so"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    key = digest.hexdigest()[:32]
    target = cache_directory() / "devices" / f"edgekit-{key}.tar.gz"
    if not target.is_file():
        with atomic_write(target) as temporary:
            write_archive(temporary, PACKAGE.parent, files)
    return Archive(target, key)


def _parts(path: Path) -> set[str]:
    return {part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts}
