"""Core ML packages (``.mlpackage``): reading, checking and evaluating them without Core ML."""
