"""Entry of `make dashboard`: the pages, and what a reader sees when the marts cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from dashboard import address, zones
from dashboard.data import marts
from dashboard.markup import link, show
from dashboard.story import STYLE
from dashboard.views import (
    change,
    compare,
    deliveries,
    fleet,
    funnel,
    quality,
    releases,
    reliability,
    today,
)
from fleet.duckdb_file import DatabaseBusyError
from fleet.errors import FleetError
from fleet.lookup.wording import plain

SECONDS_TO_NEXT_TRY = 5
NAME = "Delivery Sessions"
SCRIPT = (Path(__file__).parent / "page.js").read_text()


@st.fragment(run_every=SECONDS_TO_NEXT_TRY)
def try_again(tries: list[None]) -> None:
    """Run the page again when the fragment is run a second time, so after a while."""
    if tries:
        st.rerun(scope="app")
    tries.append(None)


def guarded(show_page: Callable[[], None]) -> None:
    try:
        # One reading of the file for all queries of a page; a run waits until it is drawn.
        with marts().held():
            show_page()
    except DatabaseBusyError:
        st.info(
            "A nightly run is writing the database. This page goes on by itself once it is done."
        )
        try_again([])
    except FleetError as error:
        st.error(error.message)


def search() -> None:
    """Open what was typed: the first page shows whatever its address names."""
    st.session_state["wanted"] = str(st.session_state["search"] or "").strip()


def header(titles: dict[str, str], path: str) -> None:
    """The way to every page, the box for an id and the time zone."""
    left, middle, right = st.columns([5, 2.2, 1.4], vertical_alignment="center")
    with left:
        links = "".join(
            link(title, address.link(to), **({"aria_current": "page"} if to == path else {}))
            for to, title in titles.items()
        )
        show(f'<nav class="pages" aria-label="Pages"><b>{NAME}</b>{links}</nav>')
    with middle:
        st.session_state["search"] = address.get("id") if path == "" else ""
        st.text_input(
            "Delivery, order or robot id",
            key="search",
            on_change=address.by_reader("id", search),
            type="search",
            placeholder="Any id, or a sentence with one; then Enter",
            label_visibility="collapsed",
        )
    with right:
        zones.pick()


def title_of(title: str) -> str:
    wanted = plain(address.get("id")).strip()
    return f"{wanted or title} · {NAME}"


st.set_page_config(page_icon="📦", layout="wide")
st.html(f"<style>{STYLE}</style>")
st.html(f"<script>{SCRIPT}</script>", unsafe_allow_javascript=True)
PAGES = (
    ("Today", "", today.show),
    ("Deliveries", "deliveries", deliveries.show),
    ("Compare", "compare", compare.show),
    ("Fleet", "fleet", fleet.show),
    ("Change", "change", change.show),
    ("Funnel", "funnel", funnel.show),
    ("Reliability", "reliability", reliability.show),
    ("Release health", "releases", releases.show),
    ("Data quality", "quality", quality.show),
)
pages = {
    path: st.Page(
        partial(guarded, show_page), title=title_of(title), url_path=path, default=not path
    )
    for title, path, show_page in PAGES
}
page = st.navigation(list(pages.values()), position="hidden")
if "wanted" in st.session_state:
    shared = {name: address.get(name) for name in address.SHARED if address.get(name)}
    wanted = st.session_state.pop("wanted")
    st.switch_page(pages[""], query_params=shared | ({"id": wanted} if wanted else {}))
header({path: title for title, path, _ in PAGES if path != "compare"}, page.url_path)
page.run()
