package dev.edgekit.core

import dev.edgekit.EdgeKitException
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.nio.charset.CodingErrorAction

/**
 * One tensor of a model.
 *
 * @property shape sizes, -1 where any is taken; the batch comes first.
 * @property dtype NumPy's name, as in `uint8`.
 * @property scale of a quantized tensor: real = scale * (stored - zeroPoint); `null` for any other.
 */
public data class TensorInfo(
    public val name: String,
    public val shape: List<Int>,
    public val dtype: String,
    public val scale: Float? = null,
    public val zeroPoint: Int = 0,
)

/**
 * What a `.tflite` says of itself, without running it.
 *
 * @property spec `null` where EdgeKit did not write the file.
 * @property inputs of the first graph, in its order, with the signature's names.
 * @property outputs likewise.
 */
public data class TfliteModel(
    public val spec: ModelSpec?,
    public val inputs: List<TensorInfo>,
    public val outputs: List<TensorInfo>,
)

/** The metadata entry that holds the spec as JSON in UTF-8. */
private const val SPEC_ENTRY = "EDGEKIT_SPEC"
private const val IDENTIFIER = "TFL3"
private const val DEFAULT_SIGNATURE = "serving_default"

/** Field numbers of tensorflow/compiler/mlir/lite/schema/schema.fbs: a field's number is its place in its table. */
private object Field {
    object Model {
        const val SUBGRAPHS = 2
        const val BUFFERS = 4
        const val METADATA = 6
        const val SIGNATURES = 7
    }
    object Metadata {
        const val NAME = 0
        const val BUFFER = 1
    }
    object Subgraph {
        const val TENSORS = 0
        const val INPUTS = 1
        const val OUTPUTS = 2
    }
    object Tensor {
        const val SHAPE = 0
        const val TYPE = 1
        const val NAME = 3
        const val QUANTIZATION = 4
        const val SIGNATURE = 7
    }
    object Quantization {
        const val SCALE = 2
        const val ZERO_POINT = 3
    }
    object Signature {
        const val INPUTS = 0
        const val OUTPUTS = 1
        const val KEY = 2
        const val SUBGRAPH = 4
    }
    object TensorMap {
        const val NAME = 0
        const val INDEX = 1
    }
}

/** By their number in the schema; those that come later are no input of a model that runs here. */
private val DTYPES = (
    "float32 float16 int32 uint8 int64 string bool int16 complex64 int8 float64 complex128 uint64 resource variant " +
        "uint32 uint16 int4"
    ).split(' ')

/**
 * @param data the bytes of a `.tflite` file, from 0 to the limit; mapped memory will do.
 * @param name what to call it in an error.
 * @throws EdgeKitException no sound model, or its spec is broken or newer than this library.
 */
public fun readTflite(data: ByteBuffer, name: String): TfliteModel {
    if (beginning(data, 8).drop(4) != IDENTIFIER) {
        throw EdgeKitException("$name is not a TFLite model (${whatItIs(data)}). Check the path, or export it again.")
    }
    return TfliteReader(data, name).read()
}

private class TfliteReader(data: ByteBuffer, private val name: String) {
    private val root = Flatbuffer(data, "$name is not a sound TFLite model").root()

    fun read(): TfliteModel {
        val graph = root.tables(Field.Model.SUBGRAPHS).firstOrNull() ?: fail("it holds no graph")
        val tensors = graph.tables(Field.Subgraph.TENSORS)
        val inputs = graph.int32s(Field.Subgraph.INPUTS)
        val outputs = graph.int32s(Field.Subgraph.OUTPUTS)
        if (inputs.isEmpty() || outputs.isEmpty()) fail("its graph takes nothing, or answers nothing")
        val signature = findSignature(inputs, outputs)
        return TfliteModel(
            findSpec(),
            describe("input", inputs, tensors, signature?.inputs),
            describe("output", outputs, tensors, signature?.outputs),
        )
    }

