"""The core in polars; msgspec decodes the lines, because polars stops at a broken one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
from polars import col

from benchmarks.peer_programs.reading import TEXTS, read, read_columns
from benchmarks.peer_programs.rules import (
    CLOCK_AHEAD_MS,
    EARLIEST_MS,
    MOST_SESSION_MS,
    OUTPUTS,
    SILENCE_MS,
    TAIL_MS,
    Rules,
)

KINDS = {**dict.fromkeys(TEXTS, pl.String), "seq": pl.Int64, "is_failure": pl.Boolean}
ORDER = ["at", "emitter_id", "seq", "event_id"]
HOUR = 3_600_000


def lines_of(paths: list[Path]) -> tuple[pl.DataFrame, Counter[str]]:
    """Runs in a process of its own, so that it gives times as numbers."""
    columns, refused = read_columns(paths)
    frame = pl.DataFrame(
        {name: pl.Series(values, dtype=KINDS[name]) for name, values in columns.items()}
    )
    times = col("occurred_at", "received_at").str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms", strict=False
    )
    return frame.with_columns(times.cast(pl.Int64)), refused


def in_hours(spans: pl.DataFrame) -> pl.DataFrame:
    """A row for each hour that a span from `began` to `ended` touches."""
    hours = pl.int_ranges(col("began") // HOUR, (col("ended") + HOUR - 1) // HOUR)
    return spans.filter(col("ended") > col("began")).with_columns(hour=hours).explode("hour")


def accepted(lines: pl.DataFrame, rules: Rules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events, each once, and the counts of other lines by reason."""
    lacks_id = pl.any_horizontal(
        col("name").is_in(names) & (col(each).is_null() | (col(each) == ""))
        for each, names in rules.names_with.items()
    )
    judged = lines.with_columns(
        reason=pl.when(col("event_id").is_null() | (col("event_id") == ""))
        .then(pl.lit("missing_event_id"))
        .when(~col("name").is_in(rules.names).fill_null(value=False))
        .then(pl.lit("unknown_event"))
        .when(col("occurred_at").is_null())
        .then(pl.lit("bad_timestamp"))
        .when(lacks_id)
        .then(pl.lit("missing_required"))
    )
    is_credible = (col("occurred_at") <= col("received_at") + CLOCK_AHEAD_MS) & (
        col("occurred_at") >= EARLIEST_MS
    )
    events = (
        judged.filter(col("reason").is_null())
        .unique("event_id", keep="first")
        .with_columns(
            at=pl.when(is_credible).then("occurred_at").otherwise("received_at"),
            ends=pl.when(col("disposition").ne_missing("retry")).then(
                col("name").replace_strict(rules.ends_delivery, default=None)
            ),
        )
        .with_columns(hour=col("at") // HOUR)
    )
    refused = judged.filter(col("reason").is_not_null()).group_by("reason")
    return events, refused.agg(line_count=pl.len().cast(pl.Int64))


def milestones_of(events: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    def first(condition: pl.Expr) -> pl.Expr:
        return col("at").filter(condition).min()

    of_delivery = events.filter(col("delivery_id").is_not_null()).sort(ORDER)
    return of_delivery.group_by("delivery_id").agg(
        col("order_id", "merchant_id").min(),
        outcome=col("ends").drop_nulls().first().fill_null("open"),
        requested_at=first(col("name") == "dispatch.requested"),
        picked_up_at=first(col("name") == rules.pickup_completed),
        ended_at=pl.coalesce(
            first(col("name") == "delivery.return_completed"), first(col("ends").is_not_null())
        ),
    )


def windows_of(events: pl.DataFrame, milestones: pl.DataFrame) -> pl.DataFrame:
    """The hours of each assignment."""
    of_dispatch = events.filter(
        col("name").is_in(["dispatch.assigned", "dispatch.unassigned"])
        & col("delivery_id").is_not_null()
        & col("robot_id").is_not_null()
    ).sort(ORDER)
    followed = of_dispatch.with_columns(
        unassigned_at=pl.when(col("name") == "dispatch.unassigned").then("at"),
        assigned_at=pl.when(col("name") == "dispatch.assigned").then("at"),
    ).with_columns(
        col("unassigned_at").shift(-1).backward_fill().over("delivery_id", "robot_id"),
        col("assigned_at").shift(-1).backward_fill().over("delivery_id"),
    )
    assigned = followed.filter(col("name") == "dispatch.assigned").join(
        milestones.select("delivery_id", "ended_at"), on="delivery_id"
    )
    next_at = col("at").sort_by("at").shift(-1).over("robot_id", order_by="at")
    tail_ended_at = pl.max_horizontal(
        "ended_at", pl.min_horizontal(col("ended_at") + TAIL_MS, next_at)
    )
    release = pl.min_horizontal(
        "unassigned_at",
        "assigned_at",
        pl.when(col("ended_at").is_not_null()).then(tail_ended_at),
        col("at") + MOST_SESSION_MS,
    )
    return in_hours(
        assigned.select(
            "robot_id", "delivery_id", began="at", ended=pl.max_horizontal("at", release)
        )
    )


def matches_of(
    events: pl.DataFrame, milestones: pl.DataFrame, windows: pl.DataFrame
) -> pl.DataFrame:
    sessions = (
        events.filter(col("name").str.starts_with("pilot.") & col("session_id").is_not_null())
        .group_by("session_id", "pilot_id")
        .agg(
            col("robot_id").min(),
            began=col("at").filter(col("name") == "pilot.session_started").min(),
            ended=col("at").filter(col("name") == "pilot.session_ended").min(),
        )
        .filter(col("began").is_not_null() & col("robot_id").is_not_null())
        .with_columns(ended=pl.min_horizontal("ended", col("began") + MOST_SESSION_MS))
    )
    piloted = in_hours(sessions).join(
        windows, on=["robot_id", "hour"], suffix="_window", how="inner"
    )
    at_merchant = in_hours(
        milestones.filter(col("requested_at").is_not_null()).select(
            "merchant_id",
            "delivery_id",
            began="requested_at",
            ended=pl.min_horizontal(
                pl.coalesce("picked_up_at", "ended_at"), col("requested_at") + MOST_SESSION_MS
            ),
        )
    )
    narrow = events.select(
        *("event_id", "at", "hour"),
        *("delivery_id", "order_id", "robot_id", "pilot_id", "merchant_id"),
    )
    in_span = (col("at") >= col("began")) & (col("at") < col("ended"))
    in_window = (col("at") >= col("began_window")) & (col("at") < col("ended_window"))

    no_delivery = narrow.filter(col("delivery_id").is_null()).drop("delivery_id")
    no_order = no_delivery.filter(col("order_id").is_null())
    no_robot = no_order.filter(col("robot_id").is_null())
    found = {
        "delivery_id": narrow.filter(col("delivery_id").is_not_null()),
        "order_id": no_delivery.join(milestones.select("order_id", "delivery_id"), on="order_id"),
        "robot_window": no_order.join(windows, on=["robot_id", "hour"]).filter(in_span),
        "pilot_session": no_robot.join(piloted, on=["pilot_id", "hour"])
        .filter(in_span & in_window)
        .unique(["event_id", "delivery_id"]),
        "merchant_window": no_robot.filter(col("pilot_id").is_null())
        .join(at_merchant, on=["merchant_id", "hour"])
        .filter(in_span),
    }
    return pl.concat(
        frame.select("event_id", "delivery_id", "at", match_method=pl.lit(method))
        for method, frame in found.items()
    )


def pieces_of(events: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """What each robot did in each hour, in milliseconds; one row per stay in a state."""
    log_end = events["at"].max()
    of_robots = events.filter(col("robot_id").is_not_null())
    changes = (
        of_robots.filter(col("name") == "robot.state_changed")
        .sort("robot_id", *ORDER)
        .select("robot_id", "at", state="to_state", n=pl.int_range(pl.len()))
    )
    signs = of_robots.filter(col("name").is_in(rules.signs_of_life))
    spaced = signs.select("robot_id", "at").sort("robot_id", "at")
    silences = spaced.with_columns(next_at=col("at").shift(-1).over("robot_id")).filter(
        col("next_at").fill_null(log_end) > col("at") + SILENCE_MS
    )
    # Of the few signs that end a silence, the first in order says whether a change did.
    ending = (
        signs.join(
            silences, left_on=["robot_id", "at"], right_on=["robot_id", "next_at"], how="semi"
        )
        .sort(ORDER)
        .group_by("robot_id", next_at="at")
        .agg(is_change=(col("name") == "robot.state_changed").first())
    )
    silent = (
        silences.sort("at")
        .join_asof(
            changes.sort("n").sort("at", maintain_order=True),
            on="at",
            by="robot_id",
            check_sortedness=False,
        )
        .filter(col("state").is_in(rules.heartbeat_states))
        .join(ending, on=["robot_id", "next_at"], how="left")
    )
    starts = pl.concat(
        [
            changes.select("robot_id", "n", "state", began="at", basis=pl.lit("reported")),
            silent.select(
                *("robot_id", "n"),
                state=pl.lit("unknown"),
                began=col("at") + SILENCE_MS,
                basis=pl.lit("silence"),
            ),
            silent.filter(~col("is_change")).select(
                "robot_id", "n", "state", began="next_at", basis=pl.lit("resumed")
            ),
        ]
    ).sort("robot_id", "began", "n", "basis")
    intervals = starts.select(
        *("robot_id", "state", "began"),
        ended=col("began").shift(-1).over("robot_id").fill_null(log_end),
    )
    robots = intervals.group_by("robot_id").agg(col("began").min(), col("ended").max())
    unobserved = pl.lit("unobserved").alias("state")
    spans = pl.concat(
        [
            intervals,
            robots.select("robot_id", unobserved, began=col("began") // HOUR * HOUR, ended="began"),
            robots.select(
                "robot_id", unobserved, began="ended", ended=-(-col("ended") // HOUR) * HOUR
            ),
        ]
    )
    began, ended = col("hour") * HOUR, (col("hour") + 1) * HOUR
    milliseconds = pl.min_horizontal("ended", ended) - pl.max_horizontal("began", began)
    return in_hours(spans).select("robot_id", "state", hour_ms=began, ms=milliseconds)


def run(landing: Path, out: Path, rules: Rules) -> None:
    """Write each of OUTPUTS into `out`, from the event files below `landing`."""
    frames, refused = read(landing, lines_of)
    events, quarantine = accepted(pl.concat(frames), rules)
    del frames
    milestones = milestones_of(events, rules)
    windows = windows_of(events, milestones)
    matches = matches_of(events, milestones, windows)
    pieces = pieces_of(events, rules)
    months = pl.concat(
        [
            pieces.filter(col("state") != "unobserved").select(
                *("robot_id", month_of("hour_ms")),
                operating_ms=pl.when(col("state").is_in(rules.operating_states))
                .then("ms")
                .otherwise(0),
                error_count=0,
            ),
            events.filter(
                col("robot_id").is_not_null() & (col("name") == "robot.error") & col("is_failure")
            ).select("robot_id", month_of("at"), operating_ms=pl.lit(0, pl.Int64), error_count=1),
        ]
    )
    tables = {
        "quarantine": pl.concat(
            [
                quarantine,
                pl.DataFrame(list(refused.items()), ["reason", "line_count"], orient="row"),
            ]
        ),
        "matches": matches,
        "sessions": matches.group_by("delivery_id")
        .agg(started_ms=col("at").min(), last_event_ms=col("at").max(), event_count=pl.len())
        .join(milestones.select("delivery_id", "outcome"), on="delivery_id"),
        "supply_hours": pieces.group_by("robot_id", "hour_ms", "state").agg(
            duration_ms=col("ms").sum()
        ),
        "mtbf": months.group_by("robot_id", "month").agg(col("operating_ms", "error_count").sum()),
    }
    for name, columns in OUTPUTS.items():
        tables[name].select(columns.split(", ")).write_parquet(out / f"{name}.parquet")


def month_of(milliseconds: str) -> pl.Expr:
    return pl.from_epoch(col(milliseconds), time_unit="ms").dt.strftime("%Y-%m").alias("month")
