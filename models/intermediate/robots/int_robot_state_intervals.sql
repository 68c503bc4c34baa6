{{ rebuilt_by("robot_day", date="ended_date") }}
{{ config(dist="robot_id", sort="ended_date") }}

with

events as (

    select * from {{ ref("stg_event_log__events") }}

),

robot_events as (

    select * from {{ ref("stg_event_log__robot_events") }}

),

robot_states as (

    select * from {{ ref("robot_states") }}

),

transitions as (

    select * from {{ ref("robot_state_transitions") }}

),

log_end as (

    select max(event_at) as last_event_at from events

),

{% if is_incremental() %}

cuts as (

    select
        robot_id,
        cast(min(affected_date) as timestamp) as cut_at

    from {{ ref("int_affected_robot_days") }}

    group by robot_id

),

-- The interval that a robot was in at midnight before its first affected day. It stands for all that
-- came before, so that no earlier event is read again.
carried as (

    select
        intervals.*,
        cuts.cut_at

    from {{ this }} as intervals

    inner join cuts
        on intervals.robot_id = cuts.robot_id

    where
        intervals.started_at < cuts.cut_at
        and intervals.ended_at >= cuts.cut_at

),

{% endif %}

state_changes as (

    select
        event_id,
        robot_id,
        market,
        from_state,
        to_state,
        reason,
        {{ robot_software_version() }} as told_software_version,
        hardware_version,
        dispatchable,
        emitter_id,
        seq,
        event_at,
        cast(null as varchar(16)) as carried_basis,
        cast(null as timestamp) as carried_started_at,
        cast(null as varchar(64)) as carried_previous_to_state,
        cast(null as boolean) as carried_is_illegal,
        cast(null as boolean) as carried_has_lost

    from robot_events

    where
        event_name = 'robot.state_changed'
        and robot_id is not null
        and {{ affected("robot_day", date="event_date") }}
    {% if is_incremental() %}

    union all

    select
        state_event_id as event_id,
        robot_id,
        market,
        from_state,
        reported_state as to_state,
        reported_reason as reason,
        software_version as told_software_version,
        hardware_version,
        is_dispatchable as dispatchable,
        cast(null as varchar(256)) as emitter_id,
        cast(null as bigint) as seq,
        reported_at as event_at,
        basis as carried_basis,
        started_at as carried_started_at,
        previous_to_state as carried_previous_to_state,
        is_illegal_transition as carried_is_illegal,
        has_lost_transition as carried_has_lost

    from carried
    {% endif %}

),

signs_of_life as (

    select
        event_id,
        robot_id,
        event_name,
        event_at,
        emitter_id,
        seq,
        case when event_name = 'robot.state_changed' then 1 else 0 end as is_state_change

    from events

    where
        robot_id is not null
        and is_sign_of_life
        and {{ affected("robot_day", date="event_date") }}
    {% if is_incremental() %}

    union all

    select
        state_event_id as event_id,
        robot_id,
        'robot.state_changed' as event_name,
        -- The signs from the cut on are read again. Where the last one before it is not known, the next
        -- one came in time, so any moment until then is as good.
        least(last_sign_at, {{ dbt.dateadd("millisecond", -1, "cut_at") }}) as event_at,
        cast(null as varchar(256)) as emitter_id,
        cast(null as bigint) as seq,
        1 as is_state_change

    from carried
    {% endif %}

),

-- Number the state changes of each robot; every sign of life carries the number of the state it
-- was given in, so that the two meet again by equality.
numbered_signs as (

    select
        *,
        sum(is_state_change) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as state_number,
        max(event_at) over (partition by robot_id) as robot_last_sign_at,
        lead(event_at) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as next_sign_at,
        lead(event_name) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as next_sign_name

    from signs_of_life

),

numbered_changes as (

    select
        *,
        row_number() over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as state_number,
        lag(to_state) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as preceding_to_state,
        count(told_software_version) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as version_number

    from state_changes

),

