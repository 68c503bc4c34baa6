"""Who may ask the page: those who call it by its own name, or DNS rebinding reads the marts."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.browser import run_dashboard
from tests.python.dashboard.conftest import profiles


@pytest.fixture(scope="module")
def port(marts_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    log = tmp_path_factory.mktemp("server") / "said.txt"
    with run_dashboard(marts_file, profiles(marts_file.parent), log) as url:
        yield int(url.rpartition(":")[2])


def answer(port: int, host: str, origin: str | None = None) -> str:
    """The status with which the page's WebSocket answers who calls it `host`."""
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    if origin:
        lines.append(f"Origin: {origin}")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection.recv(64).split()[1].decode()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_page_answers_to_its_own_names(port: int, name: str) -> None:
    assert answer(port, f"{name}:{port}", f"http://{name}:{port}") == "101"
    assert answer(port, f"{name}:{port}", "http://evil.example") == "403"


@pytest.mark.parametrize(
    "name",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example@127.0.0.1"],
)
def test_a_foreign_name_is_refused(port: int, name: str) -> None:
    # A browser that was rebound to 127.0.0.1 sends its own name as both.
    assert answer(port, f"{name}:{port}", f"http://{name}:{port}") == "403"
    assert answer(port, name) == "403"
