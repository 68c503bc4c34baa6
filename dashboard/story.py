"""The story of one delivery as HTML: its head on the page, and a file of it for a ticket.

Every value comes through `text`, so that nothing a log line says becomes markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import pairwise
from zoneinfo import ZoneInfo

from dashboard.zones import clock_in_zone, in_zone, named
from fleet.lookup.stores import Row
from fleet.lookup.story_rows import ERROR_MARK, TAKEOVER_MARK, EventRow, Gap, story_rows
from fleet.lookup.wording import STEPS, counted, inferred, nearest_error, plain, span

# The usual of a delivery is that of its market over so many days until its own.
USUAL_DAYS = 28
MARK_STYLES = {ERROR_MARK: "error", TAKEOVER_MARK: "takeover"}
OUTCOME_MARKS = {"completed": "✓", "failed": "✗", "cancelled": "⊘", "open": "…", "unknown": "?"}
# Colours that stand on white and on near-black alike, with 3:1 at least; no colour stands alone.
STYLE = """<style>
.story { line-height: 1.5; }
.story .verdict { font-size: 1.35rem; margin: 0 0 .25rem; }
.story .outcome { border-radius: .35rem; padding: .1rem .55rem; margin-right: .5rem; color: #fff;
  font-weight: 600; background: #5d6b78; white-space: nowrap; }
.story .outcome.completed { background: #2c7a4b; }
.story .outcome.failed, .story .outcome.cancelled { background: #b3362b; }
.story .facts { opacity: .8; margin: 0 0 .75rem; }
.story p { margin: 0 0 .25rem; }
.story .facts span { margin-right: 1.1rem; white-space: nowrap; }
.story .legs { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; margin: .75rem 0 .25rem; }
.story .leg { flex: 1 1 15rem; min-width: 13rem; }
.story .leg b { font-size: 1.15rem; }
.story .gauge { position: relative; height: .6rem; border-radius: .3rem; margin: .3rem 0;
  background: rgba(128, 140, 152, .22); }
.story .gauge i { position: absolute; top: 0; bottom: 0; left: 0; border-radius: .3rem;
  background: #5b93c0; }
.story .gauge i.slow { background: #cf7a12; }
.story .gauge i.unfinished { background: repeating-linear-gradient(135deg, #cf5b50 0 5px,
  rgba(207, 91, 80, .45) 5px 10px); }
.story .gauge u { position: absolute; top: -.2rem; bottom: -.2rem; width: 2px;
  background: currentColor; opacity: .75; }
.story .gauge u.p95 { width: 0; background: none; border-left: 2px dotted currentColor; }
.story small { opacity: .8; }
</style>"""
PAGE_STYLE = """<style>
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem;
  padding: 0 1rem; }
table { border-collapse: collapse; font-size: .85rem; width: 100%; }
td, th { text-align: left; padding: .15rem .6rem .15rem 0; vertical-align: top; }
tr { border-bottom: 1px solid rgba(128, 140, 152, .25); }
td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.error { color: #c0392b; font-weight: 600; }
tr.takeover { color: #7d55c7; font-weight: 600; }
tr.quiet { opacity: .65; }
figure { margin: 1rem 0; background: #fff; border-radius: .35rem; padding: .5rem; }
figure svg { max-width: 100%; height: auto; }
</style>"""


@dataclass(frozen=True)
class Usual:
    """How long a leg usually takes: seconds that half and 95 % of deliveries stay within."""

    count: int
    p50: float
    p95: float


@dataclass(frozen=True)
class Leg:
    """One leg of the funnel; `seconds` is None while it has not begun."""

    start: str
    end: str
    seconds: float | None
    is_finished: bool
    usual: Usual | None

    @property
    def is_slow(self) -> bool:
        return bool(self.usual and self.seconds is not None and self.seconds > self.usual.p95)


def text(value: object) -> str:
    return escape(plain(value)) or "–"


def legs(delivery: Row, usual: dict[str, Usual], loaded_until: datetime) -> list[Leg]:
    """The legs of a delivery; one it failed in, or is in, lasts until then or until now."""
    found = []
    outcome = delivery["outcome"]
    for (start, start_at, _), (end, end_at, column) in pairwise(STEPS):
        assert column is not None
        seconds, is_finished = delivery[column], True
        if delivery[end_at] is None and delivery[start_at] is not None:
            later = [at for _, at, _ in STEPS[[step[0] for step in STEPS].index(end) :]]
            if not any(delivery[at] for at in later):
                is_finished = False
                # The way back of a return is no part of the leg that failed.
                until = delivery["outcome_at"] or loaded_until
                if outcome == "unknown":
                    until = delivery["last_event_at"]
                seconds = (until - delivery[start_at]).total_seconds()
        found.append(
            Leg(
                start,
                end,
                None if seconds is None else float(seconds),
                is_finished,
                usual.get(column),
            )
        )
    return found


def unusual(leg: Leg) -> str:
    """How far a leg is from the fleet's usual, in words."""
    if leg.seconds is None:
        return "not reached"
    if not leg.usual:
        return "nothing to compare with"
    if leg.is_slow:
        return f"slower than 95 of 100, {leg.seconds / leg.usual.p50:.1f} × the median"
    if not leg.is_finished:
        return "within the usual time"
    return "as usual"


def leg_html(leg: Leg, outcome: str) -> str:
    ending = {"open": "still open after ", "completed": "", "unknown": "not heard of after "}.get(
        outcome, f"{outcome} after "
    )
    took = span(leg.seconds) if leg.is_finished else f"{ending}{span(leg.seconds)}"
    gauge = ""
    if leg.usual:
        full = max(leg.usual.p95 * 1.4, leg.seconds or 0) or 1
        kind = "unfinished" if not leg.is_finished else "slow" if leg.is_slow else ""
        gauge = (
            f'<div class="gauge" role="img" aria-label="{escape(unusual(leg))}">'
            f'<i class="{kind}" style="width:{100 * (leg.seconds or 0) / full:.1f}%"></i>'
            f'<u style="left:{100 * leg.usual.p50 / full:.1f}%"></u>'
            f'<u class="p95" style="left:{100 * leg.usual.p95 / full:.1f}%"></u></div>'
            f"<small>{escape(unusual(leg))} · median {span(leg.usual.p50)}, "
            f"95 % within {span(leg.usual.p95)}</small>"
        )
    else:
        gauge = f"<br><small>{escape(unusual(leg))}</small>"
    return f'<div class="leg">{leg.start} → {leg.end} <b>{escape(took)}</b>{gauge}</div>'


def verdict(delivery: Row) -> str:
    """Why it ended as it did, in a sentence."""
    outcome = plain(delivery["outcome"])
    if delivery["probable_cause_sentence"]:
        return plain(delivery["probable_cause_sentence"])
    if outcome == "open":
        return "No event has ended it yet."
    if outcome == "unknown":
        return "Nothing in the log tells how it ended."
    if delivery["order_to_dropoff_seconds"] is None:
        return "Delivered."
    return f"Delivered in {span(delivery['order_to_dropoff_seconds'])} from the order."


def head(delivery: Row, its_legs: list[Leg], zone: ZoneInfo) -> str:
    """Outcome and cause in a sentence, what is known of it, and its legs against the usual."""
    outcome = text(delivery["outcome"])
    badge = f"{OUTCOME_MARKS.get(outcome, '')} {outcome}"
    ending = [text(delivery["outcome_event_name"])] if delivery["outcome_event_name"] else []
    if delivery["outcome_reason"]:
        ending.append(f"({text(delivery['outcome_reason'])})")
    if delivery["outcome_at"]:
        ending.append(f"at {in_zone(delivery['outcome_at'], zone)}")
    robot = text(delivery["robot_id"])
    if delivery["robot_count"] > 1:
        robot += f" (of {delivery['robot_count']})"
    facts = [
        f"delivery <b>{text(delivery['delivery_id'])}</b>",
        f"order <b>{text(delivery['order_id'])}</b>",
        f"robot <b>{robot}</b>",
        f"merchant <b>{text(delivery['merchant_id'])}</b>",
        f"market <b>{text(delivery['market'])}</b>",
        counted(delivery["event_count"], "event"),
        counted(delivery["error_count"], "error"),
        counted(delivery["takeover_count"], "takeover"),
    ]
    more = []
    if delivery["ended_by"]:
        more.append(f"ended by <b>{text(delivery['ended_by'])}</b>")
    if ending:
        more.append(f"ended with <b>{' '.join(ending)}</b>")
    if delivery["first_error_code"]:
        at = clock_in_zone(delivery["first_error_at"], zone)
        more.append(f"first error <b>{text(delivery['first_error_code'])}</b> at {at}")
    if near := nearest_error(delivery):
        more.append(f"nearest error {escape(near)}")
    if delivery["missing_steps"]:
        more.append(f"not in the log: <b>{text(delivery['missing_steps'])}</b>")
    if delivery["session_revision"] > 1:
        more.append(f"changed by {delivery['session_revision'] - 1} later loads")
    return (
        f'{STYLE}<div class="story" data-delivery="{text(delivery["delivery_id"])}">'
        f'<p class="verdict"><span class="outcome {outcome}">{badge}</span>'
        f"<b>{escape(verdict(delivery))}</b></p>"
        f'<p class="facts">{_spans(facts)}<br>{_spans(more)}</p>'
        f"{''.join(f'<p>{escape(sentence)}</p>' for sentence in inferred(delivery))}"
        f'<div class="legs">{"".join(leg_html(leg, outcome) for leg in its_legs)}</div>'
        f"<small>{compared_with(delivery)}</small></div>"
    )


def compared_with(delivery: Row) -> str:
    where = text(delivery["market"]) if delivery["market"] else "every market"
    return f"Usual: legs of deliveries in {where} over the {USUAL_DAYS} days until then."


def _spans(parts: Iterable[str]) -> str:
    return "".join(f"<span>{part}</span> " for part in parts)


def _row_html(row: EventRow | Gap, zone: ZoneInfo) -> str:
    if isinstance(row, Gap):
        silence = f"{span(row.seconds)} without an event"
        return f'<tr class="quiet"><td></td><td></td><td>{silence}</td></tr>'
    event = row.event
    style = MARK_STYLES.get(row.mark, "quiet" if row.heartbeats else "")
    return (
        f'<tr class="{style}"><td class="time">{clock_in_zone(row.at, zone)}</td>'
        f'<td class="time">{row.since_start}</td>'
        f"<td>{row.mark} {text(row.name)}</td><td>{text(event['summary'])}</td>"
        f"<td>{text(event['robot_state'])}</td><td>{text(event['match_method'])}</td></tr>"
    )


def document(
    delivery: Row, its_legs: list[Leg], events: list[Row], chart_svg: str, zone: ZoneInfo
) -> str:
    """One HTML file with all of it, for a ticket: it needs no server and asks nothing of one."""
    table = "".join(_row_html(row, zone) for row in story_rows(events))
    title = f"delivery {text(delivery['delivery_id'])}"
    where = escape(named(zone, delivery["started_at"]))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"{PAGE_STYLE}</head><body>{head(delivery, its_legs, zone)}"
        f"<figure>{chart_svg}</figure><p>Times: {where}.</p><table><thead><tr><th>time</th>"
        "<th>since start</th><th>event</th><th>what it means</th><th>robot state</th>"
        f"<th>matched by</th></tr></thead><tbody>{table}</tbody></table></body></html>"
    )
