"""Reading and checking ``.onnx`` files."""
