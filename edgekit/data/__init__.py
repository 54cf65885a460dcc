"""From any source of photos to a checked, split and cached data set."""

from edgekit.data.batches import batches
from edgekit.data.build import build_dataset
from edgekit.data.dataset import CachePolicy, Columns, DataOptions, Dataset, ImageStore, Part
from edgekit.data.label_file import read_label_file
from edgekit.data.open import open_dataset, open_labelled
from edgekit.data.report import CacheUse, Copy, DataReport, DuplicateGroup, UnreadableFile
from edgekit.data.sources import describe_source, is_used_up, source_name
from edgekit.data.tensors import open_tensors
from edgekit.data.vanished import leave_out_vanished

__all__ = [
    "CachePolicy",
    "CacheUse",
    "Columns",
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
    "describe_source",
    "is_used_up",
    "leave_out_vanished",
    "open_dataset",
    "open_labelled",
    "open_tensors",
    "read_label_file",
    "source_name",
]
