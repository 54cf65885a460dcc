"""One training on several devices, processes and hosts.

The work itself is Keras', TensorFlow's and JAX's; here is which of them can do what, how each
process gets its share of a batch, and a clear refusal of what cannot work.
"""

from edgekit.training.distribution.base import Distribution
from edgekit.training.distribution.joining import wait_for_all
from edgekit.training.distribution.opening import open_distribution
from edgekit.training.distribution.processes import ProcessOptions
from edgekit.training.distribution.sharing import LocalBatch

__all__ = ["Distribution", "LocalBatch", "ProcessOptions", "open_distribution", "wait_for_all"]
