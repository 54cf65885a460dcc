"""The parts of the TFLite metadata schema (1.5.0) that EdgeKit reads and writes.

From MediaPipe's ``mediapipe/tasks/metadata/metadata_schema.fbs``. A field's number is its place in
its table; a union takes two, its type first.
"""

from __future__ import annotations

METADATA_ENTRY = "TFLITE_METADATA"
FILE_IDENTIFIER = b"M001"

MIN_PARSER_VERSION = "1.0.0"
"""Everything that EdgeKit writes was in the first version of the schema."""


class ModelMetadataField:
    NAME = 0
    DESCRIPTION = 1
    VERSION = 2
    SUBGRAPH_METADATA = 3
    AUTHOR = 4
    LICENSE = 5
    ASSOCIATED_FILES = 6
    MIN_PARSER_VERSION = 7


class SubGraphMetadataField:
    INPUT_TENSOR_METADATA = 2
    OUTPUT_TENSOR_METADATA = 3
    ASSOCIATED_FILES = 4


class TensorMetadataField:
    NAME = 0
    DESCRIPTION = 1
    CONTENT = 3
    PROCESS_UNITS = 4
    STATS = 5
    ASSOCIATED_FILES = 6


class ContentField:
    PROPERTIES_TYPE = 0
    PROPERTIES = 1


class ImagePropertiesField:
    COLOR_SPACE = 0


class ProcessUnitField:
    OPTIONS_TYPE = 0
    OPTIONS = 1


class NormalizationField:
    MEAN = 0
    STD = 1


class ScoreThresholdingField:
    GLOBAL_SCORE_THRESHOLD = 0


class StatsField:
    MAX = 0
    MIN = 1


class AssociatedFileField:
    NAME = 0
    DESCRIPTION = 1
    TYPE = 2
    LOCALE = 3


CONTENTS = ("none", "feature", "image", "bounding-box", "audio")
"""``ContentProperties`` by number."""

COLORS = ("unknown", "rgb", "grayscale")
"""``ColorSpaceType`` by number."""

NORMALIZATION = 1
SCORE_THRESHOLDING = 3
"""Values of ``ProcessUnitOptions``."""

TENSOR_AXIS_LABELS = 2
TENSOR_VALUE_LABELS = 3
"""Values of ``AssociatedFileType``: a label for each place of a tensor, or for each value in it."""
