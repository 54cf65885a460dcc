"""``--progress json``: what the page ``docs/json.md`` says of each line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, Unbroken
from tests.cli.test_json_documents import Checker, read_tables

OF_TASK = ("begin", "progress", "end", "stopped")


@pytest.fixture(scope="module")
def checker(repository: Path) -> Checker:
    return Checker(read_tables((repository / "docs" / "json.md").read_text(encoding="utf-8")))


def events_of(text: str) -> list[dict[str, Any]]:
    """The events of standard error, every line of which must be one."""
    return [json.loads(line) for line in text.splitlines()]


def assert_documented(checker: Checker, event: dict[str, Any]) -> None:
    if event["event"] == "epoch":
        section = "epoch"
    else:
        section = "task-of-an-event" if event["event"] in OF_TASK else "text-of-an-event"
        assert event["event"] in (*OF_TASK, "message", "warning")
    checker.problems.clear()
    checker.check_object(event, "every-event", event["event"], section)
    assert checker.problems == []


def test_a_training_is_told_in_json_lines_and_nothing_else(checker: Checker, unbroken: Unbroken) -> None:
    events = events_of(unbroken.errors)
    for event in events:
        assert_documented(checker, event)
    assert {event["event"] for event in events} == {"begin", "progress", "end", "message", "epoch"}
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)


def test_the_epochs_are_those_of_the_document(unbroken: Unbroken) -> None:
    epochs = [event for event in events_of(unbroken.errors) if event["event"] == "epoch"]
    told = [{key: value for key, value in event.items() if key not in ("event", "time")} for event in epochs]
    assert told == unbroken.document["history"]


def test_every_task_begins_counts_up_and_ends(unbroken: Unbroken) -> None:
    events = [event for event in events_of(unbroken.errors) if event["event"] in OF_TASK]
    tasks = dict.fromkeys(event["task"] for event in events)
    assert "Training the whole model" in tasks
    for task in tasks:
        own = [event for event in events if event["task"] == task]
        assert [own[0]["event"], own[-1]["event"]] == ["begin", "end"]
        assert own[0]["done"] == 0
        assert [event["done"] for event in own] == sorted(event["done"] for event in own)
        assert own[-1]["done"] == own[-1]["total"]


def test_warnings_are_events_and_the_error_is_on_standard_output(run: Run, photos: Path, tmp_path: Path) -> None:
    source = tmp_path / "photos"
    for label in ("apple", "banana"):
        (source / label).mkdir(parents=True)
        for photo in (photos / "train" / label).iterdir():
            (source / label / photo.name).symlink_to(photo)
    (source / "loose.jpg").write_bytes(next((photos / "val").rglob("*.jpg")).read_bytes())
    options = ("--model", "tiny_cnn", "--image-size", 32, "--epochs", 1, "--learning-rate", 1e30)
    result = run("train", source, "-o", tmp_path / "x.keras", *options, "--progress", "json", "--json")
    assert result.code == 1
    *lines, last = result.err.splitlines()
    events = events_of("\n".join(lines))
    assert any("loose.jpg" in event["text"] for event in events if event["event"] == "warning")
    assert [event["task"] for event in events if event["event"] == "stopped"] == ["Training the whole model"]
    assert last == f"Error: {result.document['error']['message']}"
    assert "diverged" in last
    assert [file.name for file in tmp_path.iterdir()] == ["photos"]


def test_other_commands_tell_their_progress_likewise(
    checker: Checker, run: Run, exported: Path, trained: Path, photos: Path
) -> None:
    result = run("verify", exported, "--reference", trained, "--data", photos, "--json", "--progress", "json")
    assert result.code == 0, result.err
    events = events_of(result.err)
    for event in events:
        assert_documented(checker, event)
    assert {"begin", "end"} <= {event["event"] for event in events}
