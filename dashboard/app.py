"""Entry of `make dashboard`: the pages, and what a reader sees when the marts cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from dashboard.views import delivery, fleet, funnel, quality, releases, reliability
from fleet.duckdb_file import DatabaseBusyError
from fleet.errors import FleetError

SECONDS_TO_NEXT_TRY = 5


@st.fragment(run_every=SECONDS_TO_NEXT_TRY)
def try_again(tries: list[None]) -> None:
    """Run the page again when the fragment is run a second time, so after a while."""
    if tries:
        st.rerun(scope="app")
    tries.append(None)


def guarded(show: Callable[[], None]) -> None:
    try:
        show()
    except DatabaseBusyError:
        st.info(
            "A nightly run is writing the database. This page goes on by itself once it is done."
        )
        try_again([])
    except FleetError as error:
        st.error(error.message)


st.set_page_config(page_title="Delivery Sessions", page_icon="📦", layout="wide")
# Streamlit leaves a hand's breadth free above every page.
st.html("<style>.stMainBlockContainer { padding-top: 4rem; }</style>")
PAGES = (
    ("Delivery", "delivery", delivery.show),
    ("Fleet", "fleet", fleet.show),
    ("Funnel", "funnel", funnel.show),
    ("Reliability", "reliability", reliability.show),
    ("Release health", "releases", releases.show),
    ("Data quality", "quality", quality.show),
)
st.navigation(
    [
        st.Page(partial(guarded, show), title=title, url_path=path, default=path == "delivery")
        for title, path, show in PAGES
    ],
    position="top",
).run()
