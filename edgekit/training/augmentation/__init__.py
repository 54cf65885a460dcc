"""Random changes of training photos, as layers of the network that is trained."""

from edgekit.training.augmentation.parsing import resolve_augmentation, to_text
from edgekit.training.augmentation.settings import PRESETS, Augmentation

__all__ = ["PRESETS", "Augmentation", "resolve_augmentation", "to_text"]
