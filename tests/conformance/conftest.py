"""Comparisons with other converters and libraries: minutes, and packages; only ``make conformance`` runs them."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("EDGEKIT_CONFORMANCE") == "1" else ["test_*.py"]
