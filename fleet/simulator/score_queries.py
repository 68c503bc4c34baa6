"""What `fleet score` asks: the marts against the simulator's truth, and what explains a miss."""

# What is read of each file of the ground truth.
TRUTH = {
    "events": "event_id, event_name, emitter_id, seq, order_id, delivery_id, robot_id, pilot_id, "
    "true_at, clock_offset_seconds, is_lost, is_malformed, is_damaged, is_silenced, "
    "is_duplicated, is_late",
    "memberships": "event_id, delivery_id, relation",
    "work": "delivery_id, robot_id, began_at, ended_at",
    "state_hours": "robot_id, hour_at, state, reason, duration_ms, dispatchable_ms",
    "outages": "robot_id, cause, state_before, began_at, ended_at, event_ids",
    "deliveries": "delivery_id, order_ids, outcome, cause, ended_at, robot_ids, tries, "
    "has_typed_reason",
}

# Every event that happened, with the id under which the log has it: a line that came without its
# event_id may have got another one. No id: it was lost before the log, and nobody can know of it.
EVENTS = """
create temporary table events as
select
    truth.*,
    logged.event_id as logged_id,
    logged.event_at at time zone 'UTC' as event_at,
    {uncertainty} as uncertainty_ms,
    logged.event_id is not null as is_logged,
    abs(date_diff('millisecond', truth.true_at, logged.event_at at time zone 'UTC')) as off_ms,
    case
        when logged.event_id is not null then null
        when truth.is_silenced then 'lost before the log: robot silent'
        when truth.is_lost then 'lost before the log: line lost'
        else 'lost before the log: line unusable'
    end as loss
from true_events as truth
left join fleet_staging.stg_event_log__events as logged
    on truth.emitter_id = logged.emitter_id and truth.seq = logged.seq
"""

# The time that the log has of each event: how far from the true one, whether the margin that is
# stated holds, and whether events of an emitter are in another order than it logged them.
TIMES = """
with

logged as (
    select
        off_ms,
        uncertainty_ms,
        event_at < lag(event_at) over (partition by emitter_id order by seq) as is_disordered
    from events
    where is_logged
)

select
    count(*),
    count(*) filter (off_ms <= 1000 * {seconds}),
    coalesce(quantile_disc(off_ms, 0.99), 0) / 1000.0,
    coalesce(max(off_ms), 0) / 1000.0,
    count(*) filter (is_disordered),
    count(*) filter (off_ms <= uncertainty_ms) / nullif(count(uncertainty_ms), 0)
from logged
"""

# What befell the lines that name a delivery.
FATES = """
create temporary table fates as
select
    events.delivery_id,
    bool_or(not is_logged) as has_lost_line,
    bool_or(not is_logged and events.event_name = 'dispatch.assigned') as has_lost_assignment,
    bool_or(
        not is_logged
        and (registry.ends_delivery is not null
            or events.event_name in ('delivery.return_completed', 'dispatch.unassigned'))
    ) as has_lost_end,
    bool_or(events.event_name = 'delivery.cancelled') as has_cancellation,
    bool_and(not is_logged) as is_lost,
    max(off_ms) > 2000 as is_off
from events
left join event_registry as registry on events.event_name = registry.event_name
where events.delivery_id is not null
group by events.delivery_id
"""

