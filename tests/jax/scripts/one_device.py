"""All that is tested on one device, one after the other; refusals come first, before JAX knows its devices."""

import runpy
from pathlib import Path

for script in ("refusals.py", "inference.py"):
    runpy.run_path(str(Path(__file__).with_name(script)))
