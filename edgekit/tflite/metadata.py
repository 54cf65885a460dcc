"""Reading standard TFLite metadata: what MediaPipe, Android Studio and EdgeKit write beside the graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edgekit.errors import ModelFileError
from edgekit.tflite.archive import Archive, read_archive
from edgekit.tflite.flatbuffer import Flatbuffer, Table
from edgekit.tflite.metadata_schema import (
    COLORS,
    CONTENTS,
    FILE_IDENTIFIER,
    METADATA_ENTRY,
    NORMALIZATION,
    SCORE_THRESHOLDING,
    TENSOR_AXIS_LABELS,
    TENSOR_VALUE_LABELS,
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
from edgekit.tflite.model import TFLiteModel


@dataclass(frozen=True)
class AssociatedFile:
    """A file of the appended zip.

    Attributes:
        name: its name in the zip.
        description: for people.
        type: ``AssociatedFileType`` by number, as in ``metadata_schema.TENSOR_AXIS_LABELS``.
        locale: as in ``de`` or ``en-US``; empty for the default.
    """

    name: str
    description: str
    type: int
    locale: str

    @property
    def holds_labels(self) -> bool:
        return self.type in (TENSOR_AXIS_LABELS, TENSOR_VALUE_LABELS)


@dataclass(frozen=True)
class TensorMetadata:
    """What one input or output means.

    Attributes:
        name: in generated code; may differ from the tensor's own.
        description: for people.
        content: ``image``, ``feature``, ``bounding-box``, ``audio`` or ``none``.
        color: of an image: ``rgb``, ``grayscale`` or ``unknown``; else ``None``.
        mean: one for each channel, or one for all: the graph wants ``(pixel - mean) / std``.
        std: as ``mean``. Both are empty where nothing is said.
        minimum: of the tensor's values, for each channel or for all; empty where nothing is said.
        maximum: as ``minimum``.
        score_threshold: a recommended score below which results should be dropped.
        files: its files in the zip.
    """

    name: str
    description: str
    content: str
    color: str | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    score_threshold: float | None
    files: tuple[AssociatedFile, ...]


@dataclass(frozen=True)
class TFLiteMetadata:
    """A model's standard metadata.

    Attributes:
        name: the model's name.
        description: for people.
        version: the model's, by its maker.
        author: who made it.
        license: its terms.
        min_parser_version: the schema's version that a reader must know.
        inputs: in the order of the graph's inputs; empty where nothing is said.
        outputs: in the order of the graph's outputs; empty where nothing is said.
        labels: of the first output that has a label file; empty where there is none.
        labels_by_locale: the same labels in other languages.
        files: the names of all files in the zip.
    """

    name: str
    description: str
    version: str
    author: str
    license: str
    min_parser_version: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    labels: tuple[str, ...]
    labels_by_locale: tuple[tuple[str, tuple[str, ...]], ...]
    files: tuple[str, ...]


def read_metadata(model: TFLiteModel) -> TFLiteMetadata | None:
    """The model's standard metadata, or ``None`` where it has none.

    Raises:
        ModelFileError: there is metadata, but it is broken.
    """
    data = model.metadata.get(METADATA_ENTRY)
    if data is None:
        return None
    if bytes(data[4:8]) != FILE_IDENTIFIER:
        raise ModelFileError(
            f"The metadata of {model.name} cannot be read (it lacks the mark {FILE_IDENTIFIER.decode()}). "
            "Write it again with the tool that made it."
        )
    root = Flatbuffer(data, f"The metadata of {model.name} is not sound").root()
    # Only the first graph is the model; the others are bodies of loops and branches.
    main = next(root.tables(ModelMetadataField.SUBGRAPH_METADATA), None)
    outputs = _tensors(main, SubGraphMetadataField.OUTPUT_TENSOR_METADATA)
    archive = read_archive(model.data)
    files = _label_files(root, main, outputs)
    labels = _labels(archive, files)
    return TFLiteMetadata(
        name=root.string(ModelMetadataField.NAME),
        description=root.string(ModelMetadataField.DESCRIPTION),
        version=root.string(ModelMetadataField.VERSION),
        author=root.string(ModelMetadataField.AUTHOR),
        license=root.string(ModelMetadataField.LICENSE),
        min_parser_version=root.string(ModelMetadataField.MIN_PARSER_VERSION),
        inputs=_tensors(main, SubGraphMetadataField.INPUT_TENSOR_METADATA),
        outputs=outputs,
        labels=labels,
        labels_by_locale=tuple(
            (file.locale, _split_labels(archive[file.name])) for file in files if file.locale and file.name in archive
        ),
        files=tuple(archive),
    )


def _tensors(main: Table | None, field: int) -> tuple[TensorMetadata, ...]:
    return () if main is None else tuple(_tensor(table) for table in main.tables(field))


def _tensor(table: Table) -> TensorMetadata:
    content = table.table(TensorMetadataField.CONTENT)
    kind = content.uint8(ContentField.PROPERTIES_TYPE) if content else 0
    properties = content.table(ContentField.PROPERTIES) if content and kind else None
    name = _name(CONTENTS, kind)
    color = None
    if name == "image":
        color = _name(COLORS, properties.int8(ImagePropertiesField.COLOR_SPACE) if properties else 0)
    units = {
        unit.uint8(ProcessUnitField.OPTIONS_TYPE): unit.table(ProcessUnitField.OPTIONS)
        for unit in table.tables(TensorMetadataField.PROCESS_UNITS)
    }
    normalization, threshold = units.get(NORMALIZATION), units.get(SCORE_THRESHOLDING)
    stats = table.table(TensorMetadataField.STATS)
    return TensorMetadata(
        name=table.string(TensorMetadataField.NAME),
        description=table.string(TensorMetadataField.DESCRIPTION),
        content=name,
        color=color,
        mean=normalization.floats(NormalizationField.MEAN) if normalization else (),
        std=normalization.floats(NormalizationField.STD) if normalization else (),
        minimum=stats.floats(StatsField.MIN) if stats else (),
        maximum=stats.floats(StatsField.MAX) if stats else (),
        score_threshold=threshold.float32(ScoreThresholdingField.GLOBAL_SCORE_THRESHOLD) if threshold else None,
        files=tuple(_files(table.tables(TensorMetadataField.ASSOCIATED_FILES))),
    )


def _name(names: tuple[str, ...], number: int) -> str:
    # A newer schema may know more kinds than this reader.
    return names[number] if 0 <= number < len(names) else names[0]


def _files(tables: Iterable[Table]) -> Iterator[AssociatedFile]:
    for table in tables:
        yield AssociatedFile(
            name=table.string(AssociatedFileField.NAME),
            description=table.string(AssociatedFileField.DESCRIPTION),
            type=table.int8(AssociatedFileField.TYPE),
            locale=table.string(AssociatedFileField.LOCALE),
        )


def _label_files(root: Table, main: Table | None, outputs: tuple[TensorMetadata, ...]) -> tuple[AssociatedFile, ...]:
    """The label files of the first place that names some: an output, the graph, the model."""
    places = [output.files for output in outputs]
    if main is not None:
        places.append(tuple(_files(main.tables(SubGraphMetadataField.ASSOCIATED_FILES))))
    places.append(tuple(_files(root.tables(ModelMetadataField.ASSOCIATED_FILES))))
    found = (tuple(file for file in files if file.holds_labels) for files in places)
    return next((files for files in found if files), ())


def _labels(archive: Archive, files: tuple[AssociatedFile, ...]) -> tuple[str, ...]:
    # The schema: where there are several of a type, the first is the default.
    for file in sorted(files, key=lambda file: bool(file.locale)):
        if file.name in archive:
            return _split_labels(archive[file.name])
    if files:
        return ()
    # Some converters pack the labels and name them nowhere. One file called so leaves no doubt.
    candidates = [name for name in archive if "label" in name.lower() and name.lower().endswith(".txt")]
    return _split_labels(archive[candidates[0]]) if len(candidates) == 1 else ()


def _split_labels(content: bytes) -> tuple[str, ...]:
    lines = content.decode("utf-8-sig", "replace").split("\n")
    if lines and not lines[-1].strip():
        lines.pop()
    return tuple(line.rstrip("\r") for line in lines)
