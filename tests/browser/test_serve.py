"""The server of a site: what it gives, to whom, and that nothing else ever leaves the folder."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgekit.errors import UsageError
from edgekit.web.certificate import own_certificate
from edgekit.web.headers import HEADERS
from edgekit.web.network import own_addresses
from edgekit.web.paths import find_file, split_target
from edgekit.web.qr import qr_lines
from edgekit.web.server import DEFAULT_PORT, EVERY_NETWORK, SiteServer

SECRET = b"a secret"

FILES = {
    "index.html": "text/html; charset=utf-8",
    "sw.js": "text/javascript; charset=utf-8",
    "app.webmanifest": "application/manifest+json",
    "wasm/engine.wasm": "application/wasm",
    "assets/look.CSS": "text/css; charset=utf-8",
    "models/a.int8.tflite": "application/octet-stream",
    "models/a.fp32.tfjs/model.json": "application/json",
    "models/a.fp32.tfjs/group1-shard1of1.bin": "application/octet-stream",
    "models/100% (a&b).json": "application/json",
    "deep/index.html": "text/html; charset=utf-8",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each kind, links, what is hidden, and a secret beside it."""
    home = tmp_path_factory.mktemp("home")
    (home / "secret.txt").write_bytes(SECRET)
    (home / "site2").mkdir()
    (home / "site2" / "index.html").write_bytes(SECRET)
    folder = home / "site"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_bytes(SECRET)
    (folder / ".env").write_bytes(SECRET)
    (folder / "inside.html").symlink_to(folder / "index.html")
    (folder / "link.txt").symlink_to(home / "secret.txt")
    (folder / "up").symlink_to(home)
    (folder / "hidden.txt").symlink_to(folder / ".env")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[SiteServer]:
    with SiteServer(site, port=0) as running:
        running.start()
        yield running


def ask(
    server: SiteServer, target: bytes | str, method: str = "GET", headers: str = "", host: str = "localhost"
) -> http.client.HTTPResponse:
    """Sends a request as it is: no client of ours tidies the target up."""
    raw = target.encode() if isinstance(target, str) else target
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(method.encode() + b" " + raw + b" HTTP/1.1\r\nConnection: close\r\n")
        connection.sendall(f"Host: {host}\r\n{headers}\r\n".encode())
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        answer.body = answer.read()  # type: ignore[attr-defined]
    return answer


def body(answer: http.client.HTTPResponse) -> bytes:
    found: bytes = answer.body  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize(("name", "kind"), FILES.items())
def test_files_have_their_types(server: SiteServer, name: str, kind: str) -> None:
    target = "/" + name.replace("%", "%25").replace(" ", "%20")
    answer = ask(server, f"{target}?v=1#top")
    assert (answer.status, body(answer)) == (200, name.encode())
    assert answer.headers["Content-Type"] == kind


def test_folders_answer_with_their_page(server: SiteServer) -> None:
    assert body(ask(server, "/")) == b"index.html"
    assert body(ask(server, "/deep/")) == b"deep/index.html"
    assert body(ask(server, "/inside.html")) == b"index.html"
    moved = ask(server, "/deep")
    assert (moved.status, moved.headers["Location"]) == (301, "./deep/")
    assert ask(server, "/models").status == 404
    assert ask(server, "/models/").status == 404


OUTSIDE = [
    "/../secret.txt",
    "/models/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..%2fsecret.txt",
    "/%252e%252e/secret.txt",
    "/..%c0%afsecret.txt",
    "/..\\secret.txt",
    "/..%5csecret.txt",
    "/models/..",
    "/../site2/index.html",
    "/../site2/",
    "//secret.txt",
    "//{home}/secret.txt",
    "/{home}/secret.txt",
    "/%2f{home}/secret.txt",
    "{home}/secret.txt",
    "http://x/../secret.txt",
    "file://{home}/secret.txt",
    "/link.txt",
    "/up/secret.txt",
    "/up/site2/",
    "/loop",
    "/pipe",
    "/.env",
    "/.git/config",
    "/%2egit/config",
    "/hidden.txt",
    "/index.html%00.txt",
    "/index.html%00",
    "/%00",
    "/index.html/",
    "/index.html.",
    "/index.html%20",
    "/index.html::$DATA",
    "/C:/Windows/win.ini",
    "/c:index.html",
    "/con",
    "/NUL.txt",
    "/models/com1.json",
    "/\\\\host\\share\\a",
    "/%ff%fe",
    "/%e2%80%ae.txt",
    "/" + "a" * 5000,
    "/" + "a/" * 3000,
    "*",
]


@pytest.mark.parametrize("target", OUTSIDE, ids=[target[:40] for target in OUTSIDE])
def test_no_path_leaves_the_folder(server: SiteServer, site: Path, target: str) -> None:
    answer = ask(server, target.replace("{home}", str(site.parent)))
    assert answer.status in (400, 404)
    assert SECRET not in body(answer)


