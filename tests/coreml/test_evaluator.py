"""The evaluator as a whole: programs, float16, loops, what it refuses, and broken files."""

from __future__ import annotations

import re
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.coreml import evaluator as module
from edgekit.coreml.evaluator import Evaluator
from edgekit.coreml.ops import KERNELS
from edgekit.coreml.package import read_package
from edgekit.coreml.values import to_half
from edgekit.errors import ModelFileError, NotRunHereError, UnsupportedModelError, UsageError
from tests.coreml.programs import change, operations, save_program
from tests.coreml.references import normal

pytest.importorskip("coremltools", reason="the evaluator needs the extra 'coreml'")


def evaluate(path: Path, *inputs: Any) -> list[Any]:
    arrays = {f"x{number}": np.asarray(values, np.float32) for number, values in enumerate(inputs)}
    return list(Evaluator(read_package(path)).run(arrays).values())


def test_every_kernel_is_compared_with_something() -> None:
    """By its name in quotes in one of these files."""
    texts = "".join(path.read_text() for path in Path(__file__).parent.glob("test_evaluator_*.py"))
    named = set(re.findall(r'"(\w+)"', texts))
    assert len(KERNELS) > 130
    assert sorted(set(KERNELS) - named) == []


def test_a_program_is_evaluated(tmp_path: Path) -> None:
    weight = normal(4, 3, 3, 3)
    path = save_program(
        tmp_path,
        lambda mb, x, y: [mb.relu(x=mb.conv(x=x, weight=weight)), mb.add(x=y, y=1.0)],
        [(1, 3, 5, 5), (2, 2)],
    )
    x, y = normal(1, 3, 5, 5, seed=1), normal(2, 2)
    first, second = evaluate(path, x, y)
    expected = KERNELS["conv"].function(x=x, weight=weight)
    np.testing.assert_allclose(first, np.maximum(expected, 0), atol=1e-6)
    np.testing.assert_allclose(second, y + 1)


def test_each_operator_can_be_watched(tmp_path: Path) -> None:
    """Before it is computed, with what it takes; in a loop each time."""
    path = save_program(
        tmp_path,
        lambda mb, x: mb.while_loop(
            _cond=lambda y: mb.less(x=mb.reduce_sum(x=y), y=20.0),
            _body=lambda y: mb.mul(x=y, y=2.0),
            loop_vars=(mb.relu(x=x),),
        ),
        [(2,)],
    )
    seen: list[tuple[str, list[float]]] = []

    def watch(step: Any, values: Any) -> None:
        seen.append((step.op_type, np.ravel(values[step.operands["x"]]).tolist()))

    plan = Evaluator(read_package(path)).plan
    (answer,) = module.evaluate(plan, "it", {"x0": np.array([3, -1], np.float32)}, watch).values()
    np.testing.assert_array_equal(answer, [24, 0])
    assert seen[0] == ("relu", [3, -1])
    assert [values for name, values in seen if name == "mul"] == [[3, 0], [6, 0], [12, 0]]


def test_float16_programs_round_after_each_operator(tmp_path: Path) -> None:
    path = save_program(tmp_path, lambda mb, x: mb.sub(x=mb.add(x=x, y=1000.0), y=1000.0), [(4,)], half=True)
    x = np.array([0.2, 0.3, 2.0, 70_000], np.float32)
    # Next to 1000 float16 has steps of a half, and beyond 65,504 nothing.
    np.testing.assert_array_equal(evaluate(path, x)[0], [0, 0.5, 2, np.inf])


def test_rounding_is_that_of_the_format() -> None:
    values = np.array([1 + 2**-11, 1 + 3 * 2**-11, 2**-25, 3 * 2**-25, 65_519, 65_520, -70_000], np.float32)
    expected = [1, 1 + 2**-9, 0, 2**-23, 65_504, np.inf, -np.inf]
    np.testing.assert_array_equal(to_half(values), np.array(expected, np.float32))
    assert to_half(values).dtype == np.float32


