"""From a folder of photos to a checked, split and cached data set."""

from edgekit.data.batches import batches
from edgekit.data.dataset import CachePolicy, DataOptions, Dataset, ImageStore, Part
from edgekit.data.open import build_dataset, open_dataset, open_labelled
from edgekit.data.report import CacheUse, Copy, DataReport, DuplicateGroup, UnreadableFile

__all__ = [
    "CachePolicy",
    "CacheUse",
    "Copy",
    "DataOptions",
    "DataReport",
    "Dataset",
    "DuplicateGroup",
    "ImageStore",
    "Part",
    "UnreadableFile",
    "batches",
    "build_dataset",
    "open_dataset",
    "open_labelled",
]
