"""Models of the user's own: built by a function, loaded from a ``.keras`` file, or given as an object."""

from edgekit.training.own.find import find_source
from edgekit.training.own.network import OwnNetwork

__all__ = ["OwnNetwork", "find_source"]
