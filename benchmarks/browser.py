"""The dashboard in a real browser, as its benchmark and its tests drive it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import (
    ConsoleMessage,
    Error,
    Page,
    Request,
    WebSocket,
    expect,
    sync_playwright,
)

ROOT = Path(__file__).parents[1]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 60
# Under the load of a CI machine; how fast the page is, the benchmark measures.
PATIENCE_MILLISECONDS = 45_000
SIZE = 1440, 900
PHONE = 390, 844


def find_chromium() -> str | None:
    """The browser of the system; Playwright's own cannot be had without its download server."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


@contextmanager
def run_dashboard(database: Path, profiles_dir: Path, log: Path) -> Iterator[str]:
    """The dashboard as `make dashboard` starts it, on a free port; gives its address.

    What it says goes to `log`. Raises RuntimeError when it does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "FLEET_DATABASE": str(database), "DBT_TARGET": "dev"}
    environment["DBT_PROFILES_DIR"] = str(profiles_dir)
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py"]
    command += [f"--server.port={port}"]
    with (
        log.open("w") as said,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health").close()
                break
            except OSError as error:
                if process.poll() is not None or time.monotonic() > give_up_at:
                    process.terminate()
                    raise RuntimeError(log.read_text()) from error
                time.sleep(0.2)
        try:
            yield url
        finally:
            process.terminate()


@dataclass
class Visit:
    """A page of the browser, with what it asked of the outside and the errors that came up."""

    page: Page
    url: str
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def look_up(self, wanted: str) -> None:
        """Type an id into the search box by keyboard alone."""
        self.page.get_by_label("Delivery, order or robot id").focus()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(wanted)
        self.page.keyboard.press("Enter")

    def settle(self) -> None:
        """Wait until the server has drawn the page to its end."""
        # Before the first run the page is as still as after it.
        expect(self.page.locator("nav.pages")).to_be_visible()
        app = self.page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-script-state", "notRunning")
        # Controls whose script the browser is still loading.
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)

    def expect_story(self, delivery_id: str) -> None:
        """Wait until head and timeline are this delivery's, and not those of the one before."""
        expect(self.page.locator(f'[data-delivery="{delivery_id}"]')).to_be_visible()
        expect(self.page.locator(f'[data-timeline="{delivery_id}"]')).to_be_visible()


@contextmanager
def visiting(
    url: str, chromium: str, dark: bool = False, size: tuple[int, int] = SIZE
) -> Iterator[Visit]:
    """A new visitor of the dashboard, whose window has `size` in pixels."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    width, height = size
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        visit = Visit(page, url)
        inside = (f"{url}/", f"{url.replace('http', 'ws', 1)}/", "data:", "blob:", "about:")

        def asked(address: str) -> None:
            if not address.startswith(inside):
                visit.outside.append(address)

        def requested(request: Request) -> None:
            asked(request.url)

        def complained(message: ConsoleMessage) -> None:
            # Opened by the path of a page, Streamlit asks below it first where it is at home.
            is_probe = "/_stcore/" in message.location.get("url", "")
            if message.type == "error" and not is_probe:
                visit.errors.append(message.text)

        def failed(error: Error) -> None:
            visit.errors.append(str(error))

        def connected(socket: WebSocket) -> None:
            asked(socket.url)

        page.on("request", requested)
        page.on("websocket", connected)
        page.on("pageerror", failed)
        page.on("console", complained)
        yield visit
        browser.close()
