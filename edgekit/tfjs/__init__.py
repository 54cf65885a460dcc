"""TensorFlow.js graph models: reading, checking and writing their files."""
