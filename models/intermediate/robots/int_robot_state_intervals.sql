{{ config(dist="robot_id", sort=["robot_id", "started_at"]) }}

with

events as (

    select * from {{ ref("stg_event_log__events") }}

),

state_changes as (

    select *

    from {{ ref("stg_event_log__robot_events") }}

    where
        event_name = 'robot.state_changed'
        and robot_id is not null

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

-- Number the state changes of each robot; every sign of life carries the number of the state it
-- was given in, so that the two meet again by equality.
signs_of_life as (

    select
        event_id,
        robot_id,
        event_name,
        event_at,
        emitter_id,
        seq,
        sum(case when event_name = 'robot.state_changed' then 1 else 0 end) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as state_number,
        lead(event_at) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as next_sign_at,
        lead(event_name) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as next_sign_name

    from events

    where
        robot_id is not null
        and is_sign_of_life

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
        ) as previous_to_state

    from state_changes

),

described_changes as (

    select
        numbered_changes.*,
        transitions.to_state is null and numbered_changes.from_state is not null as is_illegal_transition,
        coalesce(numbered_changes.from_state <> numbered_changes.previous_to_state, false) as has_lost_transition,
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
        signs_of_life.robot_id,
        signs_of_life.state_number,
        {{ dbt.dateadd("minute", var("silence_timeout_minutes"), "signs_of_life.event_at") }} as silent_from_at,
        signs_of_life.next_sign_at,
        signs_of_life.next_sign_name,
        described_changes.expects_heartbeat,
        coalesce(signs_of_life.next_sign_at, (select log_end.last_event_at from log_end)) as heard_again_at

    from signs_of_life

    inner join described_changes
        on
            signs_of_life.robot_id = described_changes.robot_id
            and signs_of_life.state_number = described_changes.state_number

),

silent_spells as (

    select *

    from silences

    where
        expects_heartbeat
        and heard_again_at > silent_from_at

),

starts as (

    select
        robot_id,
        state_number,
        event_at as started_at,
        'reported' as basis
    from described_changes

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

ended as (

    select
        *,
        coalesce(
            lead(started_at) over (
                partition by robot_id
                order by started_at, state_number, basis
            ),
            (select log_end.last_event_at from log_end)
        ) as ended_at

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
        described_changes.from_state,
        described_changes.previous_to_state,
        described_changes.service_version as software_version,
        described_changes.hardware_version,

        ----------  numerics
        ended.state_number,

        ----------  booleans
        described_changes.dispatchable as is_dispatchable,
        ended.basis = 'reported' and described_changes.has_lost_transition as has_lost_transition,
        ended.basis = 'reported' and described_changes.is_illegal_transition as is_illegal_transition,

        ----------  timestamps
        ended.started_at,
        ended.ended_at

    from ended

    inner join described_changes
        on
            ended.robot_id = described_changes.robot_id
            and ended.state_number = described_changes.state_number

)

select * from intervals
