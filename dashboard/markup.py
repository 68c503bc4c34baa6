"""HTML that pages are made of: links, tables, bars. `text` lets nothing a log says be markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import log

import streamlit as st

from dashboard import address
from fleet.lookup.wording import plain


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


@dataclass(frozen=True)
class Line:
    """A row of a table: its cells, and where a click on it leads."""

    cells: Sequence[object]
    href: str = ""
    kind: str = ""
    is_opened: bool = False


def text(value: object) -> str:
    """A value as HTML, a dash for none."""
    if isinstance(value, Markup):
        return value
    return "–" if value is None else escape(plain(value))


def link(said: object, href: str, **attributes: str) -> Markup:
    more = "".join(f' {name.replace("_", "-")}="{escape(v)}"' for name, v in attributes.items())
    return Markup(f'<a href="{escape(href)}"{more}>{text(said)}</a>')


def outside(said: str, href: str) -> Markup:
    """A link that leaves the page, in a window of its own."""
    return Markup(f'<a href="{escape(href)}" target="_blank">{escape(said)} ↗</a>')


def id_address(value: object, kind: str = "") -> str:
    """Address of what an id is about; a merchant and a pilot have their deliveries."""
    if kind in ("merchant", "pilot"):
        return address.link("deliveries", **{kind: value})
    return address.link(id=value)


def id_link(value: object, kind: str = "") -> Markup:
    """An id as a link, see id_address; a dash for none."""
    return link(value, id_address(value, kind)) if value else Markup("–")


def table(
    heads: Sequence[str],
    lines: Iterable[Line],
    label: str,
    numbers: Sequence[str] = (),
    minor: Sequence[str] = (),
) -> Markup:
    """A table of which each row leads on as a whole; its first link serves the keyboard.

    `numbers`: columns that stand at the right. `minor`: those that a phone leaves out.
    """

    def classes(name: str) -> str:
        found = [said for said, of in (("number", numbers), ("wide-only", minor)) if name in of]
        return f' class="{" ".join(found)}"' if found else ""

    head = "".join(f'<th scope="col"{classes(name)}>{escape(name)}</th>' for name in heads)
    rows = []
    for line in lines:
        if line.kind == "wide":
            rows.append(f'<tr class="wide"><td colspan="{len(heads)}">{line.cells[0]}</td></tr>')
            continue
        cells = "".join(
            f"<td{classes(name)}>{text(cell)}</td>"
            for name, cell in zip(heads, line.cells, strict=True)
        )
        href = f' data-href="{escape(line.href)}"' if line.href else ""
        kind = " ".join(filter(None, (line.kind, "opened" if line.is_opened else "")))
        named = f' class="{kind}"' if kind else ""
        rows.append(f"<tr{href}{named}>{cells}</tr>")
    return Markup(
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}"><table>'
        f'<caption class="unseen">{escape(label)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


@dataclass(frozen=True)
class Bar:
    """A bar: what it stands for, how long it is, what is said beside it, where it leads."""

    name: str
    value: float
    label: str
    href: str = ""
    kind: str = ""
    is_chosen: bool = False


def bars(listed: Sequence[Bar], label: str, full: float | None = None) -> Markup:
    """Horizontal bars from 0, each a link to what is behind it; `full` is the longest there is."""
    full = full or max((bar.value for bar in listed), default=0) or 1
    kinds = dict.fromkeys(bar.kind for bar in listed if bar.kind)
    legend = "".join(
        f'<span><i class="chip {_css(kind)}"></i>{escape(kind)}</span>' for kind in kinds
    )
    rows = []
    for bar in listed:
        width = max(0.0, 100 * bar.value / full)
        inside = (
            f'<span class="name">{escape(bar.name)}</span><span class="rail">'
            f'<i class="{_css(bar.kind)}" style="width:{width:.2f}%"></i>'
            f'</span><span class="value">{escape(bar.label)}</span>'
        )
        chosen = ' aria-current="true"' if bar.is_chosen else ""
        rows.append(
            f'<li><a class="bar" href="{escape(bar.href)}"{chosen}>{inside}</a></li>'
            if bar.href
            else f'<li><span class="bar">{inside}</span></li>'
        )
    return Markup(
        (f'<p class="legend">{legend}</p>' if legend else "")
        + f'<ul class="bars" aria-label="{escape(label)}">{"".join(rows)}</ul>'
    )


@dataclass(frozen=True)
class Step:
    """A step of a waterfall: how far it goes up or down, and where it leads."""

    name: str
    change: float
    label: str
    href: str = ""


def waterfall(start: Bar, steps: Sequence[Step], end: Bar, label: str) -> Markup:
    """From one total to another: each step begins where the one before ended; totals are cut."""
    levels = [start.value]
    for step in steps:
        levels.append(levels[-1] + step.change)
    highest, lowest = max(*levels, end.value), min(*levels, end.value)
    # Beside whole totals no step would be seen: the scale begins below the lowest level.
    low = lowest - (highest - lowest) / 3
    full = (highest - low) or 1
    rows = [_rail(start, low, start.value, low, full, "total")]
    for step, before, after in zip(steps, levels, levels[1:], strict=False):
        kind = "gain" if step.change > 0 else "loss"
        bar = Bar(step.name, step.change, step.label, step.href)
        rows.append(_rail(bar, min(before, after), max(before, after), low, full, kind))
    rows.append(_rail(end, low, end.value, low, full, "total"))
    return Markup(f'<ul class="bars" aria-label="{escape(label)}">{"".join(rows)}</ul>')


def _rail(bar: Bar, left: float, right: float, low: float, full: float, kind: str) -> str:
    place = f"margin-left:{100 * (left - low) / full:.2f}%;width:{100 * (right - left) / full:.2f}%"
    inside = (
        f'<span class="name">{escape(bar.name)}</span><span class="rail">'
        f'<i class="{kind}" style="{place}"></i></span>'
        f'<span class="value">{escape(bar.label)}</span>'
    )
    if not bar.href:
        return f'<li><span class="bar">{inside}</span></li>'
    return f'<li><a class="bar" href="{escape(bar.href)}">{inside}</a></li>'


@dataclass(frozen=True)
class Range:
    """A value with its interval, which is open without `upper`; either may be absent."""

    name: str
    value: float | None
    lower: float | None
    upper: float | None
    label: str
    href: str


def ranges(listed: Sequence[Range], unit: str, is_log: bool) -> Markup:
    """Intervals on one scale; an arrow where one is open. A logarithm has no place for 0."""
    told = [(one, [at for at in (one.lower, one.value) if at is not None]) for one in listed]
    known = [one for one, ends in told if ends and (not is_log or min(ends) > 0)]
    ends = [float(end) for one in known for end in (one.lower, one.value, one.upper) if end]
    if not ends:
        return Markup("")
    # An open interval reaches the edge, and a lone one has room beside it.
    edges = (min(ends) / 1.3 if is_log else 0.0, max(ends) * 1.3)

    def place(value: float) -> float:
        low, high, at = (log(one) if is_log else one for one in (*edges, value))
        return min(100.0, max(0.0, 100 * (at - low) / (high - low)))

    rows = []
    for one in known:
        interval = arrow = ""
        if one.lower is not None:
            left, right = place(one.lower), 100.0 if one.upper is None else place(one.upper)
            interval = f'<i style="left:{left:.2f}%;width:{right - left:.2f}%"></i>'
            arrow = "<u>▸</u>" if one.upper is None else ""
        point = "" if one.value is None else f'<b style="left:{place(one.value):.2f}%"></b>'
        rows.append(
            f'<li><a class="bar range" href="{escape(one.href)}">'
            f'<span class="name">{escape(one.name)}</span><span class="rail">'
            f"{interval}{point}{arrow}</span>"
            f'<span class="value">{escape(one.label)}</span></a></li>'
        )
    kind = "logarithmic, " if is_log else ""
    scale = f"{kind}{edges[0]:,.3g} to {edges[1]:,.3g}"
    return Markup(
        f'<ul class="bars" aria-label="{escape(unit)}">{"".join(rows)}</ul>'
        f'<p class="note">{escape(unit)}: point and interval; scale {scale}.</p>'
    )


@dataclass(frozen=True)
class Figure:
    """A figure of a page's head, what it is compared with, and where it leads."""

    name: str
    said: str
    compared: str = ""
    href: str = ""
    is_worse: bool = False


def figures(shown: Iterable[Figure]) -> Markup:
    parts = []
    for one in shown:
        said = link(one.said, one.href) if one.href else text(one.said)
        worse = ' class="worse"' if one.is_worse else ""
        mark = "▲ " if one.is_worse else ""
        parts.append(
            f"<div{worse}><small>{escape(one.name)}</small><b>{mark}{said}</b>"
            f"<small>{escape(one.compared)}</small></div>"
        )
    return Markup(f'<div class="figures">{"".join(parts)}</div>')


def _css(kind: str) -> str:
    return kind.replace(" ", "-")


def note(said: str) -> None:
    """A remark below what it is about; `code` between backticks."""
    parts = escape(said).split("`")
    inside = "".join(f"<code>{one}</code>" if n % 2 else one for n, one in enumerate(parts))
    show(f'<p class="note">{inside}</p>')


def show(markup: str) -> None:
    """Draw HTML; everything of a log in it has been through `text`."""
    st.html(markup)
