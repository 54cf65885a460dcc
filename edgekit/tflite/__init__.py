"""Reading, checking and labelling ``.tflite`` files without TensorFlow."""
