"""Writing standard TFLite metadata for a :class:`~edgekit.spec.ModelSpec`.

MediaPipe Tasks and Android Studio read it: what the image must be, what the scores mean, and where
the labels are. Scaling is inside EdgeKit's graphs, so an image is passed on as it is (mean 0, std 1).

Standard metadata has display names by language (a label file for each locale) and no place for
descriptions: those are in EdgeKit's own spec only.

A binary model has one output and two labels, which standard metadata cannot say: MediaPipe refuses a
label file that has not as many lines as the tensor has values. So there is none, nor a score
threshold, which would be read as the second label's; a reader takes the output for class 0 of one, and
the description says what it is.
"""

from __future__ import annotations

import re

from edgekit.spec import ModelSpec, TensorSpec
from edgekit.tflite.archive import Archive
from edgekit.tflite.flatbuffer_writer import Floats, Scalar, String, Table, Tables, Value, serialize
from edgekit.tflite.metadata_schema import (
    COLORS,
    CONTENTS,
    FILE_IDENTIFIER,
    MIN_PARSER_VERSION,
    NORMALIZATION,
    SCORE_THRESHOLDING,
    TENSOR_AXIS_LABELS,
    AssociatedFileField,
    ContentField,
    ImagePropertiesField,
    ModelMetadataField,
    NormalizationField,
    ProcessUnitField,
    ScoreThresholdingField,
    StatsField,
    SubGraphMetadataField,
    TensorMetadataField,
)

LABELS_FILE = "labels.txt"

_LARGEST_PIXEL = 255.0


def build_metadata(spec: ModelSpec, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]) -> bytes:
    """The bytes of a ``ModelMetadata`` FlatBuffer.

    Args:
        spec: what the model is.
        inputs: the spec's inputs in the order of the graph's inputs.
        outputs: the spec's outputs in the order of the graph's outputs.
    """
    subgraph = Table(
        {
            SubGraphMetadataField.INPUT_TENSOR_METADATA: Tables(tuple(_input(tensor) for tensor in inputs)),
            SubGraphMetadataField.OUTPUT_TENSOR_METADATA: Tables(
                tuple(_output(tensor, spec if tensor is spec.outputs[0] else None) for tensor in outputs)
            ),
        }
    )
    root = Table(
        {
            ModelMetadataField.NAME: String(spec.name),
            ModelMetadataField.DESCRIPTION: String(_describe(spec)),
            ModelMetadataField.SUBGRAPH_METADATA: Tables((subgraph,)),
            ModelMetadataField.MIN_PARSER_VERSION: String(MIN_PARSER_VERSION),
        }
    )
    return serialize(root, FILE_IDENTIFIER)


def label_files(spec: ModelSpec) -> Archive:
    """The label files by name, one label a line: ``labels.txt`` with the ids, then one for each locale.

    None of a binary model, see above.
    """
    if not _has_label_files(spec):
        return {}
    files = {LABELS_FILE: _lines(spec.label_ids)}
    for locale, file in _locale_files(spec).items():
        files[file] = _lines(tuple(label.names.get(locale, label.id) for label in spec.labels))
    return files


def _describe(spec: ModelSpec) -> str:
    what = "an image shows" if spec.image else "a sample belongs to"
    if spec.multi_label:
        return f"Tells which of {len(spec.labels)} labels {what}, any number of them. Made with EdgeKit."
    if spec.is_classifier:
        return f"Tells which of {len(spec.labels)} classes {what}. Made with EdgeKit."
    return "Made with EdgeKit."


def _input(tensor: TensorSpec) -> Table:
    if tensor.image is None:
        return _tensor(tensor, "", "feature", Table())
    color = Table({ImagePropertiesField.COLOR_SPACE: Scalar("b", COLORS.index(tensor.image.color))})
    description = f"The image, {tensor.image.width} x {tensor.image.height} pixels, {tensor.image.color}."
    low, high = tensor.value_range or (0.0, _LARGEST_PIXEL)
    # (pixel - mean) / std takes 0..255 to low..high.
    std = _LARGEST_PIXEL / (high - low) if high > low else 1.0
    normalization = Table(
        {
            NormalizationField.MEAN: Floats((0.0 - low * std,)),
            NormalizationField.STD: Floats((std,)),
        }
    )
    return _tensor(tensor, description, "image", color, process_unit=_unit(NORMALIZATION, normalization))


