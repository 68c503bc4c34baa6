"""The core in bare DuckDB: one connection in memory, one statement per step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.peer_programs.rules import (
    CLOCK_AHEAD_MS,
    EARLIEST_MS,
    MOST_SESSION_MS,
    OUTPUTS,
    SILENCE_MS,
    TAIL_MS,
    Rules,
)

TEXT = ("emitter_id", "order_id", "delivery_id", "robot_id", "merchant_id", "pilot_id")
OF_DATA = ("disposition", "to_state", "session_id")
LINE: dict[str, Any] = {
    **dict.fromkeys(("event_id", *TEXT), "VARCHAR"),
    "evt": {"name": "VARCHAR"},
    **dict.fromkeys(("occurred_at", "received_at"), "TIMESTAMP"),
    "seq": "BIGINT",
    "data": {**dict.fromkeys(OF_DATA, "VARCHAR"), "is_failure": "BOOLEAN"},
}
ORDER = "event_at, emitter_id, seq, event_id"
IN_ORDER = f"order by {ORDER}"


def hours(began: str, ended: str) -> str:
    """The hours that a span touches, one row each."""
    return f"unnest(range(date_trunc('hour', {began}), {ended}, interval 1 hour))"


def run(landing: Path, out: Path, rules: Rules) -> None:
    """Write each of OUTPUTS into `out`, from the event files below `landing`."""

    def ms(count: int) -> str:
        return f"interval {count} millisecond"

    of_line = [f"line.{name}" for name in LINE if name not in ("evt", "data")]
    taken = ", ".join([*of_line, "line.evt.name", *(f"line.data.{name}" for name in LINE["data"])])
    missing = " or ".join(
        f"(line.evt.name in ({str(names)[1:-1]}) and nullif(line.{each}, '') is null)"
        for each, names in rules.names_with.items()
    )
    outcomes = " ".join(f"when '{name}' then '{end}'" for name, end in rules.ends_delivery.items())
    steps = f"""
create table lines as
select {taken},
    case
        when json is null then 'malformed'
        when text[1] <> '{{' then 'not_an_object'
        when nullif(line.event_id, '') is null then 'missing_event_id'
        when line.evt.name is null or line.evt.name not in {tuple(rules.names)}
            then 'unknown_event'
        when line.occurred_at is null then 'bad_timestamp'
        when {missing} then 'missing_required'
    end as reason
from (
    select *, cast(json as varchar) as text, from_json(json, '{json.dumps(LINE)}') as line
    from read_ndjson_objects(
        '{landing}/**/*.ndjson.gz', ignore_errors = true, hive_partitioning = false
    )
);
create table quarantine as
select reason, count(*) as line_count from lines where reason is not null group by reason;

create table events as
with accepted as (
    select * exclude (reason, occurred_at),
        case when occurred_at > received_at + {ms(CLOCK_AHEAD_MS)}
            or occurred_at < make_timestamp_ms({EARLIEST_MS}) then received_at else occurred_at
        end as event_at,
        date_trunc('hour', event_at) as hour,
        case when coalesce(disposition, '') <> 'retry' then case name {outcomes} end end as ends
    from lines where reason is null
), repeated as (select event_id from accepted group by event_id having count(*) > 1)
select * from accepted anti join repeated using (event_id)
union all
(
    -- The copy that arrived first: its time of receipt says whether to believe a clock.
    select distinct on (event_id) * from accepted semi join repeated using (event_id)
    order by event_id, received_at
);
drop table lines;

create table milestones as
with ordered as (
    select *,
        row_number() over (partition by delivery_id order by ends is null, {ORDER}) as n
    from events where delivery_id is not null
)
select delivery_id, min(order_id) as order_id, min(merchant_id) as merchant_id,
    coalesce(max(ends) filter (n = 1), 'open') as outcome,
    min(event_at) filter (name = 'dispatch.requested') as requested_at,
    min(event_at) filter (name = '{rules.pickup_completed}') as picked_up_at,
    coalesce(
        min(event_at) filter (name = 'delivery.return_completed'),
        min(event_at) filter (ends is not null)
    ) as ended_at
from ordered group by delivery_id;

create table windows as
with followed as (
    select *,
        min(event_at) filter (name = 'dispatch.unassigned') over (partition by delivery_id, robot_id
            {IN_ORDER} rows between 1 following and unbounded following) as unassigned_at,
        min(event_at) filter (name = 'dispatch.assigned') over (partition by delivery_id
            {IN_ORDER} rows between 1 following and unbounded following) as reassigned_at
    from events
    where name in ('dispatch.assigned', 'dispatch.unassigned')
        and delivery_id is not null and robot_id is not null
),
assigned as (
    select *, lead(event_at) over (partition by robot_id order by event_at) as next_at
    from followed inner join milestones using (delivery_id) where name = 'dispatch.assigned'
)
select robot_id, delivery_id, event_at as began, greatest(event_at, least(
    unassigned_at, reassigned_at, event_at + {ms(MOST_SESSION_MS)},
    greatest(ended_at, least(ended_at + {ms(TAIL_MS)}, next_at))
)) as ended, {hours("began", "ended")} as hour
from assigned;