@given(st.one_of(st.binary(max_size=40), st.text("/.%2eEfF5c\\:C aéa\0", max_size=30).map(str.encode)))
@example(b"/%2e%2e/%2e%2e/etc/passwd")
@example(b"/models/..%2f..%2fsecret.txt")
def test_any_target_stays_inside(site: Path, target: bytes) -> None:
    names = split_target(target.decode("latin-1"))
    if names is None:
        return
    found = find_file(site, names)
    assert found is None or found.resolve().is_relative_to(site.resolve())
    assert all(name not in (".", "..") and not set(name) & set("/\\\0:") for name in names)


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/none", 404),
        ("GET", "/deep", 301),
        ("POST", "/", 405),
        ("DELETE", "/index.html", 405),
        ("nonsense", "/", 405),
    ],
)
def test_every_answer_has_the_headers(server: SiteServer, method: str, target: str, status: int) -> None:
    answer = ask(server, target, method)
    assert answer.status == status
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "Python" not in answer.headers["Server"]
    assert "'unsafe-inline'" not in HEADERS["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval'" in HEADERS["Content-Security-Policy"]
    if status == 405:
        assert answer.headers["Allow"] == "GET, HEAD"


OWN = socket.gethostname()


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost", True),
        ("LocalHost.:8000", True),
        ("app.localhost:8000", True),
        ("127.0.0.1:8000", True),
        ("192.168.178.20", True),
        ("[::1]:8000", True),
        ("[fe80::1%25eth0]", True),
        (f"{OWN}:8000", True),
        (f"{OWN.partition('.')[0].upper()}.local", True),
        ("", False),
        ("x", False),
        ("evil.example:8000", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example[::1]", False),
        (f"{OWN}.evil.example", False),
        ("localhost\r\nHost: evil.example", False),
    ],
)
def test_only_this_machines_names_are_answered(server: SiteServer, host: str, own: bool) -> None:
    """Else a page of somebody else could read the site under a name of its own that leads here."""
    for method in ("GET", "HEAD", "POST"):
        answer = ask(server, "/sw.js", method, host=host)
        assert answer.status == ((405 if method == "POST" else 200) if own else 421)
    if not own:
        assert b"a proxy has to send such a Host" in body(ask(server, "/sw.js", host=host))


def test_head_has_no_body_and_its_length(server: SiteServer) -> None:
    answer = ask(server, "/wasm/engine.wasm", "HEAD")
    assert answer.headers["Content-Length"] == str(len("wasm/engine.wasm"))
    assert body(answer) == b""


def test_what_has_not_changed_is_not_sent_again(site: Path) -> None:
    file = site / "changing.txt"
    file.write_text("one")
    with SiteServer(site, port=0) as server:
        server.start()
        first = ask(server, "/changing.txt")
        same = ask(server, "/changing.txt", headers=f"If-None-Match: {first.headers['ETag']}\r\n")
        assert (same.status, body(same)) == (304, b"")
        file.write_text("other")
        changed = ask(server, "/changing.txt", headers=f"If-None-Match: {first.headers['ETag']}\r\n")
        assert (changed.status, body(changed)) == (200, b"other")
    file.unlink()