@pytest.mark.parametrize("half", [False, True])
def test_loops_and_conditions(tmp_path: Path, half: bool) -> None:
    """Doubles while the sum is below a hundred; then negates what began positive."""

    def body(mb: Any, x: Any) -> Any:
        def below(value: Any, count: Any) -> Any:
            return mb.less(x=mb.reduce_sum(x=value, axes=[0], keep_dims=False), y=100.0)

        def double(value: Any, count: Any) -> Any:
            return mb.mul(x=value, y=2.0), mb.add(x=count, y=1.0)

        value, count = mb.while_loop(_cond=below, _body=double, loop_vars=(x, mb.reduce_min(x=x, axes=[0])))
        positive = mb.greater(x=mb.reduce_sum(x=x, axes=[0], keep_dims=False), y=0.0)
        # The branches read a value of the block around them.
        chosen = mb.cond(
            pred=positive, _true_fn=lambda: mb.sub(x=0.0, y=value), _false_fn=lambda: mb.add(x=value, y=0.0)
        )
        return chosen, mb.identity(x=count)

    path = save_program(tmp_path, body, [(2,)], half=half)
    value, count = evaluate(path, [1.0, 2.0])
    np.testing.assert_array_equal(value, [-64, -128])
    np.testing.assert_array_equal(count, [7])
    value, count = evaluate(path, [60.0, 60.0])
    np.testing.assert_array_equal(value, [-60, -60])


def test_a_loop_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def body(mb: Any, x: Any) -> Any:
        return mb.while_loop(
            _cond=lambda value: mb.less(x=mb.reduce_sum(x=value, axes=[0]), y=100.0),
            _body=lambda value: mb.mul(x=value, y=1.0),
            loop_vars=(x,),
        )

    monkeypatch.setattr(module, "MAX_ITERATIONS", 1000)
    with pytest.raises(UnsupportedModelError, match="do not end within 1,000 passes"):
        evaluate(save_program(tmp_path, body, [(2,)]), [1.0, 2.0])


def test_values_are_let_go(tmp_path: Path) -> None:
    """Only the largest tensors in flight are held, and the constants, which the next run needs."""

    def body(mb: Any, x: Any) -> Any:
        for _ in range(5):
            x = mb.tanh(x=x)
        return x

    plan = Evaluator(read_package(save_program(tmp_path, body, [(3,)]))).plan
    assert [len(step.frees) for step in plan.steps] == [1, 1, 1, 1, 1]
    path = save_program(tmp_path / "again", lambda mb, x: mb.add(x=x, y=normal(3)), [(3,)])
    engine = Evaluator(read_package(path))
    once, twice = (engine.run({"x0": np.ones(3, np.float32)}) for _ in range(2))
    for name, values in once.items():
        np.testing.assert_array_equal(values, twice[name])


@pytest.mark.parametrize("unknown", ["no_such_operator", "__init_subclass__", "program", "random_normal"])
def test_an_unknown_operator_is_named_when_the_file_is_opened(tmp_path: Path, unknown: str) -> None:
    path = save_program(tmp_path, lambda mb, x: mb.tanh(x=x), [(3,)])
    change(path, lambda model: setattr(operations(model)[-1], "type", unknown))
    with pytest.raises(NotRunHereError, match=f"it needs the MIL operator {unknown}, which"):
        Evaluator(read_package(path))


def test_an_unknown_operator_in_a_loop_is_named(tmp_path: Path) -> None:
    def body(mb: Any, x: Any) -> Any:
        return mb.while_loop(
            _cond=lambda value: mb.less(x=mb.reduce_sum(x=value, axes=[0]), y=100.0),
            _body=lambda value: mb.add(x=value, y=mb.random_uniform(shape=[2], low=0.0, high=1.0)),
            loop_vars=(x,),
        )

    with pytest.raises(NotRunHereError, match="random_uniform"):
        Evaluator(read_package(save_program(tmp_path, body, [(2,)])))


def test_what_a_kernel_does_not_cover_is_named_when_the_file_is_opened(tmp_path: Path) -> None:
    path = save_program(
        tmp_path,
        lambda mb, x: mb.avg_pool(x=x, kernel_sizes=[2], strides=[2], pad_type="valid", ceil_mode=True),
        [(1, 1, 5)],
    )
    with pytest.raises(NotRunHereError, match="avg_pool, but not ceil_mode together with averages over padding"):
        Evaluator(read_package(path))


def test_a_newer_format_is_no_broken_file(tmp_path: Path) -> None:
    path = save_program(tmp_path, lambda mb, x: mb.tanh(x=x), [(3,)])
    change(path, lambda model: setattr(model, "specificationVersion", 99))
    with pytest.raises(NotRunHereError, match="specification version 99"):
        Evaluator(read_package(path))


def test_a_tensor_beyond_the_memory_is_refused(tmp_path: Path) -> None:
    path = save_program(tmp_path, lambda mb, x: mb.tanh(x=x), [(3,)])

    def grow(model: Any) -> None:
        operations(model)[-1].outputs[0].type.tensorType.dimensions[0].constant.size = 1 << 42

    change(path, grow)
    with pytest.raises(NotRunHereError, match="more than half of the memory"):
        Evaluator(read_package(path))


