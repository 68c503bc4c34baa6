"""The core in chDB, which is ClickHouse in this process; an empty text stands for none."""

from __future__ import annotations

import tempfile
from pathlib import Path

from chdb.session import Session

from benchmarks.peer_programs.rules import (
    CLOCK_AHEAD_MS,
    EARLIEST_MS,
    MOST_SESSION_MS,
    OUTPUTS,
    SILENCE_MS,
    TAIL_MS,
    Rules,
)

TEXTS = ("event_id", "emitter_id", "order_id", "delivery_id", "robot_id", "merchant_id", "pilot_id")
OF_DATA = ("disposition", "to_state", "session_id")
LINE = (
    ", ".join(f"{name} String" for name in (*TEXTS, "occurred_at", "received_at"))
    + ", seq Int64, evt Tuple(name String), data Tuple(is_failure Bool, "
    + ", ".join(f"{name} String" for name in OF_DATA)
    + ")"
)
TAKEN = ", ".join(
    [
        *(f"line.{name} as {name}" for name in (*TEXTS, "seq")),
        *(f"line.data.{name} as {name}" for name in (*OF_DATA, "is_failure")),
    ]
)
IN_ORDER = "order by at, emitter_id, seq, event_id"
HOUR = 3_600_000


def hours(began: str, ended: str) -> str:
    """The hours that a span touches, one row each."""
    return f"arrayJoin(range(intDiv({began}, {HOUR}), intDiv({ended} + {HOUR} - 1, {HOUR})))"


def first(condition: str) -> str:
    """The time of the first event for which a condition holds, or NULL."""
    return f"minOrNullIf(at, {condition})"


