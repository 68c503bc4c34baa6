"""No serious fault of axe-core on any page, in light and dark, at a desk and on a phone."""

import os
from pathlib import Path

import pytest

from benchmarks.browser import PHONE, SIZE, visiting
from tests.python.conftest import ROOT
from tests.python.dashboard.test_browser import PAGES, chromium, server

__all__ = ["chromium", "server"]

AXE = ROOT / "clients/typescript/node_modules/axe-core/axe.min.js"
ADDRESSES = [
    *("", "?id=D-10", "?id=D-10&event=e6&map=1", "?id=O-10", "?id=R-1", "?id=D-1", "?id=D-10,D-11"),
    *(path for path, _ in PAGES.values()),
    *("compare?a=D-10", "quality?tab=late", "quality?tab=quarantine", "quality?tab=gaps"),
]
FOUND = """
async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`)
"""


@pytest.fixture(scope="module")
def axe() -> Path:
    if not AXE.exists():
        missing = "axe-core is not installed: `make typescript` does it."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    return AXE


# Each size and each theme once; a soak has all four.
@pytest.mark.parametrize(
    ("size", "is_dark"),
    [
        pytest.param(SIZE, False, id="desk-light"),
        pytest.param(PHONE, True, id="phone-dark"),
        pytest.param(SIZE, True, id="desk-dark", marks=pytest.mark.soak),
        pytest.param(PHONE, False, id="phone-light", marks=pytest.mark.soak),
    ],
)
def test_no_page_has_a_serious_fault(
    chromium: str, server: str, axe: Path, size: tuple[int, int], is_dark: bool
) -> None:
    with visiting(server, chromium, is_dark, size) as visit:
        found: dict[str, list[str]] = {}
        for path in ADDRESSES:
            visit.page.goto(f"{server}/{path}")
            visit.settle()
            visit.page.add_script_tag(path=axe)
            if faults := visit.page.evaluate(FOUND):
                found[path] = faults
        assert found == {}