# A pair that is `beside` or `afterwards` in truth is neither right nor wrong.
MEMBERSHIP = """
with

matched as (
    select
        coalesce(events.event_id, mart.event_id) as event_id, mart.delivery_id
    from delivery_session_events as mart
    left join events on mart.event_id = events.logged_id
),

pairs as (
    select
        coalesce(truth.event_id, matched.event_id) as event_id,
        coalesce(truth.delivery_id, matched.delivery_id) as delivery_id,
        truth.event_id is not null as is_true,
        matched.event_id is not null as is_matched
    from true_memberships as truth
    full join matched
        on truth.event_id = matched.event_id and truth.delivery_id = matched.delivery_id
    where
        coalesce(truth.relation, 'about') = 'about'
),

-- A robot's work on a delivery, and when it took another one.
followed as (
    select work.delivery_id, work.robot_id, work.ended_at, min(later.began_at) as next_at
    from true_work as work
    inner join true_work as later
        on
            work.robot_id = later.robot_id
            and work.delivery_id <> later.delivery_id
            and later.ended_at > work.ended_at
    group by all
),

tails as (
    select distinct pairs.event_id, pairs.delivery_id
    from pairs
    inner join events on pairs.event_id = events.event_id
    inner join followed
        on pairs.delivery_id = followed.delivery_id and events.robot_id = followed.robot_id
    where
        not pairs.is_true
        and events.true_at >= followed.ended_at
        and events.true_at >= followed.next_at
),

-- An event whose time is so far off that it may be on the wrong side of where the work begins or
-- ends.
misplaced as (
    select distinct events.event_id, work.delivery_id
    from events
    inner join true_work as work
        on
            events.robot_id = work.robot_id
            and (
                abs(date_diff('millisecond', events.true_at, work.began_at)) <= events.off_ms
                or abs(date_diff('millisecond', events.true_at, work.ended_at)) <= events.off_ms
            )
    where events.off_ms > 0
),

lost_sessions as (
    select distinct pilot_id from events where not is_logged and pilot_id is not null
)

select
    pairs.is_true,
    pairs.is_matched,
    case
        when pairs.is_true and pairs.is_matched then 'right'
        when events.loss is not null then events.loss
        when misplaced.event_id is not null then 'clock'
        when fates.has_lost_assignment then 'missing assignment'
        when fates.has_lost_end then 'lost line that ends or releases'
        when events.robot_id is null and lost_sessions.pilot_id is not null
            then 'lost line of a pilot session'
        when fates.is_off then 'clock'
        when tails.event_id is not null then 'model: the robot was on its next delivery'
        when pairs.is_true and events.true_at > deliveries.ended_at
            then 'model: the goods were still to be returned'
        when deliveries.tries > 1 then 'model: tried again'
        when deliveries.outcome = 'completed' and fates.has_cancellation
            then 'model: called off and brought all the same'
        when len(deliveries.order_ids) > 1 then 'model: pooled orders'
        when events.is_duplicated then 'duplicate'
        when events.is_late then 'late'
        else 'model'
    end as cause,
    count(*) as pair_count
from pairs
left join events on pairs.event_id = events.event_id
left join fates on pairs.delivery_id = fates.delivery_id
left join true_deliveries as deliveries on pairs.delivery_id = deliveries.delivery_id
left join tails on pairs.event_id = tails.event_id and pairs.delivery_id = tails.delivery_id
left join misplaced
    on pairs.event_id = misplaced.event_id and pairs.delivery_id = misplaced.delivery_id
left join lost_sessions on events.pilot_id = lost_sessions.pilot_id
group by all
"""

OUTCOMES = """
select
    truth.outcome as true_outcome,
    coalesce(mart.outcome, 'no session') as mart_outcome,
    case
        when truth.outcome = mart.outcome then 'right'
        when fates.is_lost then 'lost before the log'
        when fates.has_lost_end then 'lost line that ends or releases'
        when truth.tries > 1 then 'model: tried again'
        when truth.outcome = 'completed' and fates.has_cancellation
            then 'model: called off and brought all the same'
        when fates.is_off then 'clock'
        when len(truth.robot_ids) > 1 then 'model: several robots'
        when len(truth.order_ids) > 1 then 'model: pooled orders'
        else 'model'
    end as cause,
    count(*) as delivery_count
from true_deliveries as truth
left join delivery_sessions as mart on truth.delivery_id = mart.delivery_id
left join fates on truth.delivery_id = fates.delivery_id
group by all
order by 1, 2
"""

