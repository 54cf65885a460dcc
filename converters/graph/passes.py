"""The passes in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edgekit.converters.graph.batch_norm import decompose_batch_norms
from edgekit.converters.graph.bounds import cut_bounds
from edgekit.converters.graph.constants import gather_weights, narrow_weights, share_weights
from edgekit.converters.graph.einsum import write_down_einsums
from edgekit.converters.graph.fold_pads import fold_pads
from edgekit.converters.graph.fold_scales import fold_scales
from edgekit.converters.graph.fuse import fuse_layers
from edgekit.converters.graph.groups import separate_groups
from edgekit.converters.graph.identities import remove_identities
from edgekit.converters.graph.names import shorten_names
from edgekit.converters.graph.one_hot import write_down_one_hots
from edgekit.converters.graph.outputs import distinct_outputs, distinct_results
from edgekit.converters.graph.prelu import fuse_prelu
from edgekit.converters.graph.reshapes import write_down_reshapes
from edgekit.converters.graph.substitutes import substitute
from edgekit.tfjs.graph import Graph

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    shorten_names,
    remove_identities,
    substitute,
    separate_groups,
    write_down_einsums,
    write_down_one_hots,
    write_down_reshapes,
    fold_pads,
    decompose_batch_norms,
    fold_scales,
    fuse_prelu,
    fuse_layers,
    cut_bounds,
    narrow_weights,
)
"""Of a graph and of each of its functions. Folding before fusing: a fused layer takes no factors any more."""


def rewrite(graph: Graph) -> Graph:
    """The graph as TF.js runs it best."""
    functions = tuple(replace(each, body=distinct_results(_apply(each.body))) for each in graph.functions)
    return distinct_outputs(share_weights(gather_weights(replace(_apply(graph), functions=functions))))


def _apply(graph: Graph) -> Graph:
    for step in PASSES:
        graph = step(graph)
    return graph
