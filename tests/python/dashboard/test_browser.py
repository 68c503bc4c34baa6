"""The walk in a real browser: Debian's Chromium, without a word to anyone but the page's server.

Skipped where there is no Chromium, but not in CI, which installs one.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from benchmarks.browser import PHONE, SIZE, Visit, find_chromium, run_dashboard, visiting
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


def in_first_screen(page: Page, selector: str) -> bool:
    """Whether the first of these lies wholly in the window before anybody scrolls."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    assert page.viewport_size is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]


def test_an_id_shows_the_cause_and_the_whole_story(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.url)
    visit.look_up("D-10")
    visit.expect_story("D-10")
    expect(page.locator(".verdict")).to_have_text("✗ failedThe lid of robot R-1 failed.")
    for part in (".verdict", ".legs", ".timeline", "tr.error"):
        assert in_first_screen(page, part), part
    page.wait_for_timeout(STAYS_MILLISECONDS)
    visit.expect_story("D-10")
    assert page.url == f"{visit.url}/?id=D-10"
    expect(page).to_have_title("D-10 failed")

    # The second look-up of a session is the one that breaks first.
    visit.look_up("D-1' or 1=1 --")
    expect(page.get_by_role("status").filter(has_text="There is no delivery")).to_be_visible()
    visit.look_up("D-1")
    page.get_by_role("link", name="D-10", exact=True).click()
    visit.expect_story("D-10")
    page.keyboard.press("Alt+ArrowDown")
    visit.expect_story("D-11")
    assert page.url == f"{visit.url}/?id=D-11"


def test_back_reload_and_a_shared_address_show_the_same_page(visit: Visit, server: str) -> None:
    page = visit.page
    page.goto(f"{visit.url}/?id=D-10")
    visit.expect_story("D-10")
    page.locator("tr.error").first.click()
    opened = page.locator("tr.wide").filter(has_text="arm_degrees")
    expect(opened).to_be_visible()
    address = page.url
    assert "event=e6" in address
    page.get_by_role("link", name="O-10").first.click()
    expect(page.locator('[data-order="O-10"]')).to_be_visible()
    page.go_back()
    visit.expect_story("D-10")
    expect(opened).to_be_visible()
    assert page.url == address
    page.reload()
    visit.expect_story("D-10")
    expect(opened).to_be_visible()
    # A filter is an address of its own; another delivery does not have it.
    page.get_by_text("Errors and takeovers only").click()
    expect(page.get_by_text("order.created")).to_have_count(0)
    assert "marked=1" in page.url
    page.get_by_role("link", name="after: D-11").click()
    visit.expect_story("D-11")
    assert "marked" not in page.url
    page.go_back()
    visit.expect_story("D-10")
    expect(page.get_by_text("order.created")).to_have_count(0)


def test_who_goes_on_before_a_page_is_drawn_gets_where_they_went(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.url}/?id=D-10&event=e6")
    visit.expect_story("D-10")
    go_back = """milliseconds => {
        document.querySelector('a[href*="id=O-10"]').click();
        setTimeout(() => history.back(), milliseconds);
    }"""
    go_on = """milliseconds => {
        document.querySelector('nav a[href*="fleet"]').click();
        setTimeout(() => document.querySelector('nav a[href*="funnel"]').click(), milliseconds);
    }"""
    for milliseconds in range(0, 100, 20):
        page.evaluate(go_back, milliseconds)
        page.wait_for_timeout(STAYS_MILLISECONDS)
        visit.settle()
        assert page.url == f"{visit.url}/?id=D-10&event=e6"
    for milliseconds in (10, 35, 45, 55, 180):
        page.goto(f"{visit.url}/?id=D-10")
        visit.expect_story("D-10")
        page.evaluate(go_on, milliseconds)
        page.wait_for_timeout(STAYS_MILLISECONDS)
        visit.settle()
        assert page.url == f"{visit.url}/funnel"


def test_days_and_market_go_along_from_page_to_page(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.url}/fleet?market=la&days=2026-11-02..2026-11-02&tz=Asia%2FTokyo")
    expect(page.get_by_text("Usable supply hours").first).to_be_visible()
    page.get_by_role("link", name="Funnel", exact=True).click()
    expect(page.get_by_text("Brought by robot", exact=True)).to_be_visible()
    asked = parse_qs(urlsplit(page.url).query)
    assert asked == {"market": ["la"], "days": ["2026-11-02..2026-11-02"], "tz": ["Asia/Tokyo"]}
    expect(page.get_by_role("combobox", name="Market")).to_have_value("LA")


def test_a_shared_address_and_its_file_for_a_ticket(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    page.goto(f"{visit.url}/?id=D-10&tz=Asia%2FTokyo")
    visit.expect_story("D-10")
    expect(page.get_by_text("Asia/Tokyo (UTC+09:00)").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML for a ticket").click()
    file = tmp_path / "ticket.html"
    download.value.save_as(file)
    assert "http" not in file.read_text()
    assert "href" not in file.read_text().partition("</style>")[2]
    # Opened without the server: from the file's text, which can ask for nothing.
    page.goto("about:blank")
    page.set_content(file.read_text())
    expect(page.locator('[data-timeline="D-10"]')).to_be_visible()
    expect(page.get_by_role("cell", name="✗ delivery.dropoff_failed")).to_be_visible()
    expect(page.get_by_text("Error LID-401 of [bold]lid[/nonsense]").first).to_be_visible()


PAGES = {
    "Deliveries": ("deliveries", "D-10"),
    "Fleet": ("fleet", "Usable supply hours"),
    "Change": ("change", "Steps add up to the change."),
    "Funnel": ("funnel", "Of the delivery that brought the order, else of its last."),
    "Reliability": ("reliability", "Failures"),
    "Release health": ("releases", "robot-agent 4.3.0: robot errors per operating hour"),
    "Data quality": ("quality", "Lines = accepted + duplicates + quarantined"),
}


def test_every_page_is_drawn_and_named(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.url)
    for title, (path, sign) in PAGES.items():
        page.get_by_role("link", name=title, exact=True).click()
        expect(page.get_by_text(sign).first).to_be_visible()
        expect(page).to_have_title(f"{title} · Delivery Sessions")
        assert urlsplit(page.url).path == f"/{path}"
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_bar_a_robot_and_a_row_lead_to_the_events(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.url}/fleet?days=2026-11-02")
    page.get_by_role("link", name="hw_lid").click()
    page.wait_for_url("**reason=hw_lid*")
    page.locator("a.bar", has_text="R-1").click()
    page.wait_for_url("**robot=R-1*")
    page.locator("tr[data-href]").last.click()
    expect(page.locator('[data-timeline="R-1"]')).to_be_visible()


@pytest.mark.parametrize("size", [SIZE, PHONE], ids=["desk", "phone"])
def test_no_page_is_wider_than_the_window(
    chromium: str, server: str, size: tuple[int, int]
) -> None:
    with visiting(server, chromium, size=size) as visit:
        for path in ("?id=D-10", *(path for path, _ in PAGES.values())):
            visit.page.goto(f"{visit.url}/{path}")
            visit.settle()
            width = visit.page.evaluate(
                "document.querySelector('[data-testid=stMain]').scrollWidth"
            )
            assert width <= size[0], path
        assert visit.errors == []