def test_a_connection_serves_many_requests(server: SiteServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for name in ("index.html", "none", "sw.js"):
        connection.request("GET", f"/{name}")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == ((404, b"404 Not Found\n") if name == "none" else (200, name.encode()))
    connection.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_body_is_not_taken_for_a_request(server: SiteServer, method: str) -> None:
    inner = b"GET /sw.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    outer = f"{method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(inner)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(outer + inner)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:  # what was not read is thrown away
            pass
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"sw.js" not in received


def test_one_that_never_speaks_holds_up_nobody(server: SiteServer, site: Path, tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="certificates need the extra 'browser'")
    with socket.create_connection(("127.0.0.1", server.port)):
        assert ask(server, "/").status == 200
    certificate = own_certificate((), tmp_path)
    with SiteServer(site, port=0, tls=certificate.context) as secure:
        secure.start()
        with socket.create_connection(("127.0.0.1", secure.port)):
            assert fetch_secure(secure, "/")[0] == 200


def test_ports(site: Path) -> None:
    with SiteServer(site, port=0) as one:
        with pytest.raises(UsageError, match=rf"Port {one.port} cannot be used .*--port"):
            SiteServer(site, port=one.port)
        with SiteServer(site) as second, SiteServer(site) as third:
            assert DEFAULT_PORT <= second.port < third.port
    with pytest.raises(UsageError, match="There is no port 70000"):
        SiteServer(site, port=70000)


def test_only_this_machine_hears_it_unless_asked(server: SiteServer, site: Path) -> None:
    addresses = own_addresses()
    if not addresses:
        pytest.skip("this machine is in no network")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((addresses[0], server.port), timeout=5)
    with SiteServer(site, EVERY_NETWORK, 0) as wide:
        wide.start()
        assert wide.url_at(addresses[0]) == f"http://{addresses[0]}:{wide.port}/"
        socket.create_connection((addresses[0], wide.port), timeout=5).close()


def test_own_addresses_are_this_machines() -> None:
    for address in own_addresses():
        assert not address.startswith("127.")
        with socket.socket() as probe:
            probe.bind((address, 0))  # fails for anybody else's


def fetch_secure(server: SiteServer, target: str) -> tuple[int, bytes, bytes]:
    """Status, body and the certificate (DER) of a request over https."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=10, context=context)
    connection.request("GET", target)
    assert connection.sock is not None
    certificate = connection.sock.getpeercert(binary_form=True)  # type: ignore[attr-defined]
    answer = connection.getresponse()
    result = answer.status, answer.read(), certificate
    connection.close()
    return result


class TestHttps:
    @pytest.fixture(autouse=True)
    def _cryptography(self) -> None:
        pytest.importorskip("cryptography", reason="certificates need the extra 'browser'")

    def test_the_fingerprint_is_the_certificates(self, site: Path, tmp_path: Path) -> None:
        certificate = own_certificate(("192.0.2.7",), tmp_path)
        with SiteServer(site, port=0, tls=certificate.context) as server:
            server.start()
            assert server.url == f"https://127.0.0.1:{server.port}/"
            status, page, seen = fetch_secure(server, "/")
        assert (status, page) == (200, b"index.html")
        assert hashlib.sha256(seen).hexdigest() == certificate.fingerprint.replace(":", "").lower()

    def test_a_client_that_trusts_it_accepts_its_names(self, site: Path, tmp_path: Path) -> None:
        certificate = own_certificate(("192.0.2.7",), tmp_path)
        trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        with SiteServer(site, port=0, tls=certificate.context) as server:
            server.start()
            for name in ("localhost", "127.0.0.1", "192.0.2.7"):
                with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
                    trusting.wrap_socket(plain, server_hostname=name).close()
            with (
                socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
                pytest.raises(ssl.SSLCertVerificationError),
            ):
                trusting.wrap_socket(plain, server_hostname="192.0.2.8")

    def test_http_is_sent_to_https(self, site: Path, tmp_path: Path) -> None:
        with SiteServer(site, port=0, tls=own_certificate((), tmp_path).context) as server:
            server.start()
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            connection.request("GET", "/deep/?a=1")
            answer = connection.getresponse()
            assert answer.status == 308
            assert answer.headers["Location"] == f"https://127.0.0.1:{server.port}/deep/?a=1"
            connection.close()
            assert ask(server, "/../secret.txt").status == 400

    def test_it_is_kept_and_known_again(self, tmp_path: Path) -> None:
        first = own_certificate(("192.0.2.7",), tmp_path)
        assert own_certificate((), tmp_path).fingerprint == first.fingerprint
        assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
        elsewhere = own_certificate(("192.0.2.9",), tmp_path)
        assert elsewhere.fingerprint != first.fingerprint

    @pytest.mark.parametrize("file", ["certificate.pem", "key.pem"])
    @pytest.mark.parametrize("damage", [b"", b"nonsense", None])
    def test_a_damaged_one_is_made_anew(self, tmp_path: Path, file: str, damage: bytes | None) -> None:
        first = own_certificate((), tmp_path)
        if damage is None:
            (tmp_path / file).unlink()
        else:
            (tmp_path / file).write_bytes(damage)
        assert own_certificate((), tmp_path).fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("encoding", "colored"), [("utf-8", False), ("utf-8", True), ("ascii", False), ("no-such-encoding", False)]
)
def test_a_camera_reads_the_code(encoding: str, colored: bool) -> None:
    """OpenCV's reader, on the lines as a terminal draws them."""
    cv2 = pytest.importorskip("cv2", reason="reading a code needs the extra 'camera'")
    np = pytest.importorskip("numpy")
    url = "https://192.168.178.20:8000/bench.html#abcdefghijklmnopqrstuv"
    lines = [line.removeprefix("\033[97;40m").removesuffix("\033[0m") for line in qr_lines(url, encoding, colored)]
    assert len({len(line) for line in lines}) == 1
    halves = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    if encoding == "utf-8":
        rows = [[halves[char][half] for char in line] for line in lines for half in (0, 1)]
    else:
        rows = [[int(char == "#") for char in line[::2]] for line in lines]
    picture = np.kron(np.array(rows, np.uint8) * 255, np.ones((8, 8), np.uint8))
    read, _, _ = cv2.QRCodeDetector().detectAndDecode(np.pad(picture, 32, constant_values=255))
    assert read == url
