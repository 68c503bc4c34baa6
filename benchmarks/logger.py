"""Events per second of `logger.event`, beside the bare encoding of the same line.

Run `python benchmarks/logger.py`. The ratios compare runs on the same machine within seconds of
each other; the absolute numbers are this machine's.
"""

from __future__ import annotations

import json
import logging
import timeit
from collections.abc import Callable

import msgspec
from fleet_events import EventLogHandler, Events, bind_context, get_logger
from fleet_events.events import DeliveryPickupCompleted

PAYLOAD: DeliveryPickupCompleted = {
    "delivery_id": "D-99",
    "robot_id": "R-42",
    "order_id": "O-12",
    "merchant_id": "M-7",
    "wait_s": 84.2,
    "loaded_by": "merchant",
}
CALLS = 20_000
ROUNDS = 7


def microseconds(call: Callable[[], object]) -> float:
    """Best of some rounds, per call."""
    return min(timeit.repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6


def main() -> None:
    lines: list[bytes] = []
    logger = get_logger(service="robot-agent", env="prod", host="R-42", write=lines.append)
    quiet = get_logger(service="robot-agent", env="prod", host="R-42", write=lambda line: None)
    logger.event(Events.DELIVERY_PICKUP_COMPLETED, PAYLOAD)
    line = json.loads(lines[0])

    ordinary = logging.getLogger("benchmark")
    ordinary.propagate = False
    ordinary.setLevel(logging.INFO)
    ordinary.addHandler(EventLogHandler(service="robot-agent", write=lambda line: None))

    def in_context() -> None:
        with bind_context(market="la", trace_id="1", span_id="2"):
            quiet.event(Events.DELIVERY_PICKUP_COMPLETED, PAYLOAD)

    dumps = microseconds(lambda: json.dumps(line))
    rows = {
        "logger.event": microseconds(
            lambda: quiet.event(Events.DELIVERY_PICKUP_COMPLETED, PAYLOAD)
        ),
        "logger.event within bind_context": microseconds(in_context),
        "logging record through EventLogHandler": microseconds(lambda: ordinary.info("loaded")),
        "bare json.dumps of the line": dumps,
        "bare msgspec encode of the line": microseconds(lambda: msgspec.json.encode(line)),
    }
    print(f"{'':40}{'us':>8}{'per second':>14}{'x json.dumps':>14}")
    for name, cost in rows.items():
        print(f"{name:40}{cost:8.2f}{1e6 / cost:14,.0f}{cost / dumps:14.2f}")


if __name__ == "__main__":
    main()
