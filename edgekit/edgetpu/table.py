"""The rules as the table of ``docs/edge-tpu.md``; a test holds the page to it.

``python -m edgekit.edgetpu.table`` prints it.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgekit.edgetpu.compilers import FIRST_RUNTIME, LAST_RUNTIME
from edgekit.edgetpu.rules import RULES, Limit, OpRule
from edgekit.edgetpu.versions import highest_mapped

_COMPILER = 16


def rules_table() -> str:
    """One row for each op: the runtime that first has it, the highest version that compiler 16 maps, its limits."""
    lines = ["| op | runtime | version | limits | source |", "|---|---|---|---|---|"]
    for name, rule in sorted(RULES.items()):
        since = "all" if rule.since == FIRST_RUNTIME else f"{rule.since} or later"
        version = highest_mapped(name, _COMPILER)
        sources = ", ".join(f"[{number}]({url})" for number, url in enumerate(_sources(rule), 1))
        lines.append(f"| `{name}` | {since} | {version} | {' '.join(_limits(rule))} | {sources} |")
    return "\n".join(lines)


def _limits(rule: OpRule) -> Iterator[str]:
    for limit in rule.limits:
        yield f"{_range(limit)}{limit.text}"
    if rule.note:
        yield f"*{rule.note}*"


def _range(limit: Limit) -> str:
    if limit.until < LAST_RUNTIME:
        return f"Until runtime {limit.until}: "
    return f"From runtime {limit.since}: " if limit.since > FIRST_RUNTIME else ""


def _sources(rule: OpRule) -> tuple[str, ...]:
    noted = (rule.note_source,) if rule.note_source else ()
    return tuple(dict.fromkeys((rule.source, *(limit.source for limit in rule.limits), *noted)))


if __name__ == "__main__":
    print(rules_table())
