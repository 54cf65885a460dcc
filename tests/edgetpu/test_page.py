"""``docs/edge-tpu.md`` says what the rules say."""

from __future__ import annotations

from pathlib import Path

from edgekit.edgetpu import reasons
from edgekit.edgetpu.compilers import compiler_of
from edgekit.edgetpu.rules import RULES
from edgekit.edgetpu.table import rules_table


def test_the_table_of_ops_is_that_of_the_rules(repository: Path) -> None:
    page = (repository / "docs" / "edge-tpu.md").read_text()
    assert rules_table() in page, "run: python -m edgekit.edgetpu.table, and put what it prints into docs/edge-tpu.md"
    assert rules_table().count("\n") == len(RULES) + 1


def test_the_page_has_every_reason_of_the_compiler(repository: Path) -> None:
    page = (repository / "docs" / "edge-tpu.md").read_text()
    for reason in (reasons.MAPPED, *reasons.REASONS):
        assert f"| `{reason}` |" in page


def test_every_rule_has_its_source_and_what_to_do() -> None:
    for rule in RULES.values():
        assert rule.source.startswith("https://")
        assert not rule.note_source or (rule.note and rule.note_source.startswith("https://"))
        for limit in rule.limits:
            assert limit.source.startswith("https://")
            assert limit.fix.endswith(".")
            assert limit.text.endswith(".") or limit.text.endswith(").")


def test_the_runtimes_of_the_compilers_are_those_of_the_page(repository: Path) -> None:
    page = " ".join((repository / "docs" / "edge-tpu.md").read_text().split())
    assert "1 for runtime 10, 2, 14 and 15 for 13, 16 for 14" in page
    assert [compiler_of(version).runtime for version in ("1", "2", "14", "15", "16")] == [10, 13, 13, 13, 14]
