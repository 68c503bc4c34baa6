"""The walk in a real browser: Debian's Chromium, without a word to anyone but the page's server.

Skipped where there is no Chromium, but not in CI, which installs one.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.python.conftest import ROOT
from tests.python.dashboard.conftest import profiles

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 60
# A page that went blank did so within this time after it had been drawn.
STAYS_MILLISECONDS = 1500
# Under the load of a CI machine; how fast it is, benchmarks/dashboard.py measures.
PATIENCE_MILLISECONDS = 45_000


@dataclass
class Visit:
    """A page of the browser, and what must not happen on it."""

    page: Page
    url: str
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def look_up(self, wanted: str) -> None:
        """Type an id into the search box by keyboard alone."""
        box = self.page.get_by_label("Delivery, order or robot id")
        box.focus()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(wanted)
        self.page.keyboard.press("Enter")

    def expect_story(self, delivery_id: str) -> None:
        """Head and chart are this delivery's, not those of the one before."""
        expect(self.page.locator(f'[data-delivery="{delivery_id}"]')).to_be_visible()
        chart = self.page.locator("[data-testid=stVegaLiteChart] svg")
        expect(chart.get_by_text(delivery_id)).to_be_visible()


@pytest.fixture(scope="module")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("CI has no Chromium: .ci/run installs it.")
    if found is None:
        pytest.skip("No Chromium here; install Debian's package chromium for the browser tests.")
    return found


@pytest.fixture(scope="module")
def server(marts_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard as `make dashboard` starts it, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "FLEET_DATABASE": str(marts_file)}
    environment["DBT_PROFILES_DIR"] = str(profiles(marts_file.parent))
    environment.pop("DBT_TARGET", None)
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py"]
    said = tmp_path_factory.mktemp("server") / "said.txt"
    with (
        said.open("w") as log,
        subprocess.Popen(
            [*command, f"--server.port={port}"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health").close()
                break
            except OSError:
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < give_up_at, "the dashboard did not start"
                time.sleep(0.2)
        yield url
        process.terminate()
    assert "Traceback" not in said.read_text(), said.read_text()


@pytest.fixture
def visit(chromium: str, server: str) -> Iterator[Visit]:
    """A new visitor; afterwards nothing was asked of the outside and no error came up."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        visit = Visit(page, server)
        inside = (f"{server}/", f"{server.replace('http', 'ws', 1)}/", "data:", "blob:")

        def asked(url: str) -> None:
            if not url.startswith(inside):
                visit.outside.append(url)

        page.on("request", lambda request: asked(request.url))
        page.on("websocket", lambda socket: asked(socket.url))
        page.on("pageerror", lambda error: visit.errors.append(str(error)))
        page.on(
            "console",
            lambda message: message.type == "error" and visit.errors.append(message.text),
        )
        yield visit
        browser.close()
    assert visit.outside == []
    assert visit.errors == []


def test_an_id_shows_the_cause_and_the_whole_story(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.url)
    visit.look_up("D-10")
    visit.expect_story("D-10")
    expect(page.locator(".verdict")).to_have_text("✗ failedThe lid of robot R-1 failed.")
    expect(page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()
    page.wait_for_timeout(STAYS_MILLISECONDS)
    visit.expect_story("D-10")
    assert page.url == f"{visit.url}/?id=D-10"

    # The second look-up of a session is the one that breaks first.
    visit.look_up("D-1' or 1=1 --")
    expect(page.get_by_role("status").filter(has_text="There is no delivery")).to_be_visible()
    visit.look_up("D-1")
    page.get_by_role("button", name="D-10", exact=True).click()
    visit.expect_story("D-10")
    page.keyboard.press("Alt+ArrowDown")
    visit.expect_story("D-11")
    assert page.url == f"{visit.url}/?id=D-11"


def test_a_shared_address_and_its_file_for_a_ticket(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    page.goto(f"{visit.url}/?id=D-10&tz=Asia%2FTokyo")
    visit.expect_story("D-10")
    expect(page.get_by_text("Asia/Tokyo (UTC+09:00)").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML for a ticket").click()
    file = tmp_path / "ticket.html"
    download.value.save_as(file)
    assert "http" not in file.read_text().replace("http://www.w3.org/", "")
    # Opened without the server: from the file's text, which can ask for nothing.
    page.goto("about:blank")
    page.set_content(file.read_text())
    expect(page.locator("svg").get_by_text("D-10 failed")).to_be_visible()
    expect(page.get_by_role("cell", name="✗ delivery.dropoff_failed")).to_be_visible()
    expect(page.get_by_text("Error LID-401 of [bold]lid[/nonsense]")).to_be_visible()


def test_every_page_is_drawn(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.url)
    for title, sign in (
        ("Fleet", "Usable supply hours"),
        ("Funnel", "Of deliveries whose session began on these days."),
        ("Reliability", "Failures"),
        ("Release health", "robot-agent 4.3.0: errors per operating hour"),
        ("Data quality", "Lines = accepted + duplicates + quarantined"),
    ):
        page.get_by_role("link", name=title).click()
        expect(page.get_by_text(sign).first).to_be_visible()
        expect(page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()
        if title != "Data quality":
            expect(page.locator("[data-testid=stVegaLiteChart] svg").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
