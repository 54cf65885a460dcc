"""Models as others made them, made ready to be exported: files, model objects, functions."""

from edgekit.sourcemodel.base import SourceModel
from edgekit.sourcemodel.files import source_stem
from edgekit.sourcemodel.open import open_source
from edgekit.sourcemodel.options import SourceKeywords, SourceOptions

__all__ = ["SourceKeywords", "SourceModel", "SourceOptions", "open_source", "source_stem"]
