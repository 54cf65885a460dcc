"""``edgekit serve`` as it is typed: what it says, what it shows, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgekit.web.network import own_addresses
from tests.cli.conftest import Run, command, heed_interrupts


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text("<title>flowers</title>")
    return folder


@contextmanager
def serving(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command("serve", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        preexec_fn=heed_interrupts,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], end: str) -> str:
    """What is printed up to a line."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.rstrip("\n") == end:
            return "".join(lines)
    raise AssertionError(f"no {end!r} in: {''.join(lines)}")


def interrupt(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=20)
    return process.returncode, out, errors


def test_it_says_where_and_ends_with_an_interrupt(site: Path) -> None:
    with serving(site, "--port", 0) as process:
        said = read_until(process, "Ctrl-C ends it.")
        url = said.split(" is at ")[1].split()[0]
        assert url.startswith("http://127.0.0.1:")
        assert "network" not in said
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.read() == b"<title>flowers</title>"
        assert interrupt(process) == (0, "\nStopped.\n", "")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=10)


def test_json_is_there_while_it_serves(site: Path) -> None:
    with serving(site, "--port", 0, "--json") as process:
        document = json.loads(read_until(process, "}"))
        assert document == {"folder": str(site), "url": document["url"], "network": [], "fingerprint": None}
        urllib.request.urlopen(document["url"], timeout=10).close()
        assert interrupt(process) == (0, "", "")


def test_a_network_is_told_what_plain_http_lacks(site: Path) -> None:
    pytest.importorskip("segno", reason="a QR code needs the extra 'browser'")
    addresses = own_addresses()
    if not addresses:
        pytest.skip("this machine is in no network")
    with serving(site, "--port", 0, "--lan") as process:
        said = read_until(process, "Ctrl-C ends it.")
        assert f"In your network: http://{addresses[0]}:" in said
        assert "no secure context" in said
        for lost in ("no camera", "WebGPU", "threads", "offline", "--https"):
            assert lost in said
        assert "▀" in said
        assert "\033" not in said  # no terminal, no colours
        assert interrupt(process)[0] == 0


def test_https_shows_the_fingerprint(site: Path) -> None:
    pytest.importorskip("cryptography", reason="certificates need the extra 'browser'")
    with serving(site, "--port", 0, "--https", "--json") as process:
        document = json.loads(read_until(process, "}"))
    assert document["url"].startswith("https://127.0.0.1:")
    assert len(document["fingerprint"].split(":")) == 32
    with serving(site, "--port", 0, "--https") as process:
        said = read_until(process, "Ctrl-C ends it.")
    assert document["fingerprint"][:47] in said
    assert document["fingerprint"][48:] in said
    assert "offline" in said


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (None, "there is nothing"),
        ("file", "it is a file"),
        ("folder", "it has no index.html"),
        ("exports", "it has models, but no page"),
    ],
)
def test_what_is_no_site_is_refused(run: Run, tmp_path: Path, made: str | None, says: str) -> None:
    place = tmp_path / "dist"
    if made == "file":
        place.write_text("x")
    elif made is not None:
        place.mkdir()
        if made == "exports":
            (place / "manifest.json").write_text("{}")
    result = run("serve", place, "--port", 0)
    assert result.code == 1
    assert f"is no site for browsers ({says})" in result.err
    assert "--to browser" in result.err


def test_a_port_that_is_taken_is_named(run: Run, site: Path) -> None:
    with serving(site, "--port", 0, "--json") as process:
        port = json.loads(read_until(process, "}"))["url"].rstrip("/").rpartition(":")[2]
        result = run("serve", site, "--port", port)
    assert result.code == 2
    assert f"Port {port} cannot be used (another program listens there). Choose another with --port." in result.err
