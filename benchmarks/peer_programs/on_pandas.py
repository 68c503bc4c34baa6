"""The core in pandas; msgspec decodes the lines. Times are floats, in which NaN stands for none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

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

ORDER = ["at", "emitter_id", "seq", "event_id"]
HOUR = 3_600_000


def lines_of(paths: list[Path]) -> tuple[pd.DataFrame, Counter[str]]:
    """Runs in a process of its own, so that it gives times as numbers."""
    columns, refused = read_columns(paths)
    frame = pd.DataFrame({name: pd.array(columns[name], dtype="str") for name in TEXTS})
    frame["seq"] = pd.array(columns["seq"], dtype="float64")
    frame["is_failure"] = [value is True for value in columns["is_failure"]]
    for name in ("occurred_at", "received_at"):
        times = pd.to_datetime(frame[name], format="%Y-%m-%dT%H:%M:%S.%fZ", errors="coerce")
        milliseconds = times.to_numpy("datetime64[ms]")
        frame[name] = np.where(
            np.isnat(milliseconds), np.nan, milliseconds.astype("int64").astype("float64")
        )
    return frame, refused


def in_hours(spans: pd.DataFrame) -> pd.DataFrame:
    """A row for each hour that a span from `began` to `ended` touches."""
    spans = spans[spans["ended"] > spans["began"]]
    firsts = (spans["began"] // HOUR).to_numpy("int64")
    counts = np.ceil(spans["ended"] / HOUR).to_numpy("int64") - firsts
    rows = spans.loc[spans.index.repeat(counts)].reset_index(drop=True)
    ends = counts.cumsum()
    rows["hour"] = (
        np.arange(len(rows)) - np.repeat(ends - counts, counts) + np.repeat(firsts, counts)
    )
    return rows


def first_of(events: pd.DataFrame, key: str, condition: pd.Series[bool]) -> pd.Series[float]:
    """The time of the first event of each key for which a condition holds."""
    return events.loc[condition].groupby(key)["at"].min()


def accepted(lines: pd.DataFrame, rules: Rules) -> tuple[pd.DataFrame, Counter[str]]:
    """Events, each once, and the counts of other lines by reason."""
    texts = {name: lines[name].where(lines[name] != "") for name in rules.names_with}
    lacks_id = np.zeros(len(lines), dtype=bool)
    for each, names in rules.names_with.items():
        lacks_id |= lines["name"].isin(names).to_numpy() & texts[each].isna().to_numpy()
    reasons = np.select(
        [
            lines["event_id"].fillna("").eq("").to_numpy(),
            ~lines["name"].isin(rules.names).to_numpy(),
            lines["occurred_at"].isna().to_numpy(),
            lacks_id,
        ],
        ["missing_event_id", "unknown_event", "bad_timestamp", "missing_required"],
        "",
    )
    events = lines[reasons == ""].drop_duplicates("event_id")
    occurred, received = events["occurred_at"], events["received_at"]
    is_credible = (occurred <= received + CLOCK_AHEAD_MS) & (occurred >= EARLIEST_MS)
    at = occurred.where(is_credible, received)
    ends = events["name"].map(rules.ends_delivery).where(events["disposition"] != "retry")
    events = events.assign(at=at, hour=(at // HOUR).astype("int64"), ends=ends)
    refused = reasons[reasons != ""]
    return events.drop(columns=["occurred_at", "received_at"]), Counter(refused.tolist())


def milestones_of(events: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    of_delivery = events[events["delivery_id"].notna()].sort_values(ORDER)
    name, key = of_delivery["name"], "delivery_id"
    ids = of_delivery.groupby(key)[["order_id", "merchant_id", "ends"]].first()
    returned_at = first_of(of_delivery, key, name == "delivery.return_completed")
    ended_at = first_of(of_delivery, key, of_delivery["ends"].notna())
    return ids.assign(
        outcome=ids["ends"].fillna("open"),
        requested_at=first_of(of_delivery, key, name == "dispatch.requested"),
        picked_up_at=first_of(of_delivery, key, name == rules.pickup_completed),
        ended_at=returned_at.reindex(ids.index).fillna(ended_at),
    ).reset_index()


def windows_of(events: pd.DataFrame, milestones: pd.DataFrame) -> pd.DataFrame:
    """The hours of each assignment."""
    names = ["dispatch.assigned", "dispatch.unassigned"]
    found = events[
        events["name"].isin(names) & events["delivery_id"].notna() & events["robot_id"].notna()
    ].sort_values(ORDER)
    for name, keys in zip(names, (["delivery_id"], ["delivery_id", "robot_id"]), strict=True):
        # The next of its kind, which is looked for after each event itself.
        found[name] = found["at"].where(found["name"] == name)
        by = [found[key] for key in keys]
        found[name] = found[name].groupby(by).shift(-1).groupby(by).bfill()
    found = found[found["name"] == "dispatch.assigned"].merge(
        milestones[["delivery_id", "ended_at"]], on="delivery_id"
    )
    found = found.sort_values("at")
    next_at = found.groupby("robot_id")["at"].shift(-1)
    cut = pd.concat([found["ended_at"] + TAIL_MS, next_at], axis=1).min(axis=1)
    releases = pd.concat(
        [
            *(found[name] for name in names),
            np.maximum(found["ended_at"], cut),
            found["at"] + MOST_SESSION_MS,
        ],
        axis=1,
    )
    found = found.assign(began=found["at"], ended=np.maximum(found["at"], releases.min(axis=1)))
    return in_hours(found[["robot_id", "delivery_id", "began", "ended"]])


def matches_of(
    events: pd.DataFrame, milestones: pd.DataFrame, windows: pd.DataFrame
) -> pd.DataFrame:
    of_pilots = events[events["name"].str.startswith("pilot.") & events["session_id"].notna()]
    by = ["session_id", "pilot_id"]
    sessions = of_pilots.groupby(by)[["robot_id"]].min()
    for column, name in (("began", "pilot.session_started"), ("ended", "pilot.session_ended")):
        sessions[column] = of_pilots[of_pilots["name"] == name].groupby(by)["at"].min()
    sessions = sessions.reset_index().dropna(subset=["began", "robot_id"])
    sessions["ended"] = np.fmin(sessions["ended"], sessions["began"] + MOST_SESSION_MS)
    piloted = in_hours(sessions).merge(windows, on=["robot_id", "hour"], suffixes=("", "_window"))
    latest = milestones["requested_at"] + MOST_SESSION_MS
    collected = milestones["picked_up_at"].fillna(milestones["ended_at"])
    requested = milestones.assign(
        began=milestones["requested_at"], ended=np.fmin(collected, latest)
    ).dropna(subset=["began", "merchant_id"])
    at_merchant = in_hours(requested[["merchant_id", "delivery_id", "began", "ended"]])

    ids = ["delivery_id", "order_id", "robot_id", "pilot_id", "merchant_id"]
    left = events[["event_id", "at", "hour", *ids]]
    has = {name: left[name].notna().to_numpy() for name in ids}

    def matched(frame: pd.DataFrame, method: str) -> pd.DataFrame:
        spans = [name for name in ("", "_window") if f"began{name}" in frame]
        for span in spans:
            at = frame["at"]
            frame = frame[(at >= frame[f"began{span}"]) & (at < frame[f"ended{span}"])]
        found = frame[["event_id", "delivery_id", "at"]].assign(match_method=method)
        return found.drop_duplicates() if method == "pilot_session" else found

    free = left.drop(columns="delivery_id")
    no_order = ~has["delivery_id"] & ~has["order_id"]
    no_robot = no_order & ~has["robot_id"]
    of_order = free[~has["delivery_id"] & has["order_id"]]
    of_robot, of_pilot = free[no_order & has["robot_id"]], free[no_robot & has["pilot_id"]]
    of_merchant = free[no_robot & ~has["pilot_id"] & has["merchant_id"]]
    orders = milestones[["order_id", "delivery_id"]].dropna()
    robot_windows = of_robot[["event_id", "at", "hour", "robot_id"]]
    return pd.concat(
        [
            matched(left[has["delivery_id"]], "delivery_id"),
            matched(of_order.merge(orders, on="order_id"), "order_id"),
            matched(robot_windows.merge(windows, on=["robot_id", "hour"]), "robot_window"),
            matched(
                of_pilot.drop(columns="robot_id").merge(piloted, on=["pilot_id", "hour"]),
                "pilot_session",
            ),
            matched(of_merchant.merge(at_merchant, on=["merchant_id", "hour"]), "merchant_window"),
        ]
    )


def pieces_of(events: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """What each robot did in each hour, in milliseconds; one row per stay in a state."""
    log_end = events["at"].max()
    of_robots = events[events["robot_id"].notna()]
    changes = of_robots[of_robots["name"] == "robot.state_changed"].sort_values(ORDER)
    changes = changes.assign(n=np.arange(len(changes)))[["robot_id", "at", "to_state", "n"]]
    changes = changes.rename(columns={"to_state": "state"})
    signs = of_robots[of_robots["name"].isin(rules.signs_of_life)]
    silences = signs[["robot_id", "at"]].sort_values("at")
    silences["next_at"] = silences.groupby("robot_id")["at"].shift(-1)
    silences = silences[silences["next_at"].fillna(log_end) > silences["at"] + SILENCE_MS]
    # Of the few signs that end a silence, the first in order says whether a change did.
    ending = signs[signs["at"].isin(silences["next_at"])].sort_values(ORDER)
    ending = ending.drop_duplicates(["robot_id", "at"])[["robot_id", "at", "name"]]
    silences = pd.merge_asof(silences, changes, on="at", by="robot_id")
    silences = silences[silences["state"].isin(rules.heartbeat_states)].merge(
        ending.rename(columns={"at": "next_at"}), on=["robot_id", "next_at"], how="left"
    )
    resumed = silences[
        silences["next_at"].notna() & (silences["name"].fillna("") != "robot.state_changed")
    ]
    starts = pd.concat(
        [
            changes.assign(began=changes["at"], basis="reported"),
            silences.assign(began=silences["at"] + SILENCE_MS, basis="silence", state="unknown"),
            resumed.assign(began=resumed["next_at"], basis="resumed"),
        ]
    ).sort_values(["began", "n", "basis"])
    starts["ended"] = starts.groupby("robot_id")["began"].shift(-1).fillna(log_end)
    robots = starts.groupby("robot_id").agg(first=("began", "min"), last=("ended", "max"))
    robots = robots.reset_index().assign(state="unobserved")
    spans = pd.concat(
        [
            starts,
            robots.assign(began=robots["first"] // HOUR * HOUR, ended=robots["first"]),
            robots.assign(began=robots["last"], ended=np.ceil(robots["last"] / HOUR) * HOUR),
        ],
        ignore_index=True,
    )
    pieces = in_hours(spans[["robot_id", "state", "began", "ended"]])
    began = pieces["hour"] * HOUR
    ms = np.minimum(pieces["ended"], began + HOUR) - np.maximum(pieces["began"], began)
    return pieces.assign(hour_ms=began, ms=ms.astype("int64"))


def run(landing: Path, out: Path, rules: Rules) -> None:
    """Write each of OUTPUTS into `out`, from the event files below `landing`."""
    frames, refused = read(landing, lines_of)
    events, quarantine = accepted(pd.concat(frames, ignore_index=True), rules)
    del frames
    milestones = milestones_of(events, rules)
    matches = matches_of(events, milestones, windows_of(events, milestones))
    pieces = pieces_of(events, rules)
    is_failure = (events["name"] == "robot.error") & events["is_failure"]
    errors = events[events["robot_id"].notna() & is_failure]

    sessions = matches.groupby("delivery_id")["at"].agg(["min", "max", "size"]).reset_index()
    sessions.columns = pd.Index(["delivery_id", "started_ms", "last_event_ms", "event_count"])
    sessions = sessions.merge(milestones[["delivery_id", "outcome"]], on="delivery_id")
    observed = pieces[pieces["state"] != "unobserved"]
    is_operating = observed["state"].isin(rules.operating_states)
    months = pd.concat(
        [
            observed[["robot_id"]].assign(
                at=observed["hour_ms"], operating_ms=observed["ms"] * is_operating, error_count=0
            ),
            errors[["robot_id", "at"]].assign(operating_ms=0, error_count=1),
        ]
    )
    month = pd.to_datetime(months["at"], unit="ms").dt.strftime("%Y-%m").rename("month")
    sums = months.groupby(["robot_id", month])[["operating_ms", "error_count"]].sum()
    by_state = pieces.groupby(["robot_id", "hour_ms", "state"])["ms"].sum().rename("duration_ms")
    tables = {
        "quarantine": pd.DataFrame(
            (refused + quarantine).items(), columns=["reason", "line_count"]
        ),
        "matches": matches,
        "sessions": sessions.astype({"started_ms": "int64", "last_event_ms": "int64"}),
        "supply_hours": by_state.reset_index(),
        "mtbf": sums.reset_index(),
    }
    for name, columns in OUTPUTS.items():
        tables[name][columns.split(", ")].to_parquet(out / f"{name}.parquet", index=False)
