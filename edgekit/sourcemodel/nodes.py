"""Whether the layers of a Keras 2 model can be put together: ``tf_keras`` tries until they can be, without an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Node = tuple[str, int]
"""A call of a layer: its name, and which of its calls it is."""


def find_dead_end(config: object) -> str | None:
    """A layer that waits for itself, or for a call that there is not, as a sentence's end; ``None`` for none.

    Args:
        config: the parsed configuration of a model, with all models inside.
    """
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting += item.values()
            layers = item.get("layers")
            stuck = [_stuck(layers, first) for first in (1, 0)] if isinstance(layers, list) else [None]
            if None not in stuck:
                return f"the layer {stuck[0]!r} takes what is made of its own answer, or by a call that there is not"
        elif isinstance(item, list):
            waiting += item
    return None


def _stuck(layers: list[Any], first: int) -> str | None:
    """The first layer of a functional model that can never be called.

    Args:
        layers: their configurations.
        first: the number of the first call of a layer that is a model itself. Most have been called once before,
            when they were made; which ones depends on how.
    """
    needs: dict[Node, set[Node]] = {}
    for layer in layers:
        calls = layer.get("inbound_nodes") if isinstance(layer, Mapping) else None
        name = layer.get("name") if isinstance(layer, Mapping) else None
        if isinstance(calls, list) and isinstance(name, str):
            inner = layer.get("config")
            start = first if isinstance(inner, Mapping) and "layers" in inner else 0
            for place, call in enumerate(calls or [[]], start):  # an input is there without a call
                needs[name, place] = set(_taken(call))
    names = {name for name, _ in needs}
    users: dict[Node, list[Node]] = {}
    for node, taken in needs.items():
        # Names that there are not are found by tf_keras itself, or are no names.
        needs[node] = {other for other in taken if other[0] in names}
        for other in needs[node]:
            users.setdefault(other, []).append(node)
    open_needs = {node: len(taken) for node, taken in needs.items()}
    ready = [node for node, count in open_needs.items() if not count]
    done = 0
    while ready:
        done += 1
        for user in users.get(ready.pop(), ()):
            open_needs[user] -= 1
            if not open_needs[user]:
                ready.append(user)
    return None if done == len(needs) else next(name for (name, _), count in open_needs.items() if count)


def _taken(call: object) -> Iterator[Node]:
    """The results of other layers that a call takes, each written as ``[layer, call, output, ...]``."""
    waiting = [call]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting += item.values()
        elif isinstance(item, list):
            if len(item) > 2 and isinstance(item[0], str) and type(item[1]) is int and type(item[2]) is int:
                yield item[0], item[1]
                waiting += item[3:]
            else:
                waiting += item
