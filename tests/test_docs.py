"""The documentation says what is true: its commands parse, its links lead somewhere, its examples are sound."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import click
import pytest

from edgekit.cli.main import COMMANDS, cli
from edgekit.kerasfile import SPEC_MEMBER

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), *REPOSITORY.glob("tests/golden/*.md")])

SHELL = ("bash", "sh", "console")
SEPARATORS = frozenset({"|", "||", "&&", ";", "&", ">", ">>", "<", "(", ")"})
FOLDERS = "edgekit|converters|targets|tests|docs|benchmarks|requirements|scripts"


@dataclass(frozen=True)
class Example:
    """A piece of a page, with the place where it stands."""

    page: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(REPOSITORY)}:{self.line}"


def blocks(*languages: str) -> list[Example]:
    """All fenced code blocks of these languages."""
    fence = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in fence.finditer(text):
            if match[2] in languages:
                indent = len(match[1])
                body = "\n".join(line[indent:] for line in match[3].splitlines())
                found.append(Example(page, text.count("\n", 0, match.start()) + 1, body))
    return found


def outside_of_blocks(page: Path) -> str:
    """A page's prose and tables."""
    return re.sub(r"^( *)```.*?^\1```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def inline_code() -> Iterator[Example]:
    for page in PAGES:
        for number, line in enumerate(outside_of_blocks(page).splitlines(), 1):
            for match in re.finditer(r"`([^`]+)`", line):
                yield Example(page, number, match[1])


def split_commands(line: str) -> Iterator[list[str]]:
    """The commands of a shell line, as words; comments are left out."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    for word in lexer:
        if word in SEPARATORS:
            yield words
            words = []
        else:
            words.append(word)
    yield words


def edgekit_commands() -> list[tuple[str, list[str]]]:
    """Place and arguments of every ``edgekit ...`` in a code block."""
    return [
        (str(block), words[1:])
        for block in blocks(*SHELL)
        for line in block.text.replace("\\\n", " ").splitlines()
        for words in split_commands(line.removeprefix("$ "))
        if words and Path(words[0]).name == "edgekit"
    ]


def subcommand(name: str) -> click.Command:
    assert name in COMMANDS, f"edgekit has no command {name!r}"
    command: click.Command = import_module(f"edgekit.cli.{name}").command
    return command


COMMAND_LINES = edgekit_commands()


def test_there_is_something_to_check() -> None:
    assert len(COMMAND_LINES) > 20
    assert {words[0] for _, words in COMMAND_LINES} >= set(COMMANDS) - {"completion"}


@pytest.mark.parametrize(
    ("place", "words"), COMMAND_LINES, ids=[f"{place} {' '.join(words)}" for place, words in COMMAND_LINES]
)
def test_every_command_line_parses(place: str, words: list[str]) -> None:
    if words[0].startswith("-"):
        assert words[0] in ("--help", "-h", "--version")
        return
    command = subcommand(words[0])
    try:
        command.make_context(f"edgekit {words[0]}", list(words[1:]), parent=click.Context(cli))
    except click.exceptions.Exit:  # --help
        pass
    except click.ClickException as error:
        pytest.fail(f"{place}: {error.format_message()}")


def test_every_command_in_the_text_exists() -> None:
    """In a sentence a command may lack its arguments, but its options must be there."""
    checked = 0
    for example in inline_code():
        words = example.text.split()
        if len(words) < 2 or words[0] != "edgekit" or words[1].startswith("-"):
            continue
        options = {name for option in subcommand(words[1]).params for name in (*option.opts, *option.secondary_opts)}
        unknown = [word for word in words[2:] if word.startswith("-") and word not in {*options, "--help"}]
        assert not unknown, f"{example}: edgekit {words[1]} has no {unknown[0]}"
        checked += 1
    assert checked > 5


def test_every_option_in_the_text_exists() -> None:
    options = {"--help", "--version"}
    for name in COMMANDS:
        options |= {opt for option in subcommand(name).params for opt in (*option.opts, *option.secondary_opts)}
    for example in inline_code():
        if example.page.parent.name == "docs" and re.fullmatch(r"--[a-z-]+( .*)?", example.text):
            assert example.text.split()[0] in options, f"{example}: no command has {example.text}"


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_every_json_example_parses(block: Example) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_every_python_example_compiles_and_its_imports_exist(block: Example) -> None:
    tree = ast.parse(block.text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("edgekit"):
            module = import_module(node.module)
            missing = [alias.name for alias in node.names if not hasattr(module, alias.name)]
            assert not missing, f"{block}: {node.module} has no {missing[0]}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "edgekit":
            assert hasattr(import_module("edgekit"), node.attr), f"{block}: edgekit has no {node.attr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for match in re.finditer(r"\]\(([^)\s]+)\)", outside_of_blocks(page)):
        path, _, anchor = match[1].partition("#")
        if re.match(r"[a-z]+:", match[1]):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {match[1]}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {match[1]}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as MkDocs and GitHub make them."""
    headings = re.findall(r"^#+ (.+?)\s*$", outside_of_blocks(page), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower())).strip("-") for heading in headings}


def test_every_file_of_the_repository_that_is_named_exists() -> None:
    for example in inline_code():
        for name in re.findall(rf"^((?:{FOLDERS})/[\w./-]*\w\.\w+)$", example.text):
            known = "NAME" in name or name == SPEC_MEMBER or (REPOSITORY / name).exists()
            assert known, f"{example}: {name}"


def test_every_make_target_exists() -> None:
    targets = re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for block in blocks(*SHELL):
        for name in re.findall(r"^make (\w+)", block.text, re.MULTILINE):
            assert name in targets, f"{block}: make {name}"


def test_the_site_builds_and_needs_no_network(tmp_path: Path) -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("mkdocs"), "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) >= len(list(REPOSITORY.glob("docs/*.md")))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img|iframe)[^>]+src=[\"']?https?:", text), page
        assert not re.findall(r"<link[^>]+href=[\"']?https?:", text), page
