-- Gaps are few, and what fills one may lie on a day on which nothing else of the robot changed: all of them anew.
{{ config(
    incremental_strategy="rebuild",
    incremental_predicates=["{{ affected_rows('robot_day', date='found_date') }}", "basis = 'gap'", "is_gone"],
    dist="robot_id",
    sort="found_date",
) }}

with

silences as (

    select *

    from {{ ref("int_robot_silences") }}

    where
        is_silence
        and {{ affected("robot_day", date="ended_date") }}

),

pieces as (

    select *

    from {{ ref("int_robot_state_hours") }}

    where
        state = 'unobserved'
        and {{ affected("robot_day", date="hour_date") }}

),

emitter_gaps as (

    select * from {{ ref("emitter_gaps") }}

),

state_changes as (

    select
        robot_id,
        basis,
        has_lost_transition,
        emitter_id,
        seq,
        event_id,
        event_date,
        event_at,
        earliest_at,
        latest_at

    from {{ ref("int_robot_state_changes") }}

    where {{ affected("robot_day", date="event_date") }}

    {% if is_incremental() %}

    union all

    -- The last change of each robot before its first affected day.
    select
        changes.robot_id,
        'carried' as basis,
        false as has_lost_transition,
        cast(null as varchar(256)) as emitter_id,
        cast(null as bigint) as seq,
        cast(null as varchar(64)) as event_id,
        max(changes.event_date) as event_date,
        max(changes.event_at) as event_at,
        cast(null as timestamp) as earliest_at,
        cast(null as timestamp) as latest_at
    from {{ ref("int_robot_state_changes") }} as changes
    inner join ({{ robot_cuts() }}) as cuts
        on changes.robot_id = cuts.robot_id
    where changes.event_date < cast(cuts.cut_at as date)
    group by changes.robot_id

    {% endif %}

),

preceded as (

    select
        *,
        lag(event_at) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as previous_event_at

    from state_changes

),

-- Time in which a robot may have been in another state than the log says: nothing was heard, lines are
-- missing, a change of state was lost, or the time of one is not known to the millisecond.
doubts as (

    select
        robot_id,
        'silence' as basis,
        last_sign_at as started_at,
        ended_at,
        ended_date as found_date
    from silences

    union all

    select
        robot_id,
        'lost_transition' as basis,
        previous_event_at as started_at,
        event_at as ended_at,
        event_date as found_date
    from preceded
    where
        basis = 'reported'
        and has_lost_transition
        and previous_event_at is not null

    union all

    select
        robot_id,
        'gap' as basis,
        event_before_at at time zone 'UTC' as started_at,
        event_after_at at time zone 'UTC' as ended_at,
        {{ utc_date("event_after_at") }} as found_date
    from emitter_gaps
    where
        robot_id is not null
        and event_before_at is not null

    union all

    select
        robot_id,
        'unobserved' as basis,
        started_at,
        ended_at,
        hour_date as found_date
    from pieces

    union all

    select
        robot_id,
        'clock' as basis,
        earliest_at as started_at,
        latest_at as ended_at,
        event_date as found_date
    from preceded

),

compared as (

    select
        robot_id,
        basis,
        started_at,
        ended_at as told_ended_at,
        cast(null as timestamp) as known_ended_at,
        cast(null as timestamp) as changed_from,
        cast(null as timestamp) as changed_to,
        cast(null as bigint) as changed_run,
        found_date

    from doubts

    where ended_at > started_at

    {% if is_incremental() %}

    union all

    select
        robot_id,
        basis,
        started_at,
        cast(null as timestamp) as told_ended_at,
        case when not is_gone then ended_at end as known_ended_at,
        -- What a run that did not complete has changed is still to be read.
        case when changed_run > {{ last_completed_run() }} then changed_from end as changed_from,
        case when changed_run > {{ last_completed_run() }} then changed_to end as changed_to,
        changed_run,
        found_date
    from {{ this }}
    where
        basis = 'gap'
        or is_gone
        or ({{ affected("robot_day", date="found_date") }})

    {% endif %}

),

summed as (

    select
        robot_id,
        basis,
        started_at,
        max(told_ended_at) as told_ended_at,
        max(known_ended_at) as known_ended_at,
        min(changed_from) as known_changed_from,
        max(changed_to) as known_changed_to,
        max(changed_run) as known_changed_run,
        coalesce(max(case when told_ended_at is not null then found_date end), max(found_date)) as found_date

    from compared

    group by
        robot_id,
        basis,
        started_at,
        -- Two changes of different days may be in doubt from one time on, by clocks that are off by more or less.
        case when basis = 'clock' then found_date end

),

-- Where the end moved, only the time between the two ends has changed.
changed as (

    select
        *,
        case
            when told_ended_at = known_ended_at then cast(null as timestamp)
            when told_ended_at is not null and known_ended_at is not null then least(told_ended_at, known_ended_at)
            when told_ended_at is not null or known_ended_at is not null then started_at
        end as newly_changed_from,
        case
            when told_ended_at = known_ended_at then cast(null as timestamp)
            else greatest(told_ended_at, known_ended_at)
        end as newly_changed_to

    from summed

),

final as (

    select
        ----------  ids
        robot_id,

        ----------  text
        basis,

        ----------  booleans
        told_ended_at is null as is_gone,

        ----------  timestamps
        started_at,
        coalesce(told_ended_at, known_ended_at, known_changed_to) as ended_at,
        least(newly_changed_from, known_changed_from) as changed_from,
        greatest(newly_changed_to, known_changed_to) as changed_to,
        found_date,
        cast(
            case when newly_changed_from is null then known_changed_run else {{ this_run() }} end as bigint
        ) as changed_run

    from changed

)

select *

from final

where
    not is_gone
    or changed_from is not null
