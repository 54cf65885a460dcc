"""What the Edge TPU takes: the compiler's rules as data, its logs, and the chip's parameter memory."""
