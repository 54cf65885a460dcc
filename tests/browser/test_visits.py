"""The server of a benchmark's page: who is let in, what goes back and forth, and how it ends. Real HTTP, no browser."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import TargetError
from edgekit.remote.browser import visits as module
from edgekit.remote.browser.server import LARGEST_GREETING, LARGEST_REPLY, SECRET_HEADER, TOKEN_HEADER, BenchServer
from edgekit.remote.browser.visits import Job, Visit

DEVICE = {"browser": "Firefox 140", "platform": "Android 16"}


class Client:
    """What a page sends."""

    def __init__(self, server: BenchServer) -> None:
        self._port = server.port
        self.headers: dict[str, str] = {}

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
            connection.request(method, path, data, {**self.headers, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def enter(self, token: str) -> int:
        status, body, _ = self.send("POST", "/bench/hello", DEVICE, **{TOKEN_HEADER: token})
        if status == 200:
            self.headers[SECRET_HEADER] = json.loads(body)["secret"]
        return status

    def next(self) -> dict[str, Any]:
        status, body, _ = self.send("POST", "/bench/next", {})
        assert status == 200
        return dict(json.loads(body))


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "bench.html").write_text("<p>Hello</p>")
    (tmp_path / "secret.txt").write_text("not for you")
    return tmp_path / "page"


@pytest.fixture
def server(page: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BenchServer]:
    monkeypatch.setattr(module, "GOODBYE_SECONDS", 0.1)  # most clients here leave without a word
    opened = BenchServer(page)
    yield opened
    opened.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def job(seconds: float = 20.0, **request: Any) -> Job:
    return Job({"op": "measure", **request}, {"a/model.json": lambda: b"{}", "x.bin": lambda: b"12"}, "x.tfjs", seconds)


def started(server: BenchServer) -> tuple[Visit, Client]:
    visit, client = server.open(), Client(server)
    assert client.enter(visit.token) == 200
    return visit, client


def test_a_job_goes_out_and_its_result_comes_back(server: BenchServer, pool: ThreadPoolExecutor) -> None:
    visit, client = started(server)
    assert visit.wait_for_device(5) == DEVICE
    asked: Future[dict[str, Any]] = pool.submit(visit.run, job(engine="wasm"))
    taken = client.next()
    assert (taken["op"], taken["engine"]) == ("measure", "wasm")
    files = f"/bench/files/{visit.secret}/{taken['id']}"
    status, body, headers = client.send("GET", f"{files}/a/model.json")
    assert (status, body, headers["Content-Type"]) == (200, b"{}", "application/json")
    assert client.send("GET", f"{files}/x.bin")[1] == b"12"
    assert client.send("POST", f"/bench/reply/{taken['id']}", {"ok": True, "x": 1})[0] == 204
    assert asked.result(5) == {"ok": True, "x": 1}
    assert client.send("GET", f"{files}/x.bin")[0] == 404, "its files are gone with the job"
    assert client.send("POST", f"/bench/reply/{taken['id']}", {"ok": True})[0] == 410, "nobody waits for it"


def test_a_token_lets_one_browser_in_once(server: BenchServer) -> None:
    visit = server.open()
    assert Client(server).enter("guessed") == 403
    assert Client(server).enter("") == 403
    assert Client(server).enter(visit.token) == 200
    assert Client(server).enter(visit.token) == 409
    assert Client(server).enter(server.open().token) == 200, "another device has its own"


def test_without_the_secret_nothing_is_told(server: BenchServer, pool: ThreadPoolExecutor) -> None:
    visit, client = started(server)
    asked = pool.submit(visit.run, job())
    taken = client.next()
    stranger = Client(server)
    for headers in ({}, {SECRET_HEADER: "guessed"}, {SECRET_HEADER: visit.token}):
        for path in ("next", "alive", "bye", f"reply/{taken['id']}", "anything"):
            assert stranger.send("POST", f"/bench/{path}", {"ok": True}, **headers)[0] == 403
    assert stranger.send("GET", f"/bench/files/guessed/{taken['id']}/x.bin")[0] == 404
    assert stranger.send("GET", f"/bench/files/{visit.secret}/guessed/x.bin")[0] == 404
    assert not asked.done()
    client.send("POST", f"/bench/reply/{taken['id']}", {"ok": True})
    assert asked.result(5) == {"ok": True}


def test_a_result_may_be_that_it_does_not_run(server: BenchServer, pool: ThreadPoolExecutor) -> None:
    visit, client = started(server)
    asked = pool.submit(visit.run, job())
    client.send("POST", f"/bench/reply/{client.next()['id']}", {"ok": False, "error": "no kernel for Erf"})
    with pytest.raises(TargetError, match=r"x\.tfjs does not run in this browser: no kernel for Erf\.$"):
        asked.result(5)


def test_a_closed_tab_is_told_at_once(server: BenchServer, pool: ThreadPoolExecutor) -> None:
    visit, client = started(server)
    asked = pool.submit(visit.run, job(seconds=300))
    client.next()
    client.send("POST", "/bench/bye", {})
    with pytest.raises(TargetError, match=r"The browser closed the page while it had x\.tfjs to run"):
        asked.result(5)


def test_silence_and_time_run_out() -> None:
    now = [0.0]
    visit = Visit(lambda: now[0])
    assert visit.enter(visit.token, DEVICE) is not None

    def passing(seconds: float) -> None:
        def wait(timeout: float | None = None) -> bool:
            now[0] += seconds
            return False

        visit._changed.wait = wait  # type: ignore[method-assign]

    passing(module.SILENCE_SECONDS + 1)
    with pytest.raises(TargetError, match="fell silent while it had"):
        visit.run(job(seconds=1e6))
    now[0], visit._heard = 0.0, 0.0
    passing(31)
    with pytest.raises(TargetError, match="did not finish in this browser within 30 s"):
        visit.run(job(seconds=30))


def test_nobody_comes(server: BenchServer) -> None:
    with pytest.raises(TargetError, match="No browser opened the page within 0 s"):
        server.open().wait_for_device(0.1)


def test_at_the_end_the_page_is_told(server: BenchServer, pool: ThreadPoolExecutor) -> None:
    visit, client = started(server)
    waiting = pool.submit(client.next)
    visit.finish("Thank you!")
    assert waiting.result(5) == {"op": "end", "text": "Thank you!"}
    assert Client(server).enter(visit.token) == 409


def test_several_devices_do_not_meet(server: BenchServer, pool: ThreadPoolExecutor) -> None:
    both = [started(server) for _ in range(2)]
    asked = [pool.submit(visit.run, job(engine=str(number))) for number, (visit, _) in enumerate(both)]
    for number, (_, client) in reversed(list(enumerate(both))):
        taken = client.next()
        assert taken["engine"] == str(number)
        other = both[1 - number][1]
        assert other.send("POST", f"/bench/reply/{taken['id']}", {"ok": True})[0] == 410
        client.send("POST", f"/bench/reply/{taken['id']}", {"ok": True, "from": number})
    assert [one.result(5)["from"] for one in asked] == [0, 1]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/bench.html", 200),
        ("/bench.html?x=1", 200),
        ("/", 404),
        ("/nothing", 404),
        ("/../secret.txt", 404),
        ("/%2e%2e/secret.txt", 404),
        ("/..%2fsecret.txt", 404),
        ("/%00", 404),
        ("/bench/files", 404),
        ("/bench/files/a/b", 404),
    ],
)
def test_only_the_page_is_served(server: BenchServer, path: str, status: int) -> None:
    found, body, headers = Client(server).send("GET", path)
    assert found == status
    assert b"not for you" not in body
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_under_another_name_nobody_comes_in(server: BenchServer) -> None:
    visit, client = server.open(), Client(server)
    client.headers["Host"] = "evil.example"
    assert client.enter(visit.token) == 421
    assert client.send("GET", "/bench.html")[0] == 421
    assert not visit.was_entered


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b'"x"', b"[" * 60_000, b"\xff"])
def test_what_is_no_object_is_refused(server: BenchServer, body: bytes) -> None:
    assert Client(server).send("POST", "/bench/hello", body)[0] == 400


@pytest.mark.parametrize("length", [str(LARGEST_GREETING + 1), "-1", "much", "9" * 400, "9" * 5000])
def test_what_is_too_large_is_not_read(server: BenchServer, length: str) -> None:
    assert Client(server).send("POST", "/bench/hello", b"{}", **{"Content-Length": length})[0] == 413


def test_only_who_was_let_in_may_send_much(server: BenchServer) -> None:
    _, client = started(server)
    large = {"ok": True, "outputs": "x" * (1 << 20)}
    assert client.send("POST", "/bench/reply/none", large)[0] == 410
    assert client.send("POST", "/bench/reply/none", b"{}", **{"Content-Length": str(LARGEST_REPLY + 1)})[0] == 413
    with contextlib.suppress(OSError):  # it may have closed the connection before all was sent
        assert Client(server).send("POST", "/bench/reply/none", large)[0] == 403


def test_http_at_a_server_of_https_is_sent_on_and_tells_nothing(page: Path, tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="certificates need the extra 'browser'")
    from edgekit.web.certificate import own_certificate

    server = BenchServer(page, tls=own_certificate((), tmp_path / "https").context)
    try:
        visit, client = server.open(), Client(server)
        status, _, headers = client.send("GET", "/bench.html", Host=f"localhost:{server.port}")
        assert (status, headers["Location"]) == (308, f"https://localhost:{server.port}/bench.html")
        assert client.enter(visit.token) == 405
        trusting = ssl.create_default_context(cafile=str(tmp_path / "https" / "certificate.pem"))
        secure = HTTPSConnection("localhost", server.port, timeout=20, context=trusting)
        secure.request("POST", "/bench/hello", json.dumps(DEVICE), {TOKEN_HEADER: visit.token})
        assert secure.getresponse().status == 200
        secure.close()
    finally:
        server.close()


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("PUT", 405), ("DELETE", 405)])
def test_other_methods_do_nothing(server: BenchServer, method: str, status: int) -> None:
    assert Client(server).send(method, "/bench.html")[:2] == (
        status,
        b"" if status == 200 else b"405 Method Not Allowed\n",
    )


def test_closing_ends_whoever_waits(page: Path) -> None:
    server = BenchServer(page)
    visit, client = started(server)
    waiting = threading.Thread(target=client.next)
    waiting.start()
    server.close()
    waiting.join(5)
    assert not waiting.is_alive()
    visit.finish("again")
