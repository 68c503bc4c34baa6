"""What does not fit: told exactly in dev and test, kept and reported anywhere else."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from fleet_events import EventLogger, EventLogHandler, EventRejected, Events, bind_context
from hypothesis import given
from hypothesis import strategies as st

SERVICE_TAGS = Path(__file__).parents[2] / "golden/service_tags.json"
GOOD: dict[str, object] = {
    "delivery_id": "D-99",
    "robot_id": "R-42",
    "order_id": "O-12",
    "merchant_id": "M-7",
    "wait_s": 84.2,
}
Make = Callable[..., EventLogger]


class Hostile(Mapping[str, object]):
    """A mapping that cannot be read."""

    def __getitem__(self, key: str) -> object:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


class Text(str):
    __slots__ = ()


class Garbled(Text):
    def __str__(self) -> str:
        raise RuntimeError("no")


LOOP: dict[str, object] = {}
LOOP["again"] = LOOP

BAD_PAYLOADS: dict[str, tuple[object, list[str]]] = {
    "missing id": (
        {key: value for key, value in GOOD.items() if key != "order_id"},
        ["order_id is missing"],
    ),
    "id of another thing": (
        GOOD | {"order_id": "D-99"},
        ["order_id must be ASCII text starting with O-"],
    ),
    "missing field": ({k: v for k, v in GOOD.items() if k != "wait_s"}, ["wait_s is missing"]),
    "number as text": (GOOD | {"wait_s": "84"}, ["wait_s must be a number from 0 to 7200"]),
    "bool as number": (GOOD | {"wait_s": True}, ["wait_s must be a number from 0 to 7200"]),
    "out of bounds": (GOOD | {"wait_s": 7201}, ["wait_s must be a number from 0 to 7200"]),
    "not a number": (GOOD | {"wait_s": math.nan}, ["wait_s must be a number from 0 to 7200"]),
    "infinite": (GOOD | {"wait_s": math.inf}, ["wait_s must be a number from 0 to 7200"]),
    "null": (
        GOOD | {"loaded_by": None},
        ["loaded_by must be one of merchant, field_ops, unknown"],
    ),
    "value not listed": (
        GOOD | {"loaded_by": "nobody"},
        ["loaded_by must be one of merchant, field_ops, unknown"],
    ),
    "unknown field": (
        GOOD | {"wait_z": 1},
        ["wait_z is not a field of this event (did you mean wait_s?)"],
    ),
    "a set": (GOOD | {"wait_s": {1, 2}}, ["wait_s must be a number from 0 to 7200"]),
    "an object": (GOOD | {"wait_s": object()}, ["wait_s must be a number from 0 to 7200"]),
    "unprintable": (GOOD | {"wait_s": Unprintable()}, ["wait_s must be a number from 0 to 7200"]),
    "a loop": (GOOD | {"wait_s": LOOP}, ["wait_s must be a number from 0 to 7200"]),
    "half a surrogate pair": (
        GOOD | {"market": "\ud800"},
        ["market must be ASCII text of at most 64 characters"],
    ),
    "garbled text": (GOOD | {"market": Garbled("la")}, ["cannot be written as JSON"]),
    "a list": ([1, 2], ["the payload must be a mapping, not list"]),
    "nothing": (None, ["the payload must be a mapping, not NoneType"]),
    "unreadable": (Hostile(), ["the payload cannot be read (RuntimeError)"]),
    "several": (
        {"delivery_id": "D-99", "robot_id": "R-42", "merchant_id": "M-7", "wait_s": "x", "y": 1},
        [
            "order_id is missing",
            "wait_s must be a number from 0 to 7200",
            "y is not a field of this event",
        ],
    ),
}


@pytest.mark.parametrize(("payload", "reasons"), BAD_PAYLOADS.values(), ids=BAD_PAYLOADS)
@pytest.mark.parametrize("env", ["dev", "test"])
def test_dev_and_test_raise_and_write_nothing(
    make: Make, lines: Any, env: str, payload: Any, reasons: list[str]
) -> None:
    with pytest.raises(EventRejected) as caught:
        make(env).event(Events.DELIVERY_PICKUP_COMPLETED, payload)
    message = str(caught.value)
    assert message.startswith("delivery.pickup_completed: ")
    for reason in reasons:
        assert reason in message
    assert lines.raw == []


@pytest.mark.parametrize(("payload", "reasons"), BAD_PAYLOADS.values(), ids=BAD_PAYLOADS)
@pytest.mark.parametrize("env", ["staging", "prod"])
def test_elsewhere_the_event_is_kept_and_reported(
    make: Make, lines: Any, env: str, payload: Any, reasons: list[str]
) -> None:
    logger = make(env)

    event_id = logger.event(Events.DELIVERY_PICKUP_COMPLETED, payload)

    kept, report = lines.read()
    assert kept["event_id"] == event_id
    assert kept["evt"] == {"name": "delivery.pickup_completed", "version": 1, "valid": False}
    assert report["evt"] == {"name": "telemetry.event_rejected", "version": 1, "valid": True}
    assert report["data"]["rejected_name"] == "delivery.pickup_completed"
    assert len(report["data"]["reasons"]) == len(reasons)
    for told, reason in zip(report["data"]["reasons"], reasons, strict=True):
        assert reason in told
    assert (kept["seq"], report["seq"], logger.lost) == (1, 2, 0)


@pytest.mark.parametrize("env", ["test", "prod"])
def test_decimals_and_subclasses_of_text_are_written_as_numbers_and_text(
    make: Make, lines: Any, env: str
) -> None:
    payload = GOOD | {"order_id": Text("O-12"), "wait_s": Decimal("84.2")}
    make(env).event(Events.DELIVERY_PICKUP_COMPLETED, payload)
    line = lines.only()
    assert line["evt"]["valid"] is True
    assert (line["order_id"], line["data"]) == ("O-12", {"wait_s": 84.2})
    assert line["message"] == "Loaded after 84 s at the merchant"


def test_a_refused_event_keeps_its_ids_on_top_and_what_json_can_carry(
    make: Make, lines: Any
) -> None:
    payload = GOOD | {"wait_s": math.nan, "order_id": 12, "tags": {"a"}, "thing": object()}
    with bind_context(market="la", pilot_id="P-1"):
        make("prod").event(Events.DELIVERY_PICKUP_COMPLETED, payload)
    kept, report = lines.read()
    assert kept["delivery_id"] == "D-99"
    assert kept["market"] == "la"
    assert kept["data"] == {"wait_s": "nan", "order_id": 12, "tags": ["a"], "thing": "<object>"}
    assert report["robot_id"] == "R-42"
    assert "order_id" not in report


def test_the_report_copies_no_value(make: Make, lines: Any) -> None:
    secret = "12 Elm Street"
    payload = GOOD | {"wait_s": secret, "loaded_by": secret, "order_id": secret, "address": secret}
    make("prod").event(Events.DELIVERY_PICKUP_COMPLETED, payload)
    assert secret.encode() not in lines.raw[1]


def test_equal_payloads_have_equal_hashes(make: Make, lines: Any) -> None:
    logger = make("prod")
    for wait in ("x", "x", "y"):
        logger.event(Events.DELIVERY_PICKUP_COMPLETED, GOOD | {"wait_s": wait})
    first, second, other = (line["data"]["sample_hash"] for line in lines.read()[1::2])
    assert first == second != other


@pytest.mark.parametrize("event", ["delivery.pickup_don", "", None, 7, ["x"], "\ud800"])
def test_an_unknown_event(make: Make, lines: Any, event: Any) -> None:
    with pytest.raises(EventRejected, match="is not a registered event"):
        make("test").event(event, GOOD)

    make("prod").event(event, GOOD)

    kept, report = lines.read()
    assert kept["evt"]["valid"] is False
    assert "version" not in kept["evt"]
    assert kept["delivery_id"] == "D-99"
    assert report["data"]["reasons"][0].startswith("is not a registered event")


def test_a_name_near_a_registered_one_gets_a_hint(make: Make) -> None:
    with pytest.raises(EventRejected, match=r"did you mean delivery\.pickup_completed\?"):
        make("test").event(cast(Events, "delivery.pickup_complete"), GOOD)


def test_a_huge_payload_does_not_pass_the_limit_of_the_transport(make: Make, lines: Any) -> None:
    payload = GOOD | {f"field_{n}": "x" * 4096 for n in range(100)}
    make("prod").event(Events.DELIVERY_PICKUP_COMPLETED, payload)
    kept, _ = lines.read()
    assert len(lines.raw[0]) < 256_000
    assert len(lines.raw[1]) < 256_000
    assert "data" not in kept


def broken(*_: object) -> Any:
    raise OSError("disk full")


def test_a_failing_write_raises_in_test(make: Make) -> None:
    with pytest.raises(OSError, match="disk full"):
        make("test", write=broken).event(Events.DELIVERY_PICKUP_COMPLETED, GOOD)


def test_a_failing_write_is_counted_told_once_and_leaves_a_gap(
    make: Make, lines: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    fails = iter([False, True, True, False])

    def write(line: bytes) -> None:
        if next(fails):
            broken()
        lines.raw.append(line)

    logger = make("prod", write=write)
    for _ in range(4):
        assert logger.event(Events.DELIVERY_PICKUP_COMPLETED, GOOD)

    assert [line["seq"] for line in lines.read()] == [1, 4]
    assert logger.lost == 2
    assert capsys.readouterr().err == (
        "robot-agent/R-42/b7f3: an event could not be written (OSError); "
        "further losses are only counted.\n"
    )


def test_a_closed_standard_error_does_not_matter(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", None)
    logger = make("prod", write=broken)
    logger.event(Events.DELIVERY_PICKUP_COMPLETED, GOOD)
    assert logger.lost == 1


@pytest.mark.parametrize("case", json.loads(SERVICE_TAGS.read_text()))
@pytest.mark.parametrize("env", ["test", "prod"])
def test_a_constant_that_the_warehouse_cannot_read_makes_no_logger(
    make: Make, lines: Any, env: str, case: dict[str, Any]
) -> None:
    constants = {"env": env, case["name"]: case["value"]}
    if "error" in case:
        with pytest.raises((TypeError, ValueError), match=f"^{re.escape(case['error'])}$"):
            make(**constants)
        return
    make(**constants).event(Events.DELIVERY_PICKUP_COMPLETED, GOOD)
    line = lines.only()
    line["host"], line["boot"] = line["emitter_id"].split("/")[1:]
    assert line[case["name"]] == case["value"]


def test_an_ordinary_log_is_as_strict_with_its_program() -> None:
    with pytest.raises(TypeError, match="version must be printable text of 1 to 128 bytes"):
        EventLogHandler(service="robot-agent", version=cast(str, 4.2))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("clock", broken),
        ("clock", lambda: datetime(2026, 1, 1)),  # noqa: DTZ001 - naive on purpose
        ("clock", lambda: datetime(1969, 1, 1, tzinfo=UTC)),
        ("clock", lambda: "noon"),
        ("entropy", broken),
        ("entropy", lambda count: b"x"),
        ("monotonic_ms", broken),
        ("monotonic_ms", lambda: "noon"),
    ],
)
def test_a_broken_source_raises_in_test_and_is_replaced_elsewhere(
    make: Make, lines: Any, source: str, value: object
) -> None:
    options = {source: value}
    with pytest.raises((OSError, TypeError)):
        make("test", **options).event(Events.DELIVERY_PICKUP_COMPLETED, GOOD)
    assert lines.raw == []

    make("prod", **options).event(Events.DELIVERY_PICKUP_COMPLETED, GOOD)

    line = lines.only()
    assert line["evt"]["valid"] is True
    assert line["occurred_at"] > "2026"
    assert len(line["event_id"]) == 36
    assert "mono_ms" not in line


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.datetimes()
    | st.builds(object),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    event=st.sampled_from(Events) | ANYTHING,
    data=st.dictionaries(st.sampled_from([*GOOD, "loaded_by", "x"]) | st.integers(), ANYTHING)
    | st.builds(lambda extra: GOOD | extra, st.dictionaries(st.sampled_from([*GOOD]), ANYTHING))
    | ANYTHING,
    context=st.dictionaries(st.sampled_from(["order_id", "market", "trace_id"]), ANYTHING),
)
def test_production_never_raises_and_every_line_is_json(
    event: Any, data: Any, context: Any
) -> None:
    raw: list[bytes] = []
    logger = EventLogger(service="s", env="prod", write=raw.append)
    with bind_context(**context):
        logger.event(event, data)
    assert logger.lost == 0
    lines = [json.loads(line) for line in raw]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["evt"]["valid"] for line in lines] in ([True], [False, True])
