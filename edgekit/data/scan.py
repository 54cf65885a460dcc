"""The first pass: reads, digests, decodes and caches every photo once, on all cores.

What an earlier run has done is not done again, so with an unchanged source the pass is a look at
each file's status.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.data.cache import DECODER, PixelCache
from edgekit.data.dataset import CachePolicy
from edgekit.data.holdings import Holdings
from edgekit.data.keeper import Keeper, cache_problem
from edgekit.data.memory import Check, FileMemory
from edgekit.data.parallel import ordered_map
from edgekit.data.pixels import digest_pixels
from edgekit.data.reading import read_photo
from edgekit.data.records import Record, Row
from edgekit.data.report import CacheState, CacheUse
from edgekit.data.segments import Segment
from edgekit.data.store import MappedImages, StreamedImages
from edgekit.files import cache_directory
from edgekit.progress import Progress
from edgekit.spec import ImageFormat

_CHUNK = 8
"""Photos that a thread reads in one go: some 20 ms of work, against 0.1 ms for handing it over."""


@dataclass(frozen=True)
class Scan:
    """What the pass found.

    Attributes:
        checks: one for each record.
        readable: the records that can be decoded, as indices.
        images: the photos of ``readable``, in that order.
        cache: what became of the pixels.
    """

    checks: tuple[Check, ...]
    readable: NDArray[np.intp]
    images: MappedImages | StreamedImages
    cache: CacheUse


def scan(records: Sequence[Record], image: ImageFormat, policy: CachePolicy, progress: Progress) -> Scan:
    """Checks all photos and makes them available.

    A cache that cannot be read or written, or is too small, is told to ``progress`` and done
    without; it never makes the pass fail.

    Args:
        records: what to read.
        image: what the photos are turned into.
        policy: where they are kept.
        progress: gets a task of ``len(records)`` steps, if there is anything to do.
    """
    ready = _ready_pixels(records, image)
    if ready is not None:
        return _digest_only(records, ready, progress)
    cache = _open_cache(policy, image, progress)
    memory = FileMemory(cache.index_directory if cache else None, DECODER, records)
    checks = memory.recall()
    holdings = _choose_holdings(cache, checks, math.prod(image.shape), progress)
    keeper = Keeper(cache if holdings is not None else None, progress)
    if holdings is not None:
        done = holdings.locate([check.digest for check in checks]).found
    else:
        done = np.array([check.decoded for check in checks], bool)
    todo = np.flatnonzero(~done).tolist()
    if todo:
        _read_all([records[index] for index in todo], todo, checks, image, holdings or Holdings(), keeper, progress)
        try:
            memory.remember(checks)
        except OSError as error:
            keeper.tell(error)
    readable = np.flatnonzero([check.reason is None for check in checks])
    digests = [checks[index].digest for index in readable.tolist()]
    images: MappedImages | StreamedImages
    state: CacheState
    if cache and holdings is not None and not keeper.failed:
        state = "reused" if keeper.segment is None else "extended" if done.any() else "built"
        images = _map(cache, holdings, keeper.segment, digests)
    else:
        state = "streamed" if policy.enabled else "off"
        images = _stream([records[index] for index in readable.tolist()], image)
    size = len(set(digests)) * math.prod(image.shape)
    use = CacheUse(state, str(cache.directory) if cache else None, size)
    return Scan(tuple(checks), readable, images, use)


def _ready_pixels(records: Sequence[Record], image: ImageFormat) -> MappedImages | None:
    """The photos as they are, where all of them are pixels of the right format already."""
    arrays: dict[int, tuple[int, NDArray[np.uint8]]] = {}
    which, rows = np.zeros(len(records), np.intp), np.zeros(len(records), np.int64)
    for index, record in enumerate(records):
        if not isinstance(record.content, Row):
            return None
        pixels = record.content.pixels
        if id(pixels) not in arrays:
            uniform = pixels.uniform
            if uniform is None or uniform.shape[1:] != image.shape:
                return None
            arrays[id(pixels)] = (len(arrays), uniform)
        which[index], rows[index] = arrays[id(pixels)][0], record.content.index
    return MappedImages([array for _, array in arrays.values()], which, rows) if arrays else None


def _digest_only(records: Sequence[Record], images: MappedImages, progress: Progress) -> Scan:
    """The pass over photos that need neither decoding nor keeping."""
    contents = [record.content for record in records]
    digesting = ordered_map(lambda row: digest_pixels(row.read()), contents, chunk=_CHUNK)  # type: ignore[union-attr]
    checks = []
    with progress.task("Reading photos", total=len(records)) as task, contextlib.closing(digesting) as digests:
        for digest in digests:
            checks.append(Check(digest, decoded=True))
            task.advance()
    return Scan(tuple(checks), np.arange(len(records)), images, CacheUse("off", None, 0))


def _map(cache: PixelCache, holdings: Holdings, new: Segment | None, digests: Sequence[bytes | None]) -> MappedImages:
    """Maps the photos, marks their segments as used, and makes the cache keep its limit."""
    everything = Holdings((new, *holdings.segments)) if new else holdings
    places = everything.locate(digests)
    for segment in places.used:
        segment.touch()
    cache.evict(keep=[segment.path for segment in places.used])
    return places.images()


def _stream(records: Sequence[Record], image: ImageFormat) -> StreamedImages:
    return StreamedImages([record.content for record in records], [record.name for record in records], image)


def _open_cache(policy: CachePolicy, image: ImageFormat, progress: Progress) -> PixelCache | None:
    if not policy.enabled:
        return None
    try:
        return PixelCache(cache_directory(policy.directory), image, policy.limit_bytes)
    except OSError as error:
        progress.warn(cache_problem(str(error)))
        return None


def _choose_holdings(
    cache: PixelCache | None, checks: Sequence[Check], row_bytes: int, progress: Progress
) -> Holdings | None:
    """What the cache can give and be added to; ``None`` where photos have to be streamed."""
    if cache is None:
        return None
    size = len(checks) * row_bytes
    if size > cache.limit_bytes:
        progress.say(
            f"The decoded photos take {_megabytes(size)}, more than the cache's limit of "
            f"{_megabytes(cache.limit_bytes)}: they are decoded whenever they are needed, which is slower."
        )
        return None
    holdings = Holdings(tuple(cache.segments()))
    places = holdings.locate([check.digest for check in checks])
    missing = int((~places.found).sum()) * row_bytes
    if sum(segment.size_bytes for segment in places.used) + missing > cache.limit_bytes:
        # Large segments of which little is used would keep the limit from being kept.
        holdings, missing = Holdings(), size
    free = cache.free_bytes()
    if missing > free:
        progress.warn(
            cache_problem(f"the decoded photos take {_megabytes(missing)}, and the disk has {_megabytes(free)} left")
        )
        return None
    return holdings


def _read_all(
    records: Sequence[Record],
    places: Sequence[int],
    checks: list[Check],
    image: ImageFormat,
    holdings: Holdings,
    keeper: Keeper,
    progress: Progress,
) -> None:
    """Reads ``records``, which stand at ``places`` in ``checks``, and notes there what it finds."""
    reading = ordered_map(lambda record: read_photo(record, image, holdings), records, chunk=_CHUNK)
    with progress.task("Reading photos", total=len(checks)) as task, keeper, contextlib.closing(reading) as photos:
        task.advance(len(checks) - len(records))
        for place, photo in zip(places, photos, strict=True):
            checks[place] = photo.check
            if photo.pixels is not None and photo.check.digest is not None:
                keeper.add(photo.check.digest, photo.pixels)
            task.advance()
        keeper.commit()


def _megabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
