"""Keeps what native code and TensorFlow say to nobody off the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_lock = threading.Lock()
"""One at a time: two that overlap would each take the other's file for the terminal, and leave it there."""


@contextlib.contextmanager
def stderr_into(descriptor: int) -> Iterator[None]:
    """Lets everything that is written to file descriptor 2 go to ``descriptor`` instead.

    That holds for all threads, and for processes that they start meanwhile. Where standard error is
    closed, nothing is done.
    """
    with _lock:
        try:
            terminal = os.dup(2)
        except OSError:
            yield
            return
        _flush()
        try:
            os.dup2(descriptor, 2)
            yield
        finally:
            _flush()
            os.dup2(terminal, 2)
            os.close(terminal)


@contextlib.contextmanager
def without_retracing_notes() -> Iterator[None]:
    """Keeps TensorFlow's warnings about ``tf.function`` retracing off the terminal; all else is said.

    It counts the traces of a function by its place in the source, so that one run each of several Keras models
    looks to it like one function that is traced again and again. TensorFlow need not be installed.
    """
    import logging  # 3 ms, which a program that only runs a model does not need

    logger = logging.getLogger("tensorflow")

    def pass_others(record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in str(record.msg)

    logger.addFilter(pass_others)
    try:
        yield
    finally:
        logger.removeFilter(pass_others)


@contextlib.contextmanager
def without_framework_warnings() -> Iterator[None]:
    """Keeps what TensorFlow's and Keras' Python sides log while they load a model off the terminal, but for errors.

    They warn of absent gradients, old functions and untrained optimizers, none of which an export or a prediction
    needs. TensorFlow need not be installed.
    """
    import logging

    # Absl makes its logger of a class of its own: one that was made before would break it.
    names = ["tensorflow", *(["absl"] if "absl.logging" in sys.modules else [])]
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(max(logging.ERROR, logger.level))
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _flush() -> None:
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()


@contextlib.contextmanager
def without_start_up_notes(module: str) -> Iterator[None]:
    """Around the first import of a module that brings TensorFlow: it announces oneDNN and missing GPUs.

    Whoever has set ``TF_CPP_MIN_LOG_LEVEL`` wants to hear them.
    """
    if module in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # It says some things before it reads the variable.
    with open(os.devnull, "wb") as nowhere, stderr_into(nowhere.fileno()):
        yield