def test_a_small_file_cannot_ask_for_a_large_constant_while_it_is_read(tmp_path: Path) -> None:
    """``fill`` of four gigabytes, declared as three elements: coremltools would compute it first."""
    path = save_program(tmp_path, lambda mb, x: mb.tile(x=x, reps=[3]), [(1,)])

    def fill(model: Any) -> None:
        tile = operations(model)[-1]
        tile.type = "fill"
        tile.inputs["shape"].CopyFrom(tile.inputs.pop("reps"))
        tile.inputs.pop("x")
        name = tile.inputs["shape"].arguments[0].name
        sizes = next(op for op in operations(model) if op.outputs[0].name == name)
        sizes.attributes["val"].immediateValue.tensor.ints.values[0] = 1 << 30

    change(path, fill)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelFileError, match="not a sound Core ML program"):
        Evaluator(read_package(path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # kilobytes


BROKEN: dict[str, Any] = {
    "an input that is not there": lambda ops: setattr(ops[-1].inputs["x"].arguments[0], "name", "nowhere"),
    "an unknown parameter": lambda ops: ops[-1].inputs["oops"].CopyFrom(ops[-1].inputs["x"]),
    "a missing parameter": lambda ops: ops[-1].inputs.pop("x"),
    "another shape than declared": lambda ops: setattr(
        ops[-1].outputs[0].type.tensorType.dimensions[0].constant, "size", 7
    ),
    "an unknown type": lambda ops: setattr(ops[-1].outputs[0].type.tensorType, "dataType", 999),
    "no outputs": lambda ops: ops[-1].outputs.pop(),
}


@pytest.mark.parametrize("way", BROKEN)
def test_broken_programs_end_in_a_sentence(tmp_path: Path, way: str) -> None:
    path = save_program(tmp_path, lambda mb, x: mb.add(x=mb.tanh(x=x), y=normal(3)), [(3,)])
    change(path, lambda model: BROKEN[way](operations(model)))
    with pytest.raises(ModelFileError, match=r"is not a sound Core ML program|is not a whole Core ML package"):
        Evaluator(read_package(path))


def test_values_that_an_operator_cannot_take(tmp_path: Path) -> None:
    path = save_program(
        tmp_path, lambda mb, x, y: mb.gather(x=x, indices=mb.cast(x=y, dtype="int32"), axis=0), [(3, 2), (1,)]
    )
    np.testing.assert_array_equal(evaluate(path, np.eye(3, 2), [1.0])[0], [[0, 1]])
    with pytest.raises(UnsupportedModelError, match=r"the operator gather_0 \(gather\) fails"):
        evaluate(path, np.eye(3, 2), [9.0])


def test_inputs_of_another_shape(tmp_path: Path) -> None:
    evaluator = Evaluator(read_package(save_program(tmp_path, lambda mb, x: mb.tanh(x=x), [(3,)])))
    with pytest.raises(UsageError, match=r"x0 has the shape \(3,\). Got: \(4,\)"):
        evaluator.run({"x0": normal(4)})
    with pytest.raises(UsageError, match="Got: nothing"):
        evaluator.run({"x1": normal(3)})


def test_a_description_of_another_program(tmp_path: Path) -> None:
    path = save_program(tmp_path, lambda mb, x: mb.tanh(x=x), [(3,)])
    change(path, lambda model: setattr(model.description.input[0], "name", "other"))
    with pytest.raises(ModelFileError, match="its description has other inputs or outputs than its program"):
        Evaluator(read_package(path))


def test_random_damage_never_ends_in_a_traceback(tmp_path: Path) -> None:
    """Bytes changed at random: opened and right, opened and wrong, or refused in a sentence."""

    def body(mb: Any, x: Any) -> Any:
        found = mb.conv(x=x, weight=normal(4, 2, 3, 3), strides=[2, 1], pad_type="same")
        return mb.softmax(x=mb.reshape(x=mb.relu(x=found), shape=[1, -1]))

    path = save_program(tmp_path, body, [(1, 2, 6, 5)])
    file = path / "Data/com.apple.CoreML/model.mlmodel"
    whole = file.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        data = bytearray(whole)
        for place in random.integers(0, len(data), random.integers(1, 4)):
            data[place] = random.integers(0, 256)
        file.write_bytes(bytes(data))
        try:
            evaluator = Evaluator(read_package(path))
            evaluator.run({name: normal(1, 2, 6, 5) for name in evaluator.plan.inputs})
        except (ModelFileError, UsageError):
            refused += 1
    assert 20 < refused < 150
