"""Measuring: latency by one protocol on every device, accuracy, and parity with the reference."""
