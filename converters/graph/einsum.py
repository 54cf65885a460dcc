"""Says ``Einsum`` of two operands with transpositions and one matrix product.

::

    y = Einsum(x, w) {abc,cde->abde}
      ──▶  y = Reshape(MatMul(Reshape(x, [-1, C]), Reshape(w, [C, D * E])), [-1, B, D, E])

TF.js has ``Einsum``, but not on WebAssembly (``tfjs-backend-wasm/src/kernels``, 4.22).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Graph, Node, read_string

Sizes = Mapping[str, int | None]


@dataclass(frozen=True)
class Equation:
    """What the letters of two operands and of the result do.

    Attributes:
        left, right, result: the letters as they are written.
        batch: in all three.
        contracted: in both operands and not in the result.
        rows: of the left operand alone.
        columns: of the right operand alone.
    """

    left: str
    right: str
    result: str
    batch: str
    contracted: str
    rows: str
    columns: str


def parse(text: str) -> Equation | None:
    """Reads ``ab,bc->ac``; ``None`` for what is not one matrix product: dots, sums, diagonals, other numbers."""
    operands, arrow, result = text.replace(" ", "").partition("->")
    parts = operands.split(",")
    if not arrow or len(parts) != 2 or "." in text or any(len(set(p)) != len(p) for p in (*parts, result)):
        return None
    left, right = parts
    batch = "".join(c for c in result if c in left and c in right)
    contracted = "".join(c for c in left if c in right and c not in result)
    rows = "".join(c for c in result if c in left and c not in right)
    columns = "".join(c for c in result if c in right and c not in left)
    if set(left) != set(batch + rows + contracted) or set(right) != set(batch + contracted + columns):
        return None
    return Equation(left, right, result, batch, contracted, rows, columns)


def write_down_einsums(graph: Graph) -> Graph:
    """The graph without ``Einsum`` where the sizes are known that its reshapes need."""
    view = View(graph)
    for node in graph.nodes:
        equation = parse(read_string(node.attrs.get("equation"))) if node.op == "Einsum" else None
        if equation is not None:
            _write_down(view, node, equation)
    return view.graph()


def _write_down(view: View, node: Node, equation: Equation) -> None:
    shapes = [view.shape(name) for name in node.inputs]
    if any(shape is None for shape in shapes):
        return
    sizes: dict[str, int | None] = {}
    for letters, shape in zip((equation.left, equation.right), shapes, strict=True):
        for letter, size in zip(letters, shape or (), strict=True):
            sizes[letter] = sizes.get(letter) or size
    left = (*equation.batch, equation.rows, equation.contracted)
    right = (*equation.batch, equation.contracted, equation.columns)
    product = (*equation.batch, equation.rows, equation.columns)
    targets = [
        _target(left, sizes),
        _target(right, sizes),
        _target(equation.batch + equation.rows + equation.columns, sizes),
    ]
    if any(target is None for target in targets):
        return
    writer = _Writer(view, node)
    a = writer.group(node.inputs[0], equation.left, left, targets[0], "left")
    b = writer.group(node.inputs[1], equation.right, right, targets[1], "right")
    op, attrs = ("BatchMatMulV2", ("adj_x", "adj_y")) if equation.batch else ("MatMul", ("transpose_a", "transpose_b"))
    result = writer.put("product", op, (a, b), {name: {"b": False} for name in attrs})
    if any(len(letters) != 1 for letters in product):
        result = writer.reshape(result, targets[2], "result")
    written = equation.batch + equation.rows + equation.columns
    result = writer.transpose(result, [written.index(letter) for letter in equation.result], "result")
    view.redirect(node.name, result)


def _target(groups: Sequence[str], sizes: Sizes) -> list[int] | None:
    """The shape with one axis for each group; ``None`` where two would have to be computed."""
    target = []
    for letters in groups:
        group = [sizes[letter] for letter in letters]
        target.append(-1 if None in group else int(np.prod([size or 0 for size in group], dtype=np.int64)))
    return target if target.count(-1) <= 1 else None


class _Writer:
    """Adds the nodes that stand for one ``Einsum``."""

    def __init__(self, view: View, node: Node) -> None:
        self._view = view
        self._name = node.name
        self._kind = {"T": node.attrs["T"]}

    def put(self, what: str, op: str, inputs: tuple[str, ...], attrs: Mapping[str, object] | None = None) -> str:
        name = f"{self._name}/{what}"
        self._view.put(Node(name, op, inputs, {**self._kind, **(attrs or {})}))
        return name

    def group(self, source: str, letters: str, groups: Sequence[str], target: list[int] | None, what: str) -> str:
        """Brings an operand's axes into order and makes one of each group."""
        ordered = "".join(groups)
        source = self.transpose(source, [letters.index(letter) for letter in ordered], what)
        return source if all(len(group) == 1 for group in groups) else self.reshape(source, target, what)

    def transpose(self, source: str, order: list[int], what: str) -> str:
        if order == sorted(order):
            return source
        axes = self._view.put_constant(f"{self._name}/{what}_order", np.array(order, np.int32))
        return self.put(f"{what}_transposed", "Transpose", (source, axes), {"Tperm": {"type": "DT_INT32"}})

    def reshape(self, source: str, target: list[int] | None, what: str) -> str:
        shape = self._view.put_constant(f"{self._name}/{what}_shape", np.array(target, np.int32))
        return self.put(f"{what}_reshaped", "Reshape", (source, shape), {"Tshape": {"type": "DT_INT32"}})
