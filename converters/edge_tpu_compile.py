"""From the model that the Edge TPU's compiler takes to the compiled one, where the compiler is installed."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edgekit.artifact import Artifact, Check
from edgekit.converters.beside import Beside
from edgekit.edgetpu.comparison import agrees, differences
from edgekit.edgetpu.compiler import Compiled, compile_model, find_compiler
from edgekit.edgetpu.compilers import compiler_of
from edgekit.edgetpu.log import CompilerLog, parse_log, parse_logs
from edgekit.edgetpu.mapping import map_model
from edgekit.edgetpu.outcome import OpOutcome
from edgekit.errors import ConversionError, EdgeKitError
from edgekit.tflite.embed import embed, signed
from edgekit.tflite.model import read_model

_READY, _COMPILED = "_for_edgetpu.tflite", "_edgetpu.tflite"
_MEGABYTE = 1 << 20


def compile_beside(
    artifact: Artifact,
    proof: Check,
    num_segments: int,
    min_runtime_version: int | None,
    search_delegate: bool = False,
) -> tuple[Beside, ...]:
    """Compiles an artifact, with the result beside it; nothing where no compiler is on the PATH.

    All that the compiler says is printed, hence in the log of the conversion. A compiled model in one piece gets the
    spec: what the compiler wrote stands in the file as it was. Where it fails, that is a result, too.

    Args:
        artifact: written by the converter for the Edge TPU.
        proof: how that was proved.
        num_segments: into how many parts it is cut.
        min_runtime_version: the oldest Edge TPU runtime that the result is to run with.
        search_delegate: where the compiler fails, let it search for a part that it can compile.
    """
    if find_compiler() is None:
        return ()
    folder, name = artifact.path.parent, artifact.path.name.removesuffix(_READY)
    written: list[Path] = []
    try:
        with tempfile.TemporaryDirectory(prefix="compiler-", dir=folder, ignore_cleanup_errors=True) as work:
            model = Path(work) / f"{name}.tflite"
            shutil.copyfile(artifact.path, model)
            compiled = compile_model(
                model, Path(work), num_segments, min_runtime_version, search_delegate=search_delegate
            )
            print("", compiled.command, compiled.printed, *compiled.logs, sep="\n")
            notes = judge(artifact.path.read_bytes(), compiled, min_runtime_version)
            for made in compiled.models:
                data = made.read_bytes()
                data = embed(data, artifact.spec) if num_segments == 1 else signed(data, made.name)
                written.append(folder / made.name)
                written[-1].write_bytes(data)
    except (EdgeKitError, OSError) as error:
        for file in filter(Path.is_file, written):  # half a model is none
            file.unlink()
        why = str(error) if isinstance(error, EdgeKitError) else f"It could not be compiled here: {error}."
        print(why)
        return (Beside(f"{name}{_COMPILED}", Check(), why),)
    reason = f"Not run here: it needs an Edge TPU. {_about(artifact.path.name, proof)}"
    return tuple(Beside(made.name, Check(proof.inputs, reason=reason, notes=notes)) for made in compiled.models)


def _about(name: str, proof: Check) -> str:
    """What is known of the model before it was compiled."""
    if not proof.verified:
        return f"{name}, of which it was compiled, was not verified either: {proof.reason}"
    how = f", with the same top-1 on {proof.agreement:.1%}" if proof.agreement is not None else ""
    return f"{name}, of which it was compiled, agrees with the Keras model on {proof.inputs} in {proof.engine}{how}."


def judge(data: bytes, compiled: Compiled, min_runtime_version: int | None = None) -> tuple[str, ...]:
    """What the compiler did, and where the prediction was wrong, a sentence each.

    Args:
        data: the model that was compiled.
        compiled: what came of it.
        min_runtime_version: that was asked for.
    """
    try:
        # A log that was cut between two rows is told by the ops of its model; of segments nobody knows them.
        counts = Counter(operator.name for operator in read_model(data).subgraphs[0].operators)
        whole = counts if len(compiled.logs) == 1 else None
        tables = [parse_log(log, "The compiler's log", whole) for log in compiled.logs]
        printed = _printed(compiled.printed)
    except ConversionError as error:
        return (f"Compiled, but nobody knows what is on the Edge TPU. {error}",)
    found = [outcome for table in tables for outcome in table.ops]
    if not found:
        return ("Compiled, but the compiler wrote no table of operations: nobody knows what is on the Edge TPU.",)
    version = str(compiled.version or tables[0].compiler)
    return (*_done(version, found, printed), *_surprises(data, version, found, min_runtime_version))


def _printed(text: str) -> Sequence[CompilerLog]:
    """What it printed about memory; an old compiler prints nothing that says so."""
    try:
        return parse_logs(text)
    except ConversionError:
        return ()


def _done(version: str, found: Sequence[OpOutcome], printed: Sequence[CompilerLog]) -> list[str]:
    mapped = sum(outcome.count for outcome in found if outcome.mapped)
    total = sum(outcome.count for outcome in found)
    notes = [f"Compiled by version {version}: {mapped} of {total} ops run on the Edge TPU."]
    notes += [
        f"{outcome.op} ({outcome.count}) on the CPU: {outcome.reason}." for outcome in found if not outcome.mapped
    ]
    streamed = sum(log.streamed or 0 for log in printed)
    if streamed:
        notes.append(f"{streamed / _MEGABYTE:.2f} MiB of parameters do not fit on the chip and are sent in every call.")
    return notes


def _surprises(data: bytes, version: str, found: Sequence[OpOutcome], runtime: int | None) -> list[str]:
    try:
        compiler_of(version, runtime)
    except EdgeKitError:
        return [f"Nothing was predicted for compiler {version}, which EdgeKit does not know."]
    predicted = map_model(data, version, runtime).ops
    wrong = differences(predicted, found)
    if not wrong:
        return ["That is what was predicted."]
    what = "other reasons than predicted" if agrees(predicted, found) else "The prediction was wrong"
    return [f"{what[:1].upper()}{what[1:]}: {' '.join(wrong)} Please report it with the log."]
