"""tf2onnx's passes over a graph, without its many copies of the weights.

Before each of 36 passes it copies the graph, so that it can go back should the pass fail, and after each it writes
all weights into the nodes' messages anew, where what was there before is not freed. ResNet50V2, 94 MB of weights,
took 7.7 GB so. Here passes work in place, and messages are written once, at the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from edgekit.errors import first_line

_NO_COPIES = "TF2ONNX_CATCH_ERRORS"


def sparing(convert: Callable[[], Any]) -> Any:
    """tf2onnx's answer.

    Args:
        convert: calls one of its functions; is called a second time, with the copies, where a pass fails: tf2onnx then
            leaves that pass out.
    """
    with _in_place():
        try:
            return convert()
        except Exception as error:  # of a pass, or of what comes before them and fails again
            print(f"tf2onnx begins again with copies: {type(error).__name__}: {first_line(error)}")
    return convert()


@contextmanager
def _in_place() -> Iterator[None]:
    """tf2onnx has no argument for either, but one table of its passes and a variable of the environment."""
    from tf2onnx import optimizer

    passes, older = optimizer._get_optimizers(), dict(optimizer._get_optimizers())
    variable = os.environ.get(_NO_COPIES)
    try:
        os.environ[_NO_COPIES] = "FALSE"
        passes.update({name: _without_writing(kind) for name, kind in older.items()})
        yield
    finally:
        passes.update(older)
        os.environ.pop(_NO_COPIES)
        if variable is not None:
            os.environ[_NO_COPIES] = variable


def _without_writing(kind: Any) -> Any:
    class InPlace(kind):  # type: ignore[misc]
        """As ``GraphOptimizerBase.optimize``, but for ``update_proto``, which making the model calls, too."""

        def optimize(self, graph: Any, iteration: int) -> Any:
            self.opt_iteration = iteration
            graph = self._optimize(graph)
            graph.delete_unused_nodes(graph.outputs)
            return graph

    return InPlace
