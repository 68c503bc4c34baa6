"""What one event looks like as a line, and the order of many."""

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fleet_events import EventLogger, Events, bind_context, get_logger
from fleet_events.events import REGISTRY_VERSION

from fleet.registry import Registry, load_registry

PICKUP: dict[str, object] = {
    "delivery_id": "D-99",
    "robot_id": "R-42",
    "order_id": "O-12",
    "merchant_id": "M-7",
    "wait_s": 84.2,
}
NOON = datetime(2026, 11, 23, 12, 0, 0, 123_999, tzinfo=UTC)
Make = Callable[..., EventLogger]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(Path(__file__).parents[3])


def test_a_line_is_the_envelope_the_ids_and_the_payload(make: Make, lines: Any) -> None:
    random = Random(7)
    logger = make(clock=lambda: NOON, entropy=random.randbytes, monotonic_ms=lambda: 7741)

    event_id = logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP)

    assert list(lines.only().items()) == [
        ("event_id", event_id),
        ("evt", {"name": "delivery.pickup_completed", "version": 1, "valid": True}),
        ("occurred_at", "2026-11-23T12:00:00.123Z"),
        ("service", "robot-agent"),
        ("env", "test"),
        ("version", "4.2.1"),
        ("emitter_id", "robot-agent/R-42/b7f3"),
        ("seq", 1),
        ("mono_ms", 7741),
        ("status", "info"),
        ("message", "Loaded after 84 s at the merchant"),
        ("order_id", "O-12"),
        ("delivery_id", "D-99"),
        ("robot_id", "R-42"),
        ("merchant_id", "M-7"),
        ("registry_version", REGISTRY_VERSION),
        ("data", {"wait_s": 84.2}),
    ]


def test_what_is_absent_is_left_out(make: Make, lines: Any) -> None:
    make().event(Events.MERCHANT_ORDER_CONFIRMED, {"order_id": "O-1", "merchant_id": "M-1"})
    assert not {"data", "mono_ms", "dd", "market", "robot_id"} & lines.only().keys()


def test_the_same_clock_and_entropy_give_the_same_bytes(make: Make, lines: Any) -> None:
    for _ in range(2):
        logger = make(clock=lambda: NOON, entropy=Random(1).randbytes)
        logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP)
    first, second = lines.raw
    assert first == second


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("2026-11-23T09:00:00Z", "2026-11-23T09:00:00.000Z"),
        ("2026-11-23T09:00:00.5+02:00", "2026-11-23T07:00:00.500Z"),
        (datetime(2026, 11, 23, 9, tzinfo=timezone(timedelta(hours=-8))),
         "2026-11-23T17:00:00.000Z"),
    ],
)  # fmt: skip
def test_times_are_written_in_utc(make: Make, lines: Any, given: object, written: str) -> None:
    make().event(Events.ROBOT_CONNECTION_LOST, {"robot_id": "R-1", "last_seen_at": given})
    assert lines.only()["data"]["last_seen_at"] == written
    assert lines.only()["message"] == f"Unreachable, last seen {written[:19].replace('T', ' ')}"


def test_event_ids_are_uuid7_of_the_time_of_the_event(make: Make, lines: Any) -> None:
    start = datetime(2026, 11, 23, tzinfo=UTC)
    times = iter(start + timedelta(milliseconds=n) for n in range(2000))
    logger = make(clock=lambda: next(times))
    for _ in range(2000):
        logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP)

    ids = [uuid.UUID(line["event_id"]) for line in lines.read()]
    assert {one.version for one in ids} == {7}
    assert {one.variant for one in ids} == {uuid.RFC_4122}
    since_epoch = int(start.timestamp() * 1000)
    assert [one.int >> 80 for one in ids] == [since_epoch + n for n in range(2000)]
    # Each of the 74 random bits is set in some ids and not in others.
    free = 2**80 - 1 - (0xF << 76) - (0b11 << 62)
    ever = never = 0
    for one in ids:
        ever |= one.int
        never |= ~one.int
    assert ever & free == free
    assert never & free == free


def test_no_bit_of_an_event_id_repeats_another(make: Make) -> None:
    def id_of(entropy: int) -> int:
        logger = make(clock=lambda: NOON, entropy=lambda count: entropy.to_bytes(count))
        return uuid.UUID(logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP)).int

    changed = [id_of(1 << bit) ^ id_of(0) for bit in range(80)]
    # Version and variant take the place of six.
    assert sorted(bits.bit_count() for bits in changed) == [0] * 6 + [1] * 74
    assert len(set(changed)) == 75


def test_event_ids_do_not_repeat_within_a_millisecond(make: Make) -> None:
    logger = make(clock=lambda: NOON)
    ids = {logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP) for _ in range(5000)}
    assert len(ids) == 5000


