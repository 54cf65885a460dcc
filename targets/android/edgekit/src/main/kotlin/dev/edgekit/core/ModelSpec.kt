package dev.edgekit.core

/** What a model is for. */
public enum class Task(internal val id: String) {
    /** A photo has one label. */
    IMAGE_CLASSIFICATION("image-classification"),

    /** A photo can have any number of labels. */
    MULTI_LABEL_CLASSIFICATION("multi-label-classification"),

    /** It takes no photos. */
    TENSORS("tensors"),
}

/** The channels of the model's pixels. */
public enum class Color(internal val id: String, internal val channels: Int) {
    RGB("rgb", 3),
    GRAYSCALE("grayscale", 1),
}

/** How a photo of another aspect ratio fits. */
public enum class ResizeMode(internal val id: String) {
    /** The largest centred box of the right aspect ratio. */
    CROP("crop"),

    /** The whole photo, its aspect ratio lost. */
    STRETCH("stretch"),

    /** The whole photo, bars at two sides. */
    LETTERBOX("letterbox"),
}

/** What the outputs went through inside of the model, so what they mean. */
public enum class Activation(internal val id: String) {
    SOFTMAX("softmax"),
    SIGMOID("sigmoid"),

    /** Raw scores. */
    NONE("none"),
}

/**
 * What a photo must become before it is an input tensor.
 *
 * @property width pixels, 1..65535.
 * @property height pixels, 1..65535.
 * @property fill 0..255, of every channel of the letterbox bars.
 */
public data class ImageFormat(
    public val width: Int,
    public val height: Int,
    public val color: Color = Color.RGB,
    public val resize: ResizeMode = ResizeMode.CROP,
    public val fill: Int = 0,
) {
    /** Bytes of the model's pixels: height * width * channels, row by row. */
    public val size: Int get() = width * height * color.channels
}

/**
 * One named input or output.
 *
 * @property shape dimensions, `null` where any size is taken; the batch comes first.
 * @property dtype NumPy's name, as in `float32`.
 * @property valueRange the smallest and the largest meaningful value.
 * @property image how a photo becomes this tensor; `null` for a tensor that is no photo.
 */
public data class TensorSpec(
    public val name: String,
    public val shape: List<Int?>,
    public val dtype: String,
    public val valueRange: ClosedFloatingPointRange<Double>? = null,
    public val image: ImageFormat? = null,
)

/**
 * One class.
 *
 * @property id its folder's name at training.
 * @property names locale, as in `de` or `pt-BR`, to what a person reads.
 * @property descriptions likewise.
 */
public data class Label(
    public val id: String,
    public val names: Map<String, String> = emptyMap(),
    public val descriptions: Map<String, String> = emptyMap(),
)

/**
 * What a model takes and what it answers: the spec (schema 1) that travels in every artifact.
 *
 * @property name the model's name, without its format.
 * @property labels one for each class, in the order of the output.
 * @property confidenceThreshold 0..1; where no class reaches it, the answer is "none of these". Of a multi-label model
 *   all labels that reach it are the answer.
 */
public data class ModelSpec(
    public val name: String,
    public val task: Task,
    public val inputs: List<TensorSpec>,
    public val outputs: List<TensorSpec>,
    public val labels: List<Label> = emptyList(),
    public val activation: Activation = Activation.NONE,
    public val confidenceThreshold: Double? = null,
) {
    /** How a photo becomes the first input, or `null`. */
    public val image: ImageFormat? get() = inputs[0].image

    /** Size of the first output's last dimension; `null` where the spec does not say. */
    public val classes: Int? get() = outputs[0].shape.takeIf { it.size > 1 }?.last()

    /** Whether it answers one probability for each label. */
    public val isClassifier: Boolean
        get() = task != Task.TENSORS ||
            (labels.isNotEmpty() && inputs.size == 1 && outputs.size == 1 && outputs[0].shape.size == 2)

    /** Whether two labels share one output: the probability (or score) of the second. */
    public val isBinary: Boolean
        get() = task != Task.MULTI_LABEL_CLASSIFICATION && activation != Activation.SOFTMAX &&
            classes == 1 && labels.size == 2

    /** Whether any number of labels can be true, each output being the probability of its own. */
    public val isMultiLabel: Boolean
        get() = when (task) {
            Task.TENSORS -> isClassifier && activation == Activation.SIGMOID && !isBinary
            else -> task == Task.MULTI_LABEL_CLASSIFICATION
        }
}
