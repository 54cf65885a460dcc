"""Is a SavedModel safe to open: real ones that TensorFlow saved, and what was done to them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import ModelFileError, UnsupportedModelError
from edgekit.savedmodel import check_saved_model
from edgekit.savedmodel.kerasmeta import FILE as KERAS_FILE
from edgekit.savedmodel.ops import judge_op

tf = pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_text("a\nb\n")
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, words: Path) -> Path:
    """A SavedModel with a variable, and a table that is filled from an asset."""
    module = tf.Module()
    module.scale = tf.Variable(2.0)
    module.table = lookup_table(tf.saved_model.Asset(str(words)))

    def look_up(word: Any) -> dict[str, Any]:
        return {"place": tf.cast(module.table.lookup(word), tf.float32) * module.scale}

    module.look_up = tf.function(look_up, input_signature=[tf.TensorSpec([None], tf.string, "word")])
    return save(module, module.look_up, tmp_path_factory.mktemp("table") / "model")


def lookup_table(file: Any) -> Any:
    whole, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    return tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(file, tf.string, whole, tf.int64, line), -1)


def save(module: Any, function: Any, folder: Path) -> Path:
    tf.saved_model.save(module, str(folder), signatures={"serving_default": function})
    return folder


def saved_function(function: Callable[[Any], Any], folder: Path, dtype: Any = None) -> Path:
    module = tf.Module()
    spec = tf.TensorSpec([], dtype or tf.string, "x")
    module.call = tf.function(lambda x: {"y": function(x)}, input_signature=[spec], autograph=False)
    return save(module, module.call, folder)


def edited(model: Path, folder: Path, edit: Callable[[Any], object]) -> Path:
    """A copy whose graph somebody has changed, fingerprint removed."""
    from tensorflow.core.protobuf import saved_model_pb2

    shutil.copytree(model, folder)
    (folder / "fingerprint.pb").unlink()
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    edit(saved.meta_graphs[0])
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        check_saved_model(folder)
    message = str(caught.value)
    assert message.startswith(str(folder))
    assert "\n" not in message
    return message.removeprefix(str(folder))


def test_a_table_of_an_asset_is_normal(table: Path) -> None:
    info = check_saved_model(table)
    assert info.tags == ("serve",)
    assert info.assets == ("words.txt",)
    assert info.spec is None
    assert info.tensorflow == tf.__version__
    (signature,) = info.signatures.values()
    assert [(t.name, t.shape, t.dtype) for t in signature.inputs] == [("word", (None,), "string")]
    assert [(t.name, t.shape, t.dtype) for t in signature.outputs] == [("place", (None,), "float32")]
    assert info.operators["LookupTableFindV2"] == 1


def test_one_that_was_loaded_and_saved_again_is_normal(table: Path, tmp_path: Path) -> None:
    again = tf.saved_model.load(str(table))
    tf.saved_model.save(again, str(tmp_path / "again"), signatures=again.signatures)
    assert check_saved_model(tmp_path / "again").assets == ("words.txt",)


def test_keras_2_models_are_normal(shared_data: Path) -> None:
    info = check_saved_model(shared_data / "mlperf-tiny/keyword_spotting/trained_models/kws_ref_model")
    assert info.tensorflow == "2.3.2"
    assert [tensor.shape for tensor in info.signatures["serving_default"].inputs] == [(None, 49, 10, 1)]


def _immutable(x: Any) -> Any:
    return tf.raw_ops.ImmutableConst(dtype=tf.float32, shape=[1], memory_region_name="/etc/passwd")


def _print(x: Any) -> Any:
    tf.raw_ops.PrintV2(input=x, output_stream="file:///nowhere/print")
    return x


def _write(x: Any) -> Any:
    tf.io.write_file("/nowhere/write", x)
    return x


def _restore(x: Any) -> Any:
    return tf.raw_ops.RestoreV2(
        prefix="/nowhere/other", tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
    )[0]


def _in_a_loop(x: Any) -> Any:
    return tf.while_loop(lambda text: tf.strings.length(text) < 9, lambda text: [tf.io.read_file(text)], [x])[0]


@pytest.mark.parametrize(
    ("function", "operator", "reason"),
    [
        (tf.io.read_file, "ReadFile", "reads or writes files"),
        (_write, "WriteFile", "reads or writes files"),
        (tf.io.matching_files, "MatchingFiles", "reads or writes files"),
        (_immutable, "ImmutableConst", "reads or writes files"),
        (_restore, "RestoreV2", "reads or writes files"),
        (_in_a_loop, "ReadFile", "reads or writes files"),
        (lambda x: tf.py_function(lambda v: v, [x], tf.string), "EagerPyFunc", "Python"),
        (lambda x: tf.numpy_function(lambda v: v, [x], tf.string), "PyFunc", "Python"),
        (lambda x: tf.numpy_function(lambda v: v, [x], tf.string, stateful=False), "PyFuncStateless", "Python"),
        (lambda x: tf.data.TextLineDataset(x).reduce(b"", lambda a, b: b), "TextLineDataset", "pipeline"),
        (lambda x: tf.io.decode_proto(x, "M", ["f"], [tf.string], "/nowhere/d")[1][0], "DecodeProtoV2", "files"),
        (_print, "a file", "prints into"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_operators_that_reach_beyond_the_model_are_refused(
    function: Callable[[Any], Any], operator: str, reason: str, tmp_path: Path
) -> None:
    message = refusal(saved_function(function, tmp_path / "model"))
    assert re.search(rf"(has the operator {operator} \(|prints into {operator}\b)", message)
    assert reason in message


def test_the_rule_is_by_category() -> None:
    from tensorflow.python.framework import op_def_registry

    def verdict(name: str) -> str:
        return judge_op(name, op_def_registry.get(name).is_stateful)[0]

    normal = "Conv2D While TensorListReserve StatefulUniform LookupTableFindV2 ResourceApplyAdam VarHandleOp Assert"
    assert {verdict(name) for name in normal.split()} == {"allowed"}
    refused = (
        "TFRecordReaderV2 SaveDatasetV2 IteratorGetNext WriteSummary DumpTensor RpcCall Send CollectiveReduceV2 "
        "DebugIdentity Abort SleepOp XlaCustomCallV2 TPUExecute FixedUnigramCandidateSampler FIFOQueueV2 _Send _MklRelu"
    )
    assert {verdict(name) for name in refused.split()} == {"refused"}
    assert {verdict(name) for name in ("RestoreV2", "InitializeTableFromTextFileV2")} == {"paths"}
    assert judge_op("Sentencepiece", None)[0] == "unknown"


@pytest.mark.parametrize("turned", [False, True])
def test_the_order_in_the_file_does_not_decide_what_is_named(turned: bool, table: Path, tmp_path: Path) -> None:
    """TensorFlow writes functions in the order of a hash table; the one that it made first is named."""

    def add(meta_graph: Any) -> None:
        library = meta_graph.graph_def.library
        for name, op in (("call_10", "ReadFile"), ("call_9", "WriteFile"), ("call_8", "NoOp")):
            function = library.function.add()
            function.signature.name = name
            function.node_def.add(name="node", op=op)
        if turned:
            functions = [type(function).FromString(function.SerializeToString()) for function in library.function]
            del library.function[:]
            library.function.extend(reversed(functions))

    message = refusal(edited(table, tmp_path / "model", add))
    assert "the node node of the function call_9 has the operator WriteFile (it reads or writes files)" in message


def test_an_operator_that_tensorflow_lacks_is_named(table: Path, tmp_path: Path) -> None:
    def rename(meta_graph: Any) -> None:
        for function in meta_graph.graph_def.library.function:
            for node in function.node_def:
                node.op = "SentencepieceOp" if node.op == "LookupTableFindV2" else node.op

    with pytest.raises(UnsupportedModelError, match=r"SentencepieceOp .* unknown to this TensorFlow"):
        check_saved_model(edited(table, tmp_path / "model", rename))


def test_a_table_may_not_be_filled_from_any_file(tmp_path: Path, words: Path) -> None:
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "x")])
    def call(x: Any) -> dict[str, Any]:
        handle = tf.raw_ops.AnonymousHashTable(key_dtype=tf.string, value_dtype=tf.int64)
        whole, line = -2, -1
        tf.raw_ops.InitializeTableFromTextFileV2(
            table_handle=handle, filename=str(words), key_index=whole, value_index=line
        )
        return {"y": tf.raw_ops.LookupTableFindV2(table_handle=handle, keys=x, default_value=tf.constant(-1, tf.int64))}

    module.call = call
    assert "no asset of the model" in refusal(save(module, call, tmp_path / "inside"))


@pytest.mark.parametrize("kind", ["variable", "constant"])
def test_a_tables_file_must_stay_an_asset(kind: str, table: Path, tmp_path: Path) -> None:
    def rebind(meta_graph: Any) -> None:
        nodes = meta_graph.object_graph_def.nodes
        other = next(index for index, node in enumerate(nodes) if node.WhichOneof("kind") == kind)
        for function in meta_graph.object_graph_def.concrete_functions.values():
            for place, bound in enumerate(function.bound_inputs):
                if nodes[bound].WhichOneof("kind") == "asset":
                    function.bound_inputs[place] = other

    assert "no asset of the model" in refusal(edited(table, tmp_path / "model", rebind))


@pytest.mark.parametrize(
    ("name", "reason"),
    [("../../secret.txt", "lies outside of it"), ("/etc/passwd", "lies outside of it"), ("absent.txt", "is missing")],
)
def test_assets_stay_in_the_folder(name: str, reason: str, table: Path, tmp_path: Path) -> None:
    def rename(meta_graph: Any) -> None:
        meta_graph.asset_file_def[0].filename = name

    message = refusal(edited(table, tmp_path / "model", rename))
    assert name in message
    assert reason in message


def test_nothing_may_run_what_saves_variables(table: Path, tmp_path: Path) -> None:
    def call(meta_graph: Any) -> None:
        functions = {function.signature.name: function for function in meta_graph.graph_def.library.function}
        saver = next(name for name in functions if "traced_save" in name)
        caller = next(function for name, function in functions.items() if "signature_wrapper" in name)
        node = caller.node_def.add(name="extra", op="StatefulPartitionedCall")
        node.attr["f"].func.name = saver

    message = refusal(edited(table, tmp_path / "model", call))
    assert re.search(r"traced_save_\d+ has the operator SaveV2 \(it reads or writes files\)", message)


def test_two_things_of_one_name_are_no_model(table: Path, tmp_path: Path) -> None:
    def repeat(meta_graph: Any) -> None:
        meta_graph.graph_def.library.function[0].node_def.append(meta_graph.graph_def.library.function[0].node_def[0])

    assert "two nodes of the function" in refusal(edited(table, tmp_path / "node", repeat))

    def shadow(meta_graph: Any) -> None:
        meta_graph.graph_def.library.function[0].signature.name = "ReadFile"

    assert "the name of the operator ReadFile" in refusal(edited(table, tmp_path / "function", shadow))


def _tensorflow_1(folder: Path, restore_from: str | None = None) -> Path:
    v1 = tf.compat.v1
    with v1.Session(graph=tf.Graph()) as session:
        x = v1.placeholder(tf.float32, [None], name="x")
        scale = v1.get_variable("scale", [], initializer=v1.ones_initializer())
        y = x * scale
        if restore_from:
            y += tf.raw_ops.RestoreV2(
                prefix=restore_from, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
            )[0]
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": y})
    return folder


def test_graphs_of_tensorflow_1(tmp_path: Path) -> None:
    info = check_saved_model(_tensorflow_1(tmp_path / "good"))
    assert [tensor.name for tensor in info.signatures["serving_default"].outputs] == ["y"]
    assert "RestoreV2" in refusal(_tensorflow_1(tmp_path / "bad", "/tmp/other"))


def test_a_changed_graph_is_found(table: Path, tmp_path: Path) -> None:
    shutil.copytree(table, tmp_path / "model")
    file = tmp_path / "model/saved_model.pb"
    data = bytearray(file.read_bytes())
    data[data.index(b"words.txt")] ^= 1
    (tmp_path / "model/assets/words.txt").rename(tmp_path / "model/assets/vords.txt")
    file.write_bytes(data)
    assert "was changed after it was saved" in refusal(tmp_path / "model")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_graph_is_a_sentence(share: float, table: Path, tmp_path: Path) -> None:
    shutil.copytree(table, tmp_path / "model")
    file = tmp_path / "model/saved_model.pb"
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    with pytest.raises(ModelFileError, match=r"cut short|is empty"):
        check_saved_model(tmp_path / "model")


def test_other_folders_are_refused(table: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no SavedModel (it has no saved_model.pb)" in refusal(tmp_path / "empty")
    assert "is a file" in refusal(table / "saved_model.pb")
    with pytest.raises(ModelFileError, match="There is no SavedModel"):
        check_saved_model(tmp_path / "nowhere")
    (tmp_path / "empty/saved_model.pb").write_bytes(b"\x89PNG\r\n\x1a\n" * 9)
    assert "is no SavedModel, or cut short" in refusal(tmp_path / "empty")


def test_links_and_pipes_are_refused(table: Path, tmp_path: Path) -> None:
    shutil.copytree(table, tmp_path / "link")
    (tmp_path / "link/assets/words.txt").unlink()
    (tmp_path / "link/assets/words.txt").symlink_to("/etc/passwd")
    assert "a link that leads out" in refusal(tmp_path / "link")
    shutil.copytree(table, tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe/variables/more")
    assert "neither a file nor a folder" in refusal(tmp_path / "pipe")


def _field(number: int, data: bytes) -> bytes:
    size = bytes([len(data) & 0x7F | 0x80, len(data) >> 7])
    return bytes([number << 3 | 2]) + size + data


@pytest.mark.parametrize("class_name", ["Lambda", "\\u004cambda", "TFSMLayer"])
def test_keras_layers_that_hold_code_are_refused(class_name: str, table: Path, tmp_path: Path) -> None:
    shutil.copytree(table, tmp_path / "model")
    inner = json.dumps({"class_name": "@", "config": {"name": "mine"}}).replace("@", class_name)
    text = json.dumps({"name": "model", "config": {"layers": ["@"]}}).replace('"@"', inner)
    path = tmp_path / "model" / KERAS_FILE
    path.write_bytes(_field(1, _field(3, b"root.layer-0") + _field(5, text.encode())))
    assert "the layer 'mine' is a" in refusal(tmp_path / "model")
    path.write_bytes(path.read_bytes()[:-5])
    assert "cannot be read (cut short)" in refusal(tmp_path / "model")
    path.write_bytes(_field(1, _field(5, text.replace(class_name, "Dense").encode())))
    assert check_saved_model(tmp_path / "model").signatures


def test_of_several_graphs_the_one_for_serving_is_read(table: Path, tmp_path: Path) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    shutil.copytree(table, tmp_path / "model")
    (tmp_path / "model/fingerprint.pb").unlink()
    file = tmp_path / "model/saved_model.pb"
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString(file.read_bytes())
    saved.meta_graphs.append(saved.meta_graphs[0])
    saved.meta_graphs[0].meta_info_def.tags.append("gpu")
    file.write_bytes(saved.SerializeToString())
    assert check_saved_model(tmp_path / "model").tags == ("serve",)
    saved.meta_graphs[1].meta_info_def.tags.append("tpu")
    file.write_bytes(saved.SerializeToString())
    assert "several graphs with the tags serve+gpu and serve+tpu" in refusal(tmp_path / "model")