# State hours that differ, by robot and hour: what the robot's lines of the time went through.
SUPPLY = """
with

true_hours as (
    select robot_id, hour_at at time zone 'UTC' as hour_at, state, reason, duration_ms
    from true_state_hours
),

mart_hours as (
    select
        robot_id, hour_at at time zone 'UTC' as hour_at, state, reason,
        cast(round(duration_seconds * 1000) as bigint) as duration_ms
    from supply_hours
    where state <> 'unobserved'
),

cells as (
    select
        robot_id, hour_at,
        coalesce(true_hours.duration_ms, 0) as true_ms,
        coalesce(mart_hours.duration_ms, 0) as mart_ms
    from true_hours
    full join mart_hours using (robot_id, hour_at, state, reason)
),

silent as (
    select distinct robot_id, hour_at from mart_hours where state = 'unknown'
),

skewed as (
    select distinct robot_id from events where off_ms > 0 and robot_id is not null
),

changes_not_seen as (
    select distinct robot_id
    from events
    where event_name = 'robot.state_changed' and not is_logged
)

select
    case
        when cells.true_ms = cells.mart_ms then 'right'
        when silent.robot_id is not null then 'robot silent: unknown, never supply'
        when skewed.robot_id is not null then 'clock'
        when changes_not_seen.robot_id is not null then 'lost line of a state change'
        else 'model'
    end as cause,
    count(*) as cell_count,
    sum(abs(cells.true_ms - cells.mart_ms)) / 3600000.0 as hours_off
from cells
left join silent on cells.robot_id = silent.robot_id and cells.hour_at = silent.hour_at
left join skewed on cells.robot_id = skewed.robot_id
left join changes_not_seen on cells.robot_id = changes_not_seen.robot_id
group by all
"""

# Usable hours: of the fleet, and by how much each robot and hour is off.
USABLE = """
with

truth as (
    select
        hours.robot_id,
        hours.hour_at,
        sum(case
            when states.usable = 'always' then hours.duration_ms
            when states.usable = 'when_dispatchable' then hours.dispatchable_ms
            else 0
        end) / 3600000.0 as usable_hours
    from true_state_hours as hours
    inner join robot_states as states on hours.state = states.state
    group by all
),

mart as (
    select robot_id, hour_at, sum(usable_seconds) / 3600.0 as usable_hours
    from supply_hours
    group by all
)

select
    coalesce(sum(truth.usable_hours), 0),
    coalesce(sum(mart.usable_hours), 0),
    coalesce(
        sum(abs(coalesce(truth.usable_hours, 0) - coalesce(mart.usable_hours, 0))), 0
    )
from truth
full join mart using (robot_id, hour_at)
"""

