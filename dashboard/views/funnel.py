"""Order → Dispatch → Pickup → Dropoff: how many get through, and how long it takes."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, filters, page_queries
from dashboard.data import rows
from fleet.lookup.wording import STEPS, span
from fleet.registry_constants import FUNNEL_STEPS

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
    st.altair_chart(
        charts.daily_lines(
            [
                {
                    "day": f"{day['order_date']}T00:00:00Z",
                    "market": day["market"],
                    "ratio": day["order_to_dropoff_ratio"],
                    "orders": day["order_count"],
                }
                for day in days
            ],
            "Orders delivered, by UTC day of the order",
        )
    )
    st.markdown("#### Leg times")
    legs = rows(page_queries.ALL_LEGS, choice.times * len(page_queries.LEG_TIMES))
    by_leg = {leg["leg"]: leg for leg in legs}
    st.dataframe(
        [
            {
                "leg": name,
                "deliveries": by_leg[column]["delivery_count"],
                "median": span(by_leg[column]["p50"]),
                "90 % within": span(by_leg[column]["p90"]),
                "95 % within": span(by_leg[column]["p95"]),
            }
            for column, name in LEG_NAMES.items()
        ],
        hide_index=True,
        alt="Leg times with percentiles",
    )
    st.caption("Of deliveries whose session began on these days.")