    private fun findSpec(): ModelSpec? {
        val entry = root.tables(Field.Model.METADATA).find { it.text(Field.Metadata.NAME) == SPEC_ENTRY } ?: return null
        val buffers = root.tables(Field.Model.BUFFERS)
        val bytes = buffers.getOrNull(entry.uint32(Field.Metadata.BUFFER).toInt())?.bytes(0) ?: return null
        val text = try {
            // Strict: what is replaced would be another text.
            Charsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT).decode(bytes).toString()
        } catch (error: CharacterCodingException) {
            throw EdgeKitException(
                "$name holds a spec that is not JSON (it is not UTF-8). Export the model again.",
                error,
            )
        }
        return readSpec(text, name)
    }

    private fun describe(
        kind: String,
        indices: List<Int>,
        tensors: List<Flatbuffer.Table>,
        signature: Map<Int, String>?,
    ): List<TensorInfo> {
        val found = indices.map { tensors.getOrNull(it) ?: fail("a graph names a tensor that is not there") }
        val names = nameTensors(kind, indices, found.map { it.text(Field.Tensor.NAME) }, signature)
        return found.zip(names, ::describeTensor)
    }

    private fun describeTensor(tensor: Flatbuffer.Table, name: String): TensorInfo {
        val fixed = tensor.int32s(Field.Tensor.SHAPE)
        val shape = tensor.int32s(Field.Tensor.SIGNATURE).takeIf { it.size == fixed.size } ?: fixed
        if (shape.any { it < -1 }) fail("the tensor $name has an impossible shape")
        val quantization = tensor.table(Field.Tensor.QUANTIZATION)
        val dtype = DTYPES.getOrNull(tensor.int8(Field.Tensor.TYPE)) ?: fail("the tensor $name is of an unknown type")
        return TensorInfo(
            name,
            shape,
            dtype,
            quantization?.floats(Field.Quantization.SCALE)?.singleOrNull(),
            quantization?.int64s(Field.Quantization.ZERO_POINT)?.singleOrNull()?.toInt() ?: 0,
        )
    }

    /** Of the signature over exactly the graph's inputs and outputs; `serving_default` first. */
    private fun findSignature(inputs: List<Int>, outputs: List<Int>): Signature? {
        val found = root.tables(Field.Model.SIGNATURES)
            .filter { it.uint32(Field.Signature.SUBGRAPH) == 0L }
            .mapNotNull { table ->
                val takes = readNames(table.tables(Field.Signature.INPUTS), inputs)
                val answers = readNames(table.tables(Field.Signature.OUTPUTS), outputs)
                if (takes == null || answers == null) return@mapNotNull null
                Signature(table.text(Field.Signature.KEY), takes, answers)
            }
        return found.find { it.key == DEFAULT_SIGNATURE } ?: found.firstOrNull()
    }

    /** `null` where they are not exactly these tensors, each once. */
    private fun readNames(entries: List<Flatbuffer.Table>, indices: List<Int>): Map<Int, String>? {
        if (entries.size != indices.size) return null
        val names = entries.map { it.uint32(Field.TensorMap.INDEX).toInt() to it.text(Field.TensorMap.NAME) }
        return if (names.map { it.first }.sorted() == indices.sorted()) names.toMap() else null
    }

    private fun fail(reason: String): Nothing =
        throw EdgeKitException("$name is not a sound TFLite model ($reason). Download it or export it again.")
}

private class Signature(val key: String, val inputs: Map<Int, String>, val outputs: Map<Int, String>)

private fun beginning(data: ByteBuffer, count: Int): String {
    val start = ByteArray(minOf(count, data.limit()))
    data.whole().get(start)
    return String(start, Charsets.ISO_8859_1)
}

private fun whatItIs(data: ByteBuffer): String {
    val start = beginning(data, 32)
    return when {
        start.isEmpty() -> "it is empty"

        start.startsWith("PK\u0003\u0004") -> "it is a zip archive, such as a .keras file"

        start.startsWith("version https://git-lfs") -> "it is a Git LFS pointer; fetch the file itself"

        start.trimStart().startsWith("<") ->
            "it is a page in HTML, such as a server's answer that there is no such file"

        else -> "it lacks the mark $IDENTIFIER"
    }
}