# Times out of order against failures. Each of both has at most one that begins within the
# seconds given; `is_told` are those whose beginning some line of the log tells.
FAILURES = """
with

outages as (
    select row_number() over (order by robot_id, began_at) as outage, *
    from true_outages
),

beginnings as (
    select
        outages.outage,
        bool_or(events.is_logged) as is_told,
        bool_or(events.event_name = 'robot.error' and events.is_logged) as has_error,
        max(events.off_ms) > 1000 * {seconds} as is_off
    from outages
    inner join events on list_contains(outages.event_ids, events.event_id)
    where events.true_at <= outages.began_at + interval {seconds} second
    group by outages.outage
),

near as (
    select
        outages.outage,
        mart.failure_id,
        mart.ended_at,
        row_number() over (
            partition by outages.outage
            order by abs(date_diff('millisecond', mart.started_at, outages.began_at)), failure_id
        ) as nearness
    from outages
    inner join robot_failures as mart
        on
            outages.robot_id = mart.robot_id
            and mart.started_at
            between outages.began_at - interval {seconds} second
            and outages.began_at + interval {seconds} second
),

found as (
    select * from near where nearness = 1
),

within as (
    select distinct mart.failure_id
    from robot_failures as mart
    inner join outages
        on
            mart.robot_id = outages.robot_id
            and mart.started_at >= outages.began_at
            and mart.started_at <= outages.ended_at
),

skewed as (
    select robot_id from events group by robot_id having max(off_ms) > 1000 * {seconds}
)

select
    true as is_true,
    found.outage is not null as is_found,
    case
        when found.outage is not null then 'right'
        when not coalesce(beginnings.is_told, false) then 'lost before the log: its beginning'
        when beginnings.is_off then 'clock'
        when not beginnings.has_error then 'model: told by a state alone'
        else 'model'
    end as cause,
    coalesce(
        abs(date_diff('millisecond', found.ended_at, outages.ended_at)) <= 1000 * {seconds}, false
    ) as has_right_end,
    count(*) as failure_count
from outages
left join beginnings using (outage)
left join found using (outage)
group by all

union all

select
    false as is_true,
    true as is_found,
    case
        when within.failure_id is not null then 'model: one time out of order told as several'
        when skewed.robot_id is not null then 'clock'
        else 'model'
    end as cause,
    false as has_right_end,
    count(*) as failure_count
from robot_failures as mart
left join found on mart.failure_id = found.failure_id
left join within on mart.failure_id = within.failure_id
left join skewed on mart.robot_id = skewed.robot_id
where found.failure_id is null
group by all
"""

# Only what began while the robot was at work counts for MTBF.
MTBF = """
select
    (
        select coalesce(sum(hours.duration_ms), 0) / 3600000.0
        from true_state_hours as hours
        inner join robot_states as states on hours.state = states.state
        where states.is_operating
    ) as true_hours,
    (
        select count(*)
        from true_outages as outages
        inner join robot_states as states on outages.state_before = states.state
        where states.is_operating
    ) as true_failures,
    (select coalesce(sum(operating_hours), 0) from fleet_mtbf) as mart_hours,
    (select coalesce(sum(failure_count), 0) from fleet_mtbf) as mart_failures
"""

# Failed and cancelled deliveries, in truth or in the mart, by cause on both sides. A delivery that
# is neither has the cause `none`. `has_typed_reason`: its ending line says something else than what
# happened, or `other`.
DIAGNOSES = """
with

lost as (
    select
        memberships.delivery_id,
        bool_or(not events.is_logged) as has_lost_line,
        max(events.off_ms) > 2000 as is_off
    from true_memberships as memberships
    inner join events using (event_id)
    where memberships.relation = 'about'
    group by memberships.delivery_id
),

diagnoses as (
    select
        delivery_id,
        -- The simulator's word for an error that is a failure.
        case when truth.cause = 'robot_error' then 'robot_failure' else truth.cause end
        as true_cause,
        coalesce(mart.probable_cause, 'none') as mart_cause,
        truth.has_typed_reason,
        truth.outcome = mart.outcome as has_right_outcome,
        truth.tries
    from true_deliveries as truth
    left join delivery_sessions as mart using (delivery_id)
    where truth.cause <> 'none' or mart.probable_cause is not null
)

select
    diagnoses.true_cause,
    diagnoses.mart_cause,
    case
        when diagnoses.true_cause = diagnoses.mart_cause then 'right'
        when fates.has_lost_end then 'lost line that ends or releases'
        when diagnoses.has_typed_reason then 'typed reason'
        when lost.is_off then 'clock'
        when lost.has_lost_line then 'lost line of another kind'
        when not coalesce(diagnoses.has_right_outcome, false) then 'model: another outcome'
        when diagnoses.tries > 1 then 'model: tried again'
        else 'model'
    end as cause,
    count(*) as delivery_count,
    diagnoses.has_typed_reason
from diagnoses
left join fates using (delivery_id)
left join lost using (delivery_id)
group by all
order by 1, 2
"""
