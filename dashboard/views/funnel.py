"""Order → Dispatch → Pickup → Dropoff: how many get through, and how long it takes."""

from __future__ import annotations

import streamlit as st

from dashboard import address, charts, filters, page_queries
from dashboard.data import rows
from dashboard.markup import Bar, Line, bars, id_link, link, note, table, text
from dashboard.markup import show as show_markup
from fleet.lookup.stores import Row
from fleet.lookup.wording import STEPS, plain, span
from fleet.registry_constants import FUNNEL_STEPS

SHOWN_REASONS = 12
SHOWN_ORDERS = 50
LOST = {
    "eligible": "No robot may take it",
    "dispatched": "Not dispatched",
    "pickup_completed": "Not picked up",
    "dropoff_completed": "Not dropped off",
}
# What an order that reached one step and not the next was lost before.
LOST_BEFORE = {
    "Order": "eligible",
    "Dispatch": "dispatched",
    "Pickup": "pickup_completed",
    "Dropoff": "dropoff_completed",
}
COUNTS = [step.count for step in FUNNEL_STEPS if step.count]
LEG_NAMES = {
    "order_to_dispatch_seconds": "Order → Dispatch",
    "dispatch_to_pickup_seconds": "Dispatch → Pickup",
    "pickup_to_dropoff_seconds": "Pickup → Dropoff",
    "pickup_wait_seconds": "Wait at the merchant",
    "dropoff_wait_seconds": "Wait at the customer",
    "order_to_dropoff_seconds": "Order → Dropoff",
}


def show() -> None:
    choice = filters.pick()
    if choice is None:
        return
    days = rows(page_queries.FUNNEL_DAYS, choice.days)
    if not days:
        st.info("There are no orders on these days.")
        return
    reached = [sum(day[column] for day in days) for column in COUNTS]
    total = {
        column: sum(day[column] or 0 for day in days)
        for column in (
            "order_count", "ineligible_count", "promised_count", "on_time_count",
            "late_sum_seconds", "under_way_count", "fallback_count",
        )
    }  # fmt: skip
    columns = st.columns(4)
    columns[0].metric(
        "Brought by robot",
        f"{reached[-1] / reached[0]:.1%}" if reached[0] else "–",
        help="Orders that a robot handed over, of those that a robot may take",
    )
    columns[1].metric(
        "On time",
        f"{total['on_time_count'] / total['promised_count']:.1%}"
        if total["promised_count"]
        else "–",
        help="Of the orders that a robot handed over: by the promised time",
    )
    columns[2].metric(
        "After the promise, mean",
        span(total["late_sum_seconds"] / total["promised_count"])
        if total["promised_count"]
        else "–",
        help="Negative when early",
    )
    columns[3].metric(
        "No robot may take",
        f"{total['ineligible_count']:,}",
        help=f"Of {total['order_count']:,} orders; out of range, too large and the like",
    )
    steps = list(zip(STEPS, reached, [0, *reached[:-1]], strict=True))
    show_markup(
        "<h2>Conversion</h2>"
        + bars(
            [
                Bar(
                    step,
                    count,
                    f"{count:,}" + (f", {count / before:.1%} of the step before" if before else ""),
                    address.here(step=LOST_BEFORE.get(step, ""), reason="") + "#losses",
                )
                for (step, _, _), count, before in steps
            ],
            "Orders that reached each step; each leads to those lost before it",
        )
    )
    note(
        "Of the orders that a robot may take. "
        f"Still under way: {total['under_way_count']:,}. "
        f"Brought by the fallback: {total['fallback_count']:,}."
    )
    st.altair_chart(
        charts.daily_lines(
            [
                {
                    "day": f"{day['local_date']}T00:00:00Z",
                    "market": day["market"],
                    "value": day["order_to_dropoff_ratio"],
                    "orders": day["eligible_count"],
                    "href": address.here(days=str(day["local_date"]), market=day["market"]),
                }
                for day in days
            ],
            "Orders brought by robot, by day of the order",
            ".1%",
            1,
        )
    )
    show_losses(choice)
    show_markup("<h2>Leg times</h2>")
    legs = rows(page_queries.ALL_LEGS, choice.days * len(page_queries.ORDER_LEGS))
    by_leg = {leg["leg"]: leg for leg in legs}
    show_markup(
        table(
            ["leg", "orders", "median", "90 % within", "95 % within"],
            [
                Line(
                    [
                        name,
                        f"{by_leg[column]['leg_count']:,}",
                        *(span(by_leg[column][place]) for place in ("p50", "p90", "p95")),
                    ]
                )
                for column, name in LEG_NAMES.items()
            ],
            "Leg times with percentiles",
            numbers=("orders", "median", "90 % within", "95 % within"),
        )
    )
    show_leg_trend(choice)
    note("Of the delivery that brought the order, else of its last.")


def show_leg_trend(choice: filters.Choice) -> None:
    found = rows(page_queries.LEG_TREND, (*choice.days, "order_to_dropoff"))
    if not found:
        return
    minutes = [
        {
            "day": f"{row['local_date']}T00:00:00Z",
            "market": row["market"],
            "value": row["p90_seconds"] / 60,
            "orders": row["order_count"],
            "href": address.here(days=str(row["local_date"]), market=row["market"]),
        }
        for row in found
    ]
    top = 1.1 * max(row["value"] for row in minutes)
    title = "Minutes from order to drop-off that 90 % of the orders stay within, by day"
    st.altair_chart(charts.daily_lines(minutes, title, ".0f", top))


def show_losses(choice: filters.Choice) -> None:
    losses = rows(page_queries.FUNNEL_LOSSES, choice.days)
    if not losses:
        return
    step = address.get("step")
    shown = [loss for loss in losses if loss["lost_step"] == step] or losses
    named = [one for one in shown if one["lost_reason"] == address.get("reason")]
    loss = (named or shown)[0]
    every = link("Losses of every step", address.here(step="", reason=""))
    show_markup(
        '<h2 id="losses">Losses</h2>'
        + bars(
            [
                Bar(
                    loss_name(one),
                    one["order_count"],
                    f"{one['order_count']:,}",
                    address.here(step=one["lost_step"], reason=one["lost_reason"]) + "#lost",
                    is_chosen=one is loss,
                )
                for one in shown[:SHOWN_REASONS]
            ],
            "Orders lost, by step and reason; each leads to the orders",
        )
        + (f"<p>{every}</p>" if step else "")
    )
    orders = rows(
        page_queries.LOST_ORDERS,
        (*choice.days, loss["lost_step"], loss["lost_reason"], SHOWN_ORDERS),
    )
    show_markup(
        f'<h2 id="lost">Orders lost to {text(loss_name(loss))}</h2>'
        + table(
            ["order", "delivery", "robot", "market", "day", "deliveries", "brought by"],
            [
                Line(
                    [
                        id_link(order["order_id"]),
                        id_link(order["delivery_id"]),
                        id_link(order["robot_id"]),
                        order["market"],
                        order["local_date"],
                        order["delivery_count"],
                        order["fulfilled_by"],
                    ],
                    address.link(id=order["delivery_id"] or order["order_key"]),
                )
                for order in orders
            ],
            f"Orders lost to {loss_name(loss)}",
            numbers=("deliveries",),
            minor=("market", "day", "deliveries", "brought by"),
        )
    )


def loss_name(loss: Row) -> str:
    return f"{LOST[loss['lost_step']]}: {plain(loss['lost_reason'])}"
