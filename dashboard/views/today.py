"""How the last whole day went, against the usual of its weekday; a delivery where one is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean

from dashboard import address, filters, page_queries, story, zones
from dashboard.data import last_checks, rows
from dashboard.markup import Bar, Figure, Line, bars, figures, id_link, link, table, text
from dashboard.markup import show as show_markup
from dashboard.views import delivery
from fleet.lookup.stores import Row
from fleet.lookup.wording import plain, span

WEEKS = 4
# So much worse than usual is worth a mark.
MUCH = 0.1
SHOWN = 5
SHOWN_FAILURES = 10


@dataclass(frozen=True)
class Usual:
    """What a day is compared with.

    Attributes:
        days: earlier whole days, of the same weekday where there are any.
        said: what they are, in words.
    """

    days: tuple[date, ...]
    said: str

    def mean(self, by_day: dict[date, float]) -> float | None:
        """Mean over these days, 0 for a day without a row; None without days."""
        return fmean(by_day.get(day, 0.0) for day in self.days) if self.days else None


def show() -> None:
    if address.get("id").strip():
        delivery.show()
        return
    supply = rows(page_queries.SUPPLY_BY_DAY, (market := address.get("market"), market))
    if not supply:
        delivery.show_recent(zones.chosen())
        return
    day, usual = last_whole_day(supply)
    show_markup(
        f"<h1>{day:%A}, {day}, the last whole day{of_market(market)}</h1>"
        f'<p class="note">Compared with {usual.said}. {delivery.freshness(zones.chosen())}</p>'
    )
    show_markup(figures(day_figures(supply, day, usual, market)))
    show_failed_tests()
    show_worst(day, usual, market)
    show_open(market)
    delivery.show_recent(zones.chosen())


def of_market(market: str) -> str:
    return f" in {plain(market)}" if market else ""


def last_whole_day(supply: list[Row]) -> tuple[date, Usual]:
    """The newest day that the log covers, and the days it is compared with."""
    whole = filters.whole_days(supply)
    day: date = whole[-1]
    earlier = [one for one in whole[:-1] if one >= day - timedelta(weeks=WEEKS)]
    alike = tuple(one for one in earlier if one.weekday() == day.weekday())
    if alike:
        return day, Usual(alike, f"the mean of the {day:%A}s before, {len(alike)} of them")
    if earlier:
        said = "the day before" if len(earlier) == 1 else f"the mean of {len(earlier)} days before"
        return day, Usual(tuple(earlier), said)
    return day, Usual((), "nothing: the log has no earlier whole day")


def during(day: date, usual: Usual, market: str) -> tuple[date, date, str, str]:
    return min((*usual.days, day)), day, market, market


def day_figures(supply: list[Row], day: date, usual: Usual, market: str) -> list[Figure]:
    days = filters.said_days(day, day)
    hours = {row["local_date"]: float(row["usable_hours"]) for row in supply}
    counted = rows(page_queries.DELIVERIES_BY_DAY, during(day, usual, market))
    shares = {row["local_date"]: row["failed_count"] / row["delivery_count"] for row in counted}
    of_day = next((row for row in counted if row["local_date"] == day), None)
    months = rows(page_queries.MTBF_BY_MONTH)
    found = [
        compared(
            "Usable supply hours",
            hours.get(day, 0.0),
            usual.mean(hours),
            lambda value: f"{value:,.0f} h",
            address.link("change", to=day),
        )
    ]
    if of_day:
        found.append(
            compared(
                f"Failed or cancelled, {of_day['failed_count']} of {of_day['delivery_count']}",
                shares[day],
                usual.mean(shares),
                lambda value: f"{value:.1%}",
                address.link("deliveries", days=days, outcome="failed"),
                is_more_worse=True,
            )
        )
    if months:
        month, before = months[-1], months[-2] if len(months) > 1 else None
        found.append(
            Figure(
                f"MTBF, {month['month_start']:%B}",
                hours_between(month),
                f"{before['month_start']:%B}: {hours_between(before)}" if before else "",
                address.link("reliability"),
            )
        )
    for until in rows(page_queries.LOADS, (1,)):
        lost = until["line_count"] - sum(
            until[name] for name in until if name.endswith("_count") and name != "line_count"
        )
        found.append(
            Figure(
                "Lines of the last load",
                f"{until['line_count']:,}",
                f"{lost:,} not accounted for"
                if lost
                else f"all accounted for, {until['quarantined_count']:,} quarantined",
                address.link("quality"),
                is_worse=bool(lost),
            )
        )
    if checked := last_checks():
        found.append(checks_figure(checked))
    return found


def checks_figure(checked: Row) -> Figure:
    """What the data tests of the last night said, and when."""
    failed, skipped = checked["failed_count"], checked["skipped_count"]
    said = {"warned": checked["warned_count"], "not run": skipped}
    return Figure(
        f"Data tests, {zones.in_zone(checked['checked_at'], zones.chosen())}",
        f"{failed:,} failed" if failed else f"{checked['passed_count']:,} passed",
        ", ".join(f"{count:,} {what}" for what, count in said.items() if count) or "none failed",
        is_worse=bool(failed or skipped),
    )


def show_failed_tests() -> None:
    """Names of the tests that failed or warned in the last night."""
    checked = last_checks()
    if checked and checked["names"]:
        listed = "".join(f"<li>{text(name)}</li>" for name in checked["names"].split(", "))
        show_markup(f"<h2>Tests that failed or warned</h2><ul>{listed}</ul>")


def hours_between(month: Row) -> str:
    failures = month["failure_count"]
    if not failures:
        return f"none in {month['operating_hours']:,.0f} h"
    return f"{month['operating_hours'] / failures:,.1f} h"


def compared(
    name: str,
    value: float,
    usual: float | None,
    said: Callable[[float], str],
    href: str,
    is_more_worse: bool = False,
) -> Figure:
    if usual is None:
        return Figure(name, said(value), "", href)
    worse = value - usual if is_more_worse else usual - value
    return Figure(name, said(value), f"usual {said(usual)}", href, worse > MUCH * abs(usual))


def show_worst(day: date, usual: Usual, market: str) -> None:
    """What took most beyond the usual: of the robots' hours, and of deliveries."""
    link_to = {"days": filters.said_days(day, day)}
    beyond(
        "Unplanned downtime beyond the usual",
        {
            (str(row["reason"]), row["local_date"]): float(row["hours"])
            for row in rows(page_queries.REASONS_BY_DAY, during(day, usual, market))
        },
        day,
        usual,
        "{:,.1f} h",
        lambda reason: address.link("fleet", **link_to, reason=reason),
    )
    beyond(
        "Causes beyond the usual",
        {
            (str(row["probable_cause"]), row["local_date"]): float(row["deliveries"])
            for row in rows(page_queries.CAUSES_BY_DAY, during(day, usual, market))
        },
        day,
        usual,
        "{:,.0f}",
        lambda cause: address.link("deliveries", **link_to, cause=cause),
    )


