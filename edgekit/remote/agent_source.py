"""The agent's modules as one program, for a Python that knows nothing of EdgeKit."""

from __future__ import annotations

from pathlib import Path

# In the order in which they need each other.
MODULES = ("refused", "output", "storage", "system", "children", "serve")

_LOADER = """\
import sys, types
for name, text in {sources!r}:
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
sys.modules[name].main()
"""


def agent_source() -> bytes:
    """What the device's Python executes."""
    folder = Path(__file__).with_name("agent")
    texts = [(name, folder.joinpath(f"{name}.py").read_text(encoding="utf-8")) for name in MODULES]
    return _LOADER.format(sources=[(f"edgekit.remote.agent.{name}", text) for name, text in texts]).encode()