def tables(landing: Path, rules: Rules) -> dict[str, str]:
    """The query of each table, in the order in which they are made."""
    missing = " or ".join(
        f"(name in ({str(names)[1:-1]}) and {each} = '')"
        for each, names in rules.names_with.items()
    )
    ends = str([list(pair) for pair in zip(*rules.ends_delivery.items(), strict=True)])[1:-1]
    milliseconds = "toUnixTimestamp64Milli(parseDateTime64BestEffortOrNull(line.{}, 3, 'UTC'))"
    return {
        "lines": f"""
            select {TAKEN}, line.evt.name as name,
                {milliseconds.format("occurred_at")} as occurred_ms,
                {milliseconds.format("received_at")} as received_ms,
                multiIf(
                    not startsWith(text, '{{'),
                    if(isValidJSON(text), 'not_an_object', 'malformed'),
                    event_id = '' and not isValidJSON(text), 'malformed',
                    event_id = '', 'missing_event_id',
                    name not in {tuple(rules.names)}, 'unknown_event',
                    occurred_ms is null, 'bad_timestamp',
                    {missing}, 'missing_required',
                    ''
                ) as reason
            from (
                select text, JSONExtract(text, 'Tuple({LINE})') as line
                from file('{landing}/**/*.ndjson.gz', 'LineAsString', 'text String')
            )
        """,
        "quarantine": """
            select reason, toInt64(count()) as line_count from lines
            where reason <> '' group by reason
        """,
        "events": f"""
            with repeated as (
                select event_id from lines where reason = '' group by event_id having count() > 1
            ), accepted as (
                select * from lines where reason = '' and event_id not in repeated
                union all
                -- The copy that arrived first: its time of receipt says whether to believe a clock.
                select * from (
                    select * from lines where reason = '' and event_id in repeated
                    order by received_ms limit 1 by event_id
                )
            )
            select * except (occurred_ms, received_ms, reason),
                assumeNotNull(if(
                    occurred_ms > received_ms + {CLOCK_AHEAD_MS} or occurred_ms < {EARLIEST_MS},
                    received_ms, occurred_ms
                )) as at,
                intDiv(at, {HOUR}) as hour,
                if(disposition = 'retry', '', transform(name, {ends}, '')) as ends
            from accepted
        """,
        "milestones": f"""
            select delivery_id, minIf(order_id, order_id <> '') as order_id,
                minIf(merchant_id, merchant_id <> '') as merchant_id,
                argMinIf(ends, (at, emitter_id, seq, event_id), ends <> '') as end,
                if(end = '', 'open', end) as outcome,
                {first("name = 'dispatch.requested'")} as requested_at,
                {first(f"name = '{rules.pickup_completed}'")} as picked_up_at,
                coalesce(
                    {first("name = 'delivery.return_completed'")}, {first("ends <> ''")}
                ) as ended_at
            from events where delivery_id <> '' group by delivery_id
        """,
        "windows": f"""
            with followed as (
                select *,
                    min(if(name = 'dispatch.unassigned', at, null)) over (
                        partition by delivery_id, robot_id {IN_ORDER}
                        rows between 1 following and unbounded following
                    ) as unassigned_at,
                    min(if(name = 'dispatch.assigned', at, null)) over (
                        partition by delivery_id {IN_ORDER}
                        rows between 1 following and unbounded following
                    ) as reassigned_at
                from events
                where name in ('dispatch.assigned', 'dispatch.unassigned')
                    and delivery_id <> '' and robot_id <> ''
            )
            , assigned as (
                select *,
                    min(at) over (
                        partition by robot_id order by at rows between 1 following and 1 following
                    ) as next_at
                from followed inner join (select delivery_id, ended_at from milestones) as m
                    using (delivery_id)
                where name = 'dispatch.assigned'
            )
            select robot_id, delivery_id, at as began,
                at + {MOST_SESSION_MS} as capped_at,
                if(next_at = 0, capped_at, next_at) as left_at,
                greatest(at, least(
                    coalesce(unassigned_at, capped_at), coalesce(reassigned_at, capped_at),
                    coalesce(
                        greatest(ended_at, least(ended_at + {TAIL_MS}, left_at)), capped_at
                    ),
                    capped_at
                )) as ended,
                {hours("began", "ended")} as hour
            from assigned
        """,
        "piloted": f"""
            with sessions as (
                select pilot_id, minIf(robot_id, robot_id <> '') as robot,
                    {first("name = 'pilot.session_started'")} as started_at,
                    {first("name = 'pilot.session_ended'")} as ended_at
                from events where startsWith(name, 'pilot.') and session_id <> ''
                group by session_id, pilot_id having started_at is not null and robot <> ''
            )
            select pilot_id, robot as robot_id, assumeNotNull(started_at) as began,
                least(coalesce(ended_at, began + {MOST_SESSION_MS}), began + {MOST_SESSION_MS})
                    as ended,
                {hours("began", "ended")} as hour
            from sessions
        """,
        "at_merchant": f"""
            select merchant_id, delivery_id, assumeNotNull(requested_at) as began,
                least(
                    coalesce(picked_up_at, ended_at, began + {MOST_SESSION_MS}),
                    began + {MOST_SESSION_MS}
                ) as ended,
                {hours("began", "ended")} as hour
            from milestones where requested_at is not null and merchant_id <> ''
        """,
        "matches": """
            select event_id, delivery_id, at, 'delivery_id' as match_method
            from events where delivery_id <> ''
            union all
            select event_id, m.delivery_id, at, 'order_id'
            from events as e inner join milestones as m on e.order_id = m.order_id
            where e.delivery_id = '' and e.order_id <> ''
            union all
            select event_id, w.delivery_id, at, 'robot_window'
            from (
                select event_id, at, robot_id, hour from events
                where delivery_id = '' and order_id = '' and robot_id <> ''
            ) as e inner join windows as w on e.robot_id = w.robot_id and e.hour = w.hour
            where at >= began and at < ended
            union all
            select distinct event_id, w.delivery_id, at, 'pilot_session'
            from (
                select event_id, at, pilot_id, hour from events
                where delivery_id = '' and order_id = '' and robot_id = '' and pilot_id <> ''
            ) as e
            inner join piloted as p on e.pilot_id = p.pilot_id and e.hour = p.hour
            inner join windows as w on p.robot_id = w.robot_id and e.hour = w.hour
            where at >= p.began and at < p.ended and at >= w.began and at < w.ended
            union all
            select event_id, w.delivery_id, at, 'merchant_window'
            from (
                select event_id, at, merchant_id, hour from events
                where delivery_id = '' and order_id = '' and robot_id = '' and pilot_id = ''
                    and merchant_id <> ''
            ) as e inner join at_merchant as w on e.merchant_id = w.merchant_id and e.hour = w.hour
            where at >= began and at < ended
        """,
        "sessions": """
            select delivery_id, outcome, min(at) as started_ms, max(at) as last_event_ms,
                toInt64(count()) as event_count
            from matches inner join (select delivery_id, outcome from milestones) as m
                using (delivery_id)
            group by delivery_id, outcome
        """,
        "changes": f"""
            select robot_id, at, to_state, to_state in {tuple(rules.heartbeat_states)} as is_heard,
                toInt64(row_number() over (partition by robot_id {IN_ORDER})) as n
            from events where name = 'robot.state_changed' and robot_id <> ''
        """,
        "silences": f"""
            with (select max(at) from events) as log_end, signs as (
                select robot_id, at, lead(toNullable(at)) over (
                    partition by robot_id order by at
                ) as next_at
                from events where name in {tuple(rules.signs_of_life)} and robot_id <> ''
            ), silences as (
                select * from signs where coalesce(next_at, log_end) > at + {SILENCE_MS}
            ), ending as (
                select robot_id, at, argMin(name, (emitter_id, seq, event_id)) as first_name
                from events
                where name in {tuple(rules.signs_of_life)}
                    and (robot_id, at) in (
                        select robot_id, assumeNotNull(next_at) from silences
                        where next_at is not null
                    )
                group by robot_id, at
            ), last_changes as (select robot_id, at, max(n) as n from changes group by robot_id, at)
            select s.robot_id as robot_id, l.n as n, s.at + {SILENCE_MS} as began,
                s.next_at as next_at, e.first_name = 'robot.state_changed' as is_change
            from silences as s
            asof join last_changes as l on s.robot_id = l.robot_id and s.at >= l.at
            inner join changes as c on c.robot_id = s.robot_id and c.n = l.n
            left join ending as e on e.robot_id = s.robot_id and e.at = s.next_at
            where c.is_heard
        """,
        "pieces": f"""
            with (select max(at) from events) as log_end, starts as (
                select robot_id, n, at as began, 'reported' as basis, to_state as state
                from changes
                union all
                select robot_id, n, began, 'silence', 'unknown' from silences
                union all
                select s.robot_id, s.n, assumeNotNull(next_at), 'resumed', to_state
                from silences as s
                inner join changes as c on s.robot_id = c.robot_id and s.n = c.n
                where next_at is not null and not is_change
            ), intervals as (
                select robot_id, state, began, assumeNotNull(coalesce(
                    lead(toNullable(began)) over (
                        partition by robot_id order by began, n, basis
                    ),
                    log_end
                )) as ended
                from starts
            ), robots as (
                select robot_id, min(began) as first_at, max(ended) as last_at
                from intervals group by robot_id
            ), spans as (
                select robot_id, state, began, ended from intervals
                union all
                select robot_id, 'unobserved', intDiv(first_at, {HOUR}) * {HOUR}, first_at
                from robots
                union all
                select robot_id, 'unobserved', last_at,
                    intDiv(last_at + {HOUR} - 1, {HOUR}) * {HOUR}
                from robots
            )
            select robot_id, state, {hours("began", "ended")} as hour,
                least(ended, (hour + 1) * {HOUR}) - greatest(began, hour * {HOUR}) as ms
            from spans where ended > began
        """,
        "supply_hours": f"""
            select robot_id, toInt64(hour * {HOUR}) as hour_ms, state, sum(ms) as duration_ms
            from pieces group by robot_id, hour, state
        """,
        "mtbf": f"""
            with months as (
                select robot_id, toInt64(hour * {HOUR}) as month_at, toInt64(0) as errors,
                    toInt64(if(state in {tuple(rules.operating_states)}, ms, 0)) as operating
                from pieces where state <> 'unobserved'
                union all
                select robot_id, at, 1, 0 from events
                where robot_id <> '' and name = 'robot.error' and is_failure
            )
            select robot_id,
                formatDateTime(fromUnixTimestamp64Milli(month_at, 'UTC'), '%Y-%m') as month,
                sum(operating) as operating_ms, sum(errors) as error_count
            from months group by robot_id, month
        """,
    }


def run(landing: Path, out: Path, rules: Rules) -> None:
    """Write each of OUTPUTS into `out`, from the event files below `landing`."""
    with tempfile.TemporaryDirectory() as folder, Session(folder) as session:
        session.query("create database core")
        session.query("use core")
        session.query("set join_use_nulls = 1")
        for name, query in tables(landing, rules).items():
            session.query(f"create table {name} engine = Memory as {query}")
        session.query("drop table lines")
        for name, columns in OUTPUTS.items():
            path = out / f"{name}.parquet"
            path.unlink(missing_ok=True)
            session.query(f"select {columns} from {name} into outfile '{path}' format Parquet")