@pytest.mark.parametrize("name", [event.value for event in Events])
def test_every_event_is_written_whole(
    make: Make, lines: Any, registry: Registry, name: str
) -> None:
    registered = registry.by_name[name]
    make().event(Events(name), registered.example)
    line = lines.only()
    payload = {key: line[key] for key in registered.example if key in line and key[-3:] == "_id"}
    if "market" in line:
        payload["market"] = line["market"]
    assert {**payload, **line.get("data", {})} == registered.example
    assert line["status"] == registered.severity
    assert "{" not in line["message"]
    assert "?" not in line["message"]


def test_order_of_lines_is_order_of_seq_with_many_threads(make: Make, lines: Any) -> None:
    logger = make()
    threads, each = 16, 200
    together = threading.Barrier(threads)

    def log() -> None:
        together.wait()
        for _ in range(each):
            logger.event(Events.DELIVERY_PICKUP_COMPLETED, PICKUP)

    workers = [threading.Thread(target=log) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [line["seq"] for line in lines.read()] == list(range(1, threads * each + 1))


def test_a_forked_worker_is_an_emitter_of_its_own() -> None:
    # A process of its own, because this one holds what no copy of it could let go of.
    program = f"""
import os
from fleet_events import EventLogger, Events
write = lambda line: os.write(1, line)
logger = EventLogger(
    service="robot-agent", env="test", version="4.2.1", host="R-42", boot="b7f3", write=write
)
logger.event(Events.DELIVERY_PICKUP_COMPLETED, {PICKUP!r})
if child := os.fork():
    os.waitpid(child, 0)
logger.event(Events.DELIVERY_PICKUP_COMPLETED, {PICKUP!r})
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    first, forked, second = map(json.loads, told.stdout.splitlines())
    assert (first["seq"], second["seq"], forked["seq"]) == (1, 2, 1)
    assert first["emitter_id"] == second["emitter_id"] != forked["emitter_id"]
    assert forked["emitter_id"].startswith("robot-agent/R-42/")


def test_context_fills_optional_ids_and_trace_ids_only(make: Make, lines: Any) -> None:
    logger = make()
    with bind_context(delivery_id="D-1", order_id="O-1", market="la", trace_id="t", span_id="s"):
        logger.event(Events.ROBOT_STUCK, {"robot_id": "R-42", "cause": "curb"})
    line = lines.only()
    assert (line["delivery_id"], line["market"]) == ("D-1", "la")
    assert line["dd"] == {"trace_id": "t", "span_id": "s"}
    assert "order_id" not in line


def test_what_the_event_gives_wins_over_context(make: Make, lines: Any) -> None:
    with bind_context(delivery_id="D-1"):
        make().event(
            Events.ROBOT_STUCK, {"robot_id": "R-42", "delivery_id": "D-2", "cause": "curb"}
        )
    assert lines.only()["delivery_id"] == "D-2"


def test_contexts_nest_and_end(make: Make, lines: Any) -> None:
    logger = make()

    def log() -> None:
        logger.event(Events.ROBOT_STUCK, {"robot_id": "R-42", "cause": "curb"})

    with bind_context(delivery_id="D-1", market="la"):
        with bind_context(delivery_id="D-2"):
            log()
        log()
    log()

    written = [(line.get("delivery_id"), line.get("market")) for line in lines.read()]
    assert written == [("D-2", "la"), ("D-1", "la"), (None, None)]


def test_a_context_of_unknown_name_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="takes no delivery"), bind_context(delivery="D-1"):  # type: ignore[call-arg]
        pass


def test_env_and_version_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, lines: Any
) -> None:
    monkeypatch.setenv("DD_ENV", "staging")
    monkeypatch.setenv("DD_VERSION", "9.9.9")
    logger = get_logger(service="order-service", write=lines.raw.append)
    logger.event(
        Events.ORDER_ELIGIBILITY_DECIDED,
        {"order_id": "O-1", "merchant_id": "M-1", "eligible": True, "reason": "none"},
    )
    assert (lines.only()["env"], lines.only()["version"]) == ("staging", "9.9.9")
    assert lines.only()["message"] == "Robot fit decided: eligible yes, reason none"


def test_lines_go_to_standard_output_after_what_was_printed(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    logger = get_logger(service="robot-agent", env="test", host="R-42")
    print("before")
    logger.event(Events.ROBOT_LID_CHANGED, {"robot_id": "R-42", "to": "locked"})
    before, line = capfdbinary.readouterr().out.splitlines()
    assert before == b"before"
    assert json.loads(line)["message"] == "Lid locked"