create table piloted as
with sessions as (
    select pilot_id, min(robot_id) as robot_id,
        min(event_at) filter (name = 'pilot.session_started') as began,
        greatest(began, least(
            min(event_at) filter (name = 'pilot.session_ended'), began + {ms(MOST_SESSION_MS)}
        )) as ended
    from events where name like 'pilot.%' and session_id is not null
    group by session_id, pilot_id having began is not null and min(robot_id) is not null
)
select *, {hours("began", "ended")} as hour from sessions;

create table at_merchant as
select merchant_id, delivery_id, requested_at as began, least(
    coalesce(picked_up_at, ended_at), requested_at + {ms(MOST_SESSION_MS)}
) as ended, {hours("began", "ended")} as hour
from milestones where requested_at is not null and merchant_id is not null;

create table matches as
select event_id, delivery_id, event_at, 'delivery_id' as match_method
from events where delivery_id is not null
union all
select event_id, m.delivery_id, event_at, 'order_id'
from events e inner join milestones m using (order_id) where e.delivery_id is null
union all
select event_id, w.delivery_id, event_at, 'robot_window'
from events e inner join windows w using (robot_id, hour)
where e.delivery_id is null and order_id is null and event_at >= began and event_at < ended
union all
select distinct event_id, w.delivery_id, event_at, 'pilot_session'
from events e inner join piloted p using (pilot_id, hour)
inner join windows w on p.robot_id = w.robot_id and e.hour = w.hour
where e.delivery_id is null and order_id is null and e.robot_id is null
    and event_at >= p.began and event_at < p.ended and event_at >= w.began and event_at < w.ended
union all
select event_id, w.delivery_id, event_at, 'merchant_window'
from events e inner join at_merchant w using (merchant_id, hour)
where e.delivery_id is null and order_id is null and robot_id is null and pilot_id is null
    and event_at >= began and event_at < ended;

create table sessions as
select delivery_id, outcome, count(*) as event_count,
    epoch_ms(min(event_at)) as started_ms, epoch_ms(max(event_at)) as last_event_ms
from matches inner join milestones using (delivery_id) group by delivery_id, outcome;

create table changes as
select robot_id, event_at, to_state, to_state in {tuple(rules.heartbeat_states)} as must_be_heard,
    row_number() over (partition by robot_id {IN_ORDER}) as n
from events where name = 'robot.state_changed' and robot_id is not null;

create table silences as
with signs as (
    select robot_id, event_at, lead(event_at) over signs as next_at,
        lead(name = 'robot.state_changed') over signs as is_change
    from events where name in {tuple(rules.signs_of_life)} and robot_id is not null
    window signs as (partition by robot_id {IN_ORDER})
), silences as (
    select * from signs
    where coalesce(next_at, (select max(event_at) from events)) > event_at + {ms(SILENCE_MS)}
), last_changes as (select robot_id, event_at, max(n) as n from changes group by robot_id, event_at)
select s.robot_id, c.n, s.event_at + {ms(SILENCE_MS)} as began, next_at, is_change
from silences s asof join last_changes l on s.robot_id = l.robot_id and s.event_at >= l.event_at
inner join changes c on c.robot_id = l.robot_id and c.n = l.n where must_be_heard;

create table pieces as
with starts as (
    select robot_id, n, event_at as began, 'reported' as basis, to_state as state from changes
    union all select robot_id, n, began, 'silence', 'unknown' from silences
    union all select robot_id, n, next_at, 'resumed', to_state
    from silences inner join changes using (robot_id, n) where next_at is not null and not is_change
), intervals as (
    select robot_id, state, began, coalesce(
        lead(began) over (partition by robot_id order by began, n, basis),
        (select max(event_at) from events)
    ) as ended from starts
), ends as (
    select robot_id, min(began) as began, max(ended) as ended from intervals group by robot_id
), spans as (
    from intervals where ended > began
    union all select robot_id, 'unobserved', date_trunc('hour', began), began from ends
    union all select robot_id, 'unobserved', ended, date_trunc('hour', ended) + interval 1 hour
    from ends where ended > date_trunc('hour', ended)
), in_hours as (select *, {hours("began", "ended")} as hour from spans)
select robot_id, state, hour,
    epoch_ms(least(ended, hour + interval 1 hour)) - epoch_ms(greatest(began, hour)) as ms
from in_hours where ended > began;

create table supply_hours as
select robot_id, epoch_ms(hour) as hour_ms, state, cast(sum(ms) as bigint) as duration_ms
from pieces group by robot_id, hour, state;

create table mtbf as
with months as (
    select robot_id, strftime(hour, '%Y-%m') as month, 0 as errors,
        case when state in {tuple(rules.operating_states)} then ms else 0 end as ms
    from pieces where state <> 'unobserved'
    union all
    select robot_id, strftime(event_at, '%Y-%m'), 1, 0 from events
    where robot_id is not null and name = 'robot.error' and is_failure
)
select robot_id, month, cast(sum(ms) as bigint) as operating_ms,
    cast(sum(errors) as bigint) as error_count
from months group by robot_id, month;
"""
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(steps)
        for name, columns in OUTPUTS.items():
            connection.execute(
                f"copy (select {columns} from {name}) to '{out / name}.parquet' (format parquet)"
            )
