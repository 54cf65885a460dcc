"""Which operators a SavedModel may have: a decision about one operator at a time.

The rule is by category. An operator that keeps no state computes and no more, so it is allowed
unless it is one of the few in :data:`REFUSED`. One that keeps state or has an effect (TensorFlow's
own ``is_stateful``) is refused unless it is known to be harmless (:data:`HARMLESS`). Operators of
:data:`PATHS` read or write a file whose name they are given: where that name comes from decides,
see :mod:`edgekit.savedmodel.paths`. The lists are over the operators of TensorFlow 2.21.
"""

from __future__ import annotations

import re
from typing import Literal

Verdict = Literal["allowed", "refused", "unknown", "paths"]

FILES = "it reads or writes files"
NETWORK = "it talks to other processes or over the network"
PYTHON = "it runs Python code"
NATIVE = "it runs native code that is not TensorFlow's own"
PIPELINE = "it is a part of an input pipeline, which can read any file"
PROCESS = "it stops or delays the process"
EFFECT = "it has an effect beyond computing an answer"
INTERNAL = "it is internal to TensorFlow"

REFUSED: dict[str, str] = {
    "ReadFile": FILES,
    "WriteFile": FILES,
    "MatchingFiles": FILES,
    "ImmutableConst": FILES,
    "GenerateVocabRemapping": FILES,
    "LoadAndRemapMatrix": FILES,
    "FixedUnigramCandidateSampler": FILES,
    # Their descriptors may be named by a path.
    "DecodeProtoV2": FILES,
    "EncodeProto": FILES,
    # Debug operators write to the addresses among their attributes: file:// or grpc://.
    "Copy": FILES,
    "CopyHost": FILES,
    "DebugIdentity": FILES,
    "DebugIdentityV2": FILES,
    "DebugIdentityV3": FILES,
    "DebugNanCount": FILES,
    "DebugNumericSummary": FILES,
    "PyFunc": PYTHON,
    "PyFuncStateless": PYTHON,
    "EagerPyFunc": PYTHON,
    "XlaCallModule": NATIVE,
    "XlaCustomCall": NATIVE,
    "XlaCustomCallV2": NATIVE,
    "MlirPassthroughOp": NATIVE,
    "RemoteCall": NETWORK,
    "TPUPartitionedCall": NETWORK,
    "Abort": PROCESS,
    "SleepOp": PROCESS,
    "SleepIdentityOp": PROCESS,
}
"""Operators that are refused by name, and why. Several keep no state, so the category does not find them."""

_REFUSED_KINDS: tuple[tuple[str, str], ...] = (
    (r"Dataset|Iterator", PIPELINE),
    (r"Reader|Restore|^Save|Summary|Snapshot|DumpTensor|FileSystem", FILES),
    (r"^Rpc|^Collective|^Nccl|TPU|Tpu|^Send$|^Recv$|DataService|WorkerHeartbeat|^GetSession|^DeleteSession", NETWORK),
)
"""The reason for a stateful operator that is not known to be harmless; the first pattern that is found.
The first row is for operators without state, too: a pipeline's steps keep none, its sources read."""

HARMLESS = re.compile(
    "|".join(
        (
            # control flow
            "StatefulPartitionedCall|If|While|Case|Assert|Print(V2)?|GuaranteeConst|DeviceIndex|CheckNumerics(V2)?|Empty",
            # variables, in memory
            "VarHandleOp|ReadVariableOp|Assign(Add|Sub)?VariableOp|VarIsInitializedOp|VariableShape|Variable(V2)?",
            "TemporaryVariable|DestroyResourceOp|DisableCopyOnRead|Resource(Gather|GatherNd|CountUpTo)",
            "Resource(Scatter|Apply|SparseApply)[A-Za-z0-9]+|ResourceStridedSliceAssign",
            # tables, in memory
            "(Anonymous)?(Mutable)?(Dense)?HashTable(OfTensors)?(V2)?|LookupTable[A-Za-z]+V2|InitializeTableV2",
            # random numbers
            "Random(Uniform|UniformInt|StandardNormal|Gamma|Poisson|PoissonV2|Shuffle|Crop)|TruncatedNormal",
            "Multinomial|ParameterizedTruncatedNormal|NonDeterministicInts|Stateful[A-Z][A-Za-z]+(V2)?",
            "Rng(ReadAndSkip|Skip)|StatelessRandomGetAlg|SampleDistortedBoundingBox(V2)?",
            "(All|Uniform|LogUniform|LearnedUnigram|ThreadUnsafeUnigram)CandidateSampler",
            # lists of tensors, recurrent layers, the clock
            "TensorArray[A-Za-z]*(V[23])?|Stack(Close|Pop|Push)?(V2)?|CudnnRNN[A-Za-z]*(V[23])?|Timestamp",
        )
    )
)
"""Operators with state or an effect that stays in memory and belongs to the model."""

_INTERNAL_ALLOWED = frozenset({"_Arg", "_Retval", "_FusedConv2D", "_FusedMatMul", "_FusedBatchNormEx"})
"""What TensorFlow's own optimizer leaves in a saved graph."""

TABLE_FILES = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
"""Fill a lookup table from a text file; normal where it is an asset of the SavedModel."""

SAVERS = frozenset({"Save", "SaveSlices", "SaveV2", "Restore", "RestoreSlice", "RestoreV2", "MergeV2Checkpoints"})
"""Write and read the variables; normal in the part of a graph that does only this."""

PATHS = TABLE_FILES | SAVERS


def judge_op(name: str, stateful: bool | None) -> tuple[Verdict, str]:
    """Whether a model that came from anywhere may have an operator.

    Args:
        name: of the operator, as in ``Conv2D``.
        stateful: what TensorFlow says of it; ``None`` where it does not know the operator.

    Returns:
        The verdict, and for a refused one the reason, as the end of a sentence.
    """
    if name in PATHS:
        return "paths", FILES
    if name in REFUSED:
        return "refused", REFUSED[name]
    if name.startswith("_"):
        return ("allowed", "") if name in _INTERNAL_ALLOWED else ("refused", INTERNAL)
    if stateful is None:
        return "unknown", ""
    if re.search(_REFUSED_KINDS[0][0], name):
        return "refused", PIPELINE
    if not stateful or HARMLESS.fullmatch(name):
        return "allowed", ""
    return "refused", next((why for pattern, why in _REFUSED_KINDS if re.search(pattern, name)), EFFECT)
