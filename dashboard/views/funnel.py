"""Order → Dispatch → Pickup → Dropoff: how many get through, and how long it takes."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from dashboard import charts, filters, page_queries
from dashboard.data import rows
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
    st.markdown("#### Conversion")
    st.altair_chart(
        charts.bars(
            [
                {
                    "name": step,
                    "orders": count,
                    "label": f"{count:,}"
                    + (f", {count / before:.1%} of the step before" if before else ""),
                }
                for (step, _, _), count, before in zip(
                    STEPS, reached, [0, *reached[:-1]], strict=True
                )
            ],
            "orders",
            "Orders that reached each step",
        )
    )
    st.caption(
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
                    "ratio": day["order_to_dropoff_ratio"],
                    "orders": day["eligible_count"],
                }
                for day in days
            ],
            "Orders brought by robot, by day of the order",
        )
    )
    show_losses(choice)
    st.markdown("#### Leg times")
    legs = rows(page_queries.ALL_LEGS, choice.days * len(page_queries.ORDER_LEGS))
    by_leg = {leg["leg"]: leg for leg in legs}
    st.dataframe(
        [
            {
                "leg": name,
                "orders": by_leg[column]["leg_count"],
                "median": span(by_leg[column]["p50"]),
                "90 % within": span(by_leg[column]["p90"]),
                "95 % within": span(by_leg[column]["p95"]),
            }
            for column, name in LEG_NAMES.items()
        ],
        hide_index=True,
        alt="Leg times with percentiles",
    )
    st.caption("Of the delivery that brought the order, else of its last.")


def show_losses(choice: filters.Choice) -> None:
    losses = rows(page_queries.FUNNEL_LOSSES, choice.days)
    if not losses:
        return
    st.markdown("#### Losses")
    listed = [
        {
            "name": f"{LOST[loss['lost_step']]}: {plain(loss['lost_reason'])}",
            "orders": loss["order_count"],
            "label": f"{loss['order_count']:,}",
        }
        for loss in losses
    ]
    st.altair_chart(
        charts.bars(listed[:SHOWN_REASONS], "orders", "Orders lost, by step and reason")
    )
    place = st.selectbox(
        "Orders lost to",
        range(len(losses)),
        format_func=lambda place: listed[place]["name"],
        key="loss",
    )
    loss = losses[place]
    orders = rows(
        page_queries.LOST_ORDERS,
        (*choice.days, loss["lost_step"], loss["lost_reason"], SHOWN_ORDERS),
    )
    st.dataframe(
        [
            {
                "order": plain(order["order_id"]),
                "delivery": plain(order["delivery_id"]),
                "robot": plain(order["robot_id"]),
                "market": plain(order["market"]),
                "day": order["local_date"],
                "deliveries": order["delivery_count"],
                "brought by": plain(order["fulfilled_by"]),
                "story": "./?" + urlencode({"id": order["delivery_id"] or order["order_key"]}),
            }
            for order in orders
        ],
        hide_index=True,
        column_config={"story": st.column_config.LinkColumn(display_text="open")},
        alt=f"Orders lost to {listed[place]['name']}",
    )
