"""Which functions of TensorFlow a model of Keras 2 may call.

Keras 2 writes ``tf.NAME(layer)`` as a layer ``TFOpLambda`` with the name, and looks the name up among all
that TensorFlow has: also what loads a library or writes a file. So only what is known to compute passes.
Nothing here imports TensorFlow.
"""

from __future__ import annotations

import re

_MODULE = re.compile(
    r"(compat\.v[12]\.)?(math|nn|image|linalg|signal|bitwise|dtypes|strings|sparse|ragged|random|sets|quantization)"
    r"\.([a-z0-9_]+)"
)
"""The modules of TensorFlow that only compute: their functions, but no class and no module inside."""

_EXCEPT = re.compile(r"(get|set|create)_.*|fixed_unigram_candidate_sampler|map_(flat_)?values|.*rnn")
"""What in these modules reads files, has a state, or calls Python."""

_OPERATOR = re.compile(r"__operators__\.(add|eq|ne|getitem|ragged_getitem)")

_TOP = re.compile(r"(compat\.v[12]\.)?([a-z0-9_]+)")

_NAMES = frozenset(
    """
    abs acos acosh add add_n argmax argmin argsort as_string asin asinh atan atan2 atanh batch_gather batch_to_space
    batch_to_space_nd betainc bitcast boolean_mask broadcast_dynamic_shape broadcast_static_shape broadcast_to cast
    ceil cholesky clip_by_global_norm clip_by_norm clip_by_value complex concat conj constant convert_to_tensor cos
    cosh count_nonzero cross cumprod cumsum depth_to_space dequantize diag diag_part digamma div div_no_nan divide
    dynamic_partition dynamic_stitch edit_distance eig eigvals einsum ensure_shape equal erf erfc exp expand_dims expm1
    extract_image_patches extract_volume_patches eye fft fill floor floor_div floordiv floormod gather gather_nd
    greater greater_equal histogram_fixed_width histogram_fixed_width_bins identity identity_n ifft imag
    invert_permutation is_finite is_inf is_nan less less_equal lgamma lin_space linspace log log1p log_sigmoid
    logical_and logical_not logical_or logical_xor matmul matrix_band_part matrix_diag matrix_diag_part
    matrix_inverse matrix_set_diag matrix_solve matrix_square_root matrix_transpose maximum meshgrid minimum mod
    multinomial multiply negative norm not_equal one_hot ones ones_like pad parallel_stack polygamma pow quantize
    random_normal random_shuffle random_uniform range rank real realdiv reciprocal reduce_all reduce_any
    reduce_join reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum repeat reshape reverse
    reverse_sequence reverse_v2 rint roll round rsqrt saturate_cast scalar_mul scatter_nd searchsorted segment_max
    segment_mean segment_min segment_prod segment_sum sequence_mask shape shape_n sigmoid sign sin sinh size slice
    sort space_to_batch space_to_batch_nd space_to_depth split sqrt square squared_difference squeeze stack
    stop_gradient strided_slice string_join string_split string_strip string_to_hash_bucket_fast string_to_number
    substr subtract tan tanh tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min tensor_scatter_nd_sub
    tensor_scatter_nd_update tensordot tile to_bfloat16 to_double to_float to_int32 to_int64 trace transpose truediv
    truncatediv truncatemod truncated_normal unique unique_with_counts unravel_index unsorted_segment_max
    unsorted_segment_mean unsorted_segment_min unsorted_segment_prod unsorted_segment_sum unstack where where_v2
    zeros zeros_like zeta
    """.split()  # noqa: SIM905 (a list would take a line for each)
)
"""The functions directly in ``tf`` that only compute."""

_OPERATORS = frozenset(
    """
    Abs Acos Acosh Add AddN AddV2 All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool AvgPool3D BatchMatMul
    BatchMatMulV2 BatchToSpaceND BiasAdd BroadcastTo Cast Ceil ClipByValue Concat ConcatV2 Conv2D Conv2DBackpropInput
    Conv3D Cos Cosh Cumprod Cumsum DepthToSpace DepthwiseConv2dNative Div DivNoNan Elu Equal Erf Erfc Exp ExpandDims
    Expm1 Fill Floor FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2 Greater
    GreaterEqual Identity IdentityN InvertPermutation IsFinite IsInf IsNan L2Loss LeakyRelu Less LessEqual Log Log1p
    LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul MatrixBandPart MatrixDiag MatrixTranspose Max MaxPool MaxPool3D
    Maximum Mean Min Minimum MirrorPad Mod Mul MulNoNan Neg NotEqual OneHot OnesLike Pack Pad PadV2 Pow Prod Range Rank
    RealDiv Reciprocal Relu Relu6 Reshape ResizeBicubic ResizeBilinear ResizeNearestNeighbor Reverse ReverseSequence
    ReverseV2 Rint Roll Round Rsqrt ScatterNd Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Sinh Size Slice Softmax
    Softplus Softsign SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StopGradient
    StridedSlice Sub Sum Tan Tanh Tile TopK TopKV2 Transpose TruncateDiv TruncateMod Unpack Where Xdivy Xlogy ZerosLike
    """.split()  # noqa: SIM905 (a list would take a line for each)
)
"""The operators of TensorFlow that Keras up to 2.3 may have written down as layers of their own: they only compute."""

_CONSTANT = "_CONSTANT_VALUE"
"""Stands for the layer's name where Keras 2 writes down a call with a constant (tf_keras/src/engine/node.py)."""


def find_problem(function: object, calls: object) -> str | None:
    """What is wrong with a ``TFOpLambda``, to follow the layer's name; ``None`` for nothing.

    Args:
        function: the name, as ``nn.relu`` or ``compat.v1.transpose``.
        calls: the layer's ``inbound_nodes``, each with the arguments of a call; none in a ``Sequential``.
    """
    if not (isinstance(function, str) and _only_computes(function)):
        return f"calls TensorFlow's function {function!r}, which is no part of a model"
    if isinstance(calls, list) and not all(_takes_a_tensor(call) for call in calls):
        return f"calls TensorFlow's function {function!r} with nothing but constants, which no model does"
    return None


def find_operator_problem(node: object) -> str | None:
    """What is wrong with a ``TensorFlowOpLayer``, likewise: it runs whatever operator it names, also ``WriteFile``.

    Args:
        node: the layer's ``node_def``, as JSON; one in bytes is not looked into.
    """
    operator = node.get("op") if isinstance(node, dict) else None
    if isinstance(operator, str) and operator in _OPERATORS:
        return None
    what = f"TensorFlow's operator {operator!r}" if isinstance(operator, str) else "an operator that cannot be told"
    return f"runs {what}, which is no part of a model"


def _only_computes(function: str) -> bool:
    inside = _MODULE.fullmatch(function)
    if inside:
        return not _EXCEPT.fullmatch(inside[3])
    top = _TOP.fullmatch(function)
    return top[2] in _NAMES if top else bool(_OPERATOR.fullmatch(function))


def _takes_a_tensor(call: object) -> bool:
    """Whether the result of a layer, written as ``[name, node, index, ...]``, is among what a call takes."""
    waiting = [call]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            if item and item[0] == _CONSTANT:  # [..., -1, VALUE, {further arguments}]
                waiting += item[3:]
            elif len(item) > 2 and isinstance(item[0], str) and type(item[1]) is int:
                return True
            else:
                waiting += item
    return False