def beyond(
    heading: str,
    amounts: dict[tuple[str, date], float],
    day: date,
    usual: Usual,
    form: str,
    href: Callable[[str], str],
) -> None:
    """Bars of what is above its usual, the furthest first. `amounts`: by name and day."""
    found = []
    for name in {name for name, _ in amounts}:
        by_day = {one: amount for (said, one), amount in amounts.items() if said == name}
        amount, mean = by_day.get(day, 0.0), usual.mean(by_day)
        if amount > (mean or 0.0):
            found.append((amount, mean, name))
    found.sort(key=lambda one: ((one[1] or 0.0) - one[0], one[2]))
    listed = [
        Bar(
            plain(name),
            amount,
            form.format(amount) + ("" if mean is None else f", usual {mean:,.1f}"),
            href(name),
        )
        for amount, mean, name in found[:SHOWN]
    ]
    if listed:
        show_markup(f"<h2>{heading}</h2>{bars(listed, heading)}")
    elif amounts and usual.days:
        show_markup(f'<h2>{heading}</h2><p class="note">None: nothing is above its usual.</p>')


def show_open(market: str) -> None:
    """Robots that are down at the end of the log."""
    found = rows(page_queries.OPEN_FAILURES, (market, market, SHOWN_FAILURES))
    if not found:
        return
    zone = zones.chosen()
    show_markup(
        "<h2>Failures that last on</h2>"
        + table(
            ["robot", "since", "down for", "component", "first error", "market"],
            [
                Line(
                    [
                        id_link(row["robot_id"]),
                        zones.in_zone(row["started_at"], zone),
                        span(row["down_seconds"]),
                        row["component"],
                        row["first_error_code"],
                        row["market"],
                    ],
                    story.replay_url(row["robot_id"], row["started_at"]),
                )
                for row in found
            ],
            "Failures that last on, newest first",
            minor=("component", "market"),
        )
        + f"<p>{link('All failures', address.link('reliability'))}</p>"
    )
