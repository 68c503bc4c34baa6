"""The state of a page is its address: what a reader chose stands there and nowhere else.

A link, the back button, a reload and a shared address then all show the same page. Each control is
filled from the address before it is drawn, and writes what is chosen back into it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

# What goes along from page to page.
SHARED = ("days", "market", "tz")


def get(name: str, default: str = "") -> str:
    """What the address says of a choice."""
    return st.query_params.get(name, default)


def put(name: str, value: object, default: object = "") -> None:
    """Write a choice into the address; the default is left out, so that addresses stay short."""
    if value in (None, "", default):
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = str(value)


def link(page: str = "", **chosen: object) -> str:
    """Relative address of a page with these choices, and those that go along.

    `page`: as its path; "" is the first one, which shows whatever `id` names.
    """
    shared = {name: get(name) for name in SHARED}
    return f"./{page}{_query(shared | chosen)}"


def here(**changed: object) -> str:
    """Relative address of this page with some choices changed."""
    return _query({**st.query_params.to_dict(), **changed}) or "?"


def _query(chosen: dict[str, object]) -> str:
    said = {name: value for name, value in chosen.items() if value not in (None, "")}
    return f"?{urlencode(said)}" if said else ""


def by_reader(name: str, keep: Callable[[], None]) -> Callable[[], None]:
    """`keep`, to be called when a reader changes a control that is drawn now and shows `name`.

    A browser that goes to another address, as by the back button, can still send what its control
    had at the one before. That is not a reader's choice, and must not bring the old address back.
    """

    def place() -> tuple[str | None, str]:
        return st.context.url, get(name)

    drawn_at = place()
    return lambda: keep() if place() == drawn_at else None


def _bound(name: str, value: object, default: object) -> dict[str, Any]:
    """Arguments of a control that shows `value` and writes to the address."""
    st.session_state[name] = value

    def keep() -> None:
        put(name, st.session_state[name], default)

    return {"key": name, "on_change": by_reader(name, keep)}


def select(
    label: str,
    options: Sequence[Any],
    name: str,
    format_func: Callable[[Any], str] = str,
    default: Any = None,
    **more: Any,
) -> Any:
    """A choice of one option; the first where the address names none of them."""
    if default is None and options:
        default = options[0]
    chosen = next((option for option in options if str(option) == get(name)), default)
    return st.selectbox(
        label, options, format_func=format_func, **_bound(name, chosen, default), **more
    )


def segments(label: str, options: dict[str, str], name: str) -> str:
    """A choice of one of a few options that are all seen: value -> what it is called."""
    default = next(iter(options))
    chosen = get(name) if get(name) in options else default
    picked = st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        required=True,
        **_bound(name, chosen, default),
    )
    return str(picked)


def toggle(label: str, name: str, hint: str | None = None) -> bool:
    st.session_state[name] = bool(get(name))

    def keep() -> None:
        put(name, 1 if st.session_state[name] else "")

    return st.toggle(label, key=name, on_change=by_reader(name, keep), help=hint)


def pills(label: str, options: Sequence[str], name: str, **more: Any) -> list[str]:
    """A choice of any of the options, none of which means all."""
    st.session_state[name] = [option for option in options if option in get(name).split(",")]

    def keep() -> None:
        put(name, ",".join(st.session_state[name] or ()))

    picked = st.pills(
        label,
        options,
        selection_mode="multi",
        key=name,
        on_change=by_reader(name, keep),
        **more,
    )
    return list(picked or ())


def text(label: str, name: str, **more: Any) -> str:
    return str(st.text_input(label, **_bound(name, get(name), ""), **more) or "").strip()