described_changes as (

    select
        numbered_changes.*,
        max(numbered_changes.told_software_version) over (
            partition by numbered_changes.robot_id, numbered_changes.version_number
        ) as software_version,
        coalesce(numbered_changes.carried_previous_to_state, numbered_changes.preceding_to_state) as previous_to_state,
        coalesce(
            numbered_changes.carried_is_illegal,
            transitions.to_state is null and numbered_changes.from_state is not null
        ) as is_illegal_transition,
        coalesce(
            numbered_changes.carried_has_lost,
            numbered_changes.from_state <> numbered_changes.preceding_to_state,
            false
        ) as has_lost_transition,
        coalesce(robot_states.expects_heartbeat, true) as expects_heartbeat

    from numbered_changes

    left join robot_states
        on numbered_changes.to_state = robot_states.state

    left join transitions
        on
            numbered_changes.from_state = transitions.from_state
            and numbered_changes.to_state = transitions.to_state

),

silences as (

    select
        numbered_signs.robot_id,
        numbered_signs.state_number,
        {{ dbt.dateadd("minute", var("silence_timeout_minutes"), "numbered_signs.event_at") }} as silent_from_at,
        numbered_signs.next_sign_at,
        numbered_signs.next_sign_name,
        described_changes.expects_heartbeat,
        coalesce(numbered_signs.next_sign_at, (select log_end.last_event_at from log_end)) as heard_again_at

    from numbered_signs

    inner join described_changes
        on
            numbered_signs.robot_id = described_changes.robot_id
            and numbered_signs.state_number = described_changes.state_number

),

silent_spells as (

    select *

    from silences

    where
        expects_heartbeat
        and heard_again_at > silent_from_at

),

starts as (

    -- A silence that is carried over is found again from its robot's last sign of life.
    select
        robot_id,
        state_number,
        coalesce(carried_started_at, event_at) as started_at,
        coalesce(carried_basis, 'reported') as basis
    from described_changes
    where coalesce(carried_basis, 'reported') <> 'silence'

    union all

    select
        robot_id,
        state_number,
        silent_from_at as started_at,
        'silence' as basis
    from silent_spells

    union all

    -- Heard again without a change of state: the state that was last reported goes on.
    select
        robot_id,
        state_number,
        next_sign_at as started_at,
        'resumed' as basis
    from silent_spells
    where next_sign_name <> 'robot.state_changed'

),

last_signs as (

    select
        robot_id,
        max(robot_last_sign_at) as robot_last_sign_at

    from numbered_signs

    group by robot_id

),

ended as (

    select
        *,
        coalesce(
            lead(started_at) over (
                partition by robot_id
                order by started_at, state_number, basis
            ),
            (select log_end.last_event_at from log_end)
        ) as ended_at,
        lead(basis) over (
            partition by robot_id
            order by started_at, state_number, basis
        ) as next_basis

    from starts

),

intervals as (

    select
        ----------  ids
        ended.robot_id,
        described_changes.event_id as state_event_id,
        described_changes.market,

        ----------  text
        ended.basis,
        case when ended.basis = 'silence' then 'unknown' else described_changes.to_state end as state,
        case when ended.basis = 'silence' then 'silence' else coalesce(described_changes.reason, 'none') end as reason,
        described_changes.to_state as reported_state,
        described_changes.reason as reported_reason,
        described_changes.from_state,
        described_changes.previous_to_state,
        described_changes.software_version,
        described_changes.hardware_version,

        ----------  booleans
        described_changes.dispatchable as is_dispatchable,
        ended.basis = 'reported' and described_changes.has_lost_transition as has_lost_transition,
        ended.basis = 'reported' and described_changes.is_illegal_transition as is_illegal_transition,

        ----------  timestamps
        cast(ended.ended_at as date) as ended_date,
        described_changes.event_at as reported_at,
        ended.started_at,
        ended.ended_at,
        case
            when ended.basis = 'silence'
                then {{ dbt.dateadd("minute", -1 * var("silence_timeout_minutes"), "ended.started_at") }}
            when ended.next_basis = 'silence'
                then {{ dbt.dateadd("minute", -1 * var("silence_timeout_minutes"), "ended.ended_at") }}
            when ended.next_basis is null then last_signs.robot_last_sign_at
            else ended.ended_at
        end as last_sign_at

    from ended

    inner join described_changes
        on
            ended.robot_id = described_changes.robot_id
            and ended.state_number = described_changes.state_number

    inner join last_signs
        on ended.robot_id = last_signs.robot_id

)

select * from intervals

{{ in_sort_order() }}
