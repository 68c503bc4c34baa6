"""The walk in a real browser: Debian's Chromium, without a word to anyone but the page's server.

Skipped where there is no Chromium, but not in CI, which installs one.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from benchmarks.browser import Visit, find_chromium, run_dashboard, visiting
from tests.python.dashboard.conftest import profiles

# A page that went blank did so within this time after it had been drawn.
STAYS_MILLISECONDS = 1500


@pytest.fixture(scope="module")
def chromium() -> str:
    found = find_chromium()
    if found is None and os.environ.get("CI"):
        pytest.fail("CI has no Chromium: .ci/run installs it.")
    if found is None:
        pytest.skip("No Chromium here; install Debian's package chromium for the browser tests.")
    return found


@pytest.fixture(scope="module")
def server(marts_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("server") / "said.txt"
    with run_dashboard(marts_file, profiles(marts_file.parent), log) as url:
        yield url
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture
def visit(chromium: str, server: str) -> Iterator[Visit]:
    """A new visitor; afterwards nothing was asked of the outside and no error came up."""
    with visiting(server, chromium) as visit:
        yield visit
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
        ("Funnel", "Of the delivery that brought the order, else of its last."),
        ("Reliability", "Failures"),
        ("Release health", "robot-agent 4.3.0: robot errors per operating hour"),
        ("Data quality", "Lines = accepted + duplicates + quarantined"),
    ):
        page.get_by_role("link", name=title).click()
        expect(page.get_by_text(sign).first).to_be_visible()
        expect(page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()
        if title != "Data quality":
            expect(page.locator("[data-testid=stVegaLiteChart] svg").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