def _output(tensor: TensorSpec, labelled_by: ModelSpec | None) -> Table:
    from edgekit.outputs import decision_threshold  # brings NumPy, which reading a file does not need

    if labelled_by is not None and labelled_by.binary:
        first, second = labelled_by.label_ids
        what = "score" if labelled_by.activation == "none" else "probability"
        return _tensor(tensor, f"The {what} of {second!r}; low means {first!r}.", "feature", Table())
    if labelled_by is None or not _has_label_files(labelled_by):
        return _tensor(tensor, "", "feature", Table())
    unit = None
    threshold = decision_threshold(labelled_by) if labelled_by.multi_label else labelled_by.confidence_threshold
    if threshold is not None:
        fields: dict[int, Value] = {ScoreThresholdingField.GLOBAL_SCORE_THRESHOLD: Scalar("f", threshold)}
        unit = _unit(SCORE_THRESHOLDING, Table(fields))
    files = [_file(LABELS_FILE, "")]
    files += [_file(file, locale) for locale, file in _locale_files(labelled_by).items()]
    description = f"The scores of the {len(labelled_by.labels)} labels."
    return _tensor(tensor, description, "feature", Table(), process_unit=unit, files=tuple(files))


def _tensor(
    tensor: TensorSpec,
    description: str,
    content: str,
    properties: Table,
    process_unit: Table | None = None,
    files: tuple[Table, ...] = (),
) -> Table:
    fields: dict[int, Value] = {
        TensorMetadataField.NAME: String(tensor.name),
        TensorMetadataField.CONTENT: Table(
            {
                ContentField.PROPERTIES_TYPE: Scalar("B", CONTENTS.index(content)),
                ContentField.PROPERTIES: properties,
            }
        ),
    }
    if description:
        fields[TensorMetadataField.DESCRIPTION] = String(description)
    if process_unit is not None:
        fields[TensorMetadataField.PROCESS_UNITS] = Tables((process_unit,))
    if tensor.value_range is not None:
        low, high = tensor.value_range
        fields[TensorMetadataField.STATS] = Table({StatsField.MAX: Floats((high,)), StatsField.MIN: Floats((low,))})
    if files:
        fields[TensorMetadataField.ASSOCIATED_FILES] = Tables(files)
    return Table(fields)


def _unit(kind: int, options: Table) -> Table:
    return Table({ProcessUnitField.OPTIONS_TYPE: Scalar("B", kind), ProcessUnitField.OPTIONS: options})


def _file(name: str, locale: str) -> Table:
    fields: dict[int, Value] = {
        AssociatedFileField.NAME: String(name),
        AssociatedFileField.DESCRIPTION: String("One label a line, in the order of the scores."),
        AssociatedFileField.TYPE: Scalar("b", TENSOR_AXIS_LABELS),
    }
    if locale:
        fields[AssociatedFileField.LOCALE] = String(locale)
    return Table(fields)


def _has_label_files(spec: ModelSpec) -> bool:
    return bool(spec.labels) and spec.classes in (None, len(spec.labels))


def _locale_files(spec: ModelSpec) -> dict[str, str]:
    """Locale to file name; two locales never share one."""
    files: dict[str, str] = {}
    for locale in sorted({locale for label in spec.labels for locale in label.names}):
        stem = f"labels_{re.sub('[^A-Za-z0-9-]', '_', locale)}"
        file, number = f"{stem}.txt", 2
        while file in files.values():
            file, number = f"{stem}_{number}.txt", number + 1
        files[locale] = file
    return files


def _lines(labels: tuple[str, ...]) -> bytes:
    # A folder's name may hold a line feed; as a label it would shift all that follow.
    return "".join(f"{' '.join(label.split())}\n" for label in labels).encode("utf-8", "replace")
