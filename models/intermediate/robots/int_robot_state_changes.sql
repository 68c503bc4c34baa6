{{ rebuilt_by("robot_day", date="event_date") }}
{{ config(dist="robot_id", sort="event_date") }}

with

robot_events as (

    select *

    from {{ ref("stg_event_log__robot_events") }}

    where
        event_name = 'robot.state_changed'
        and robot_id is not null
        and {{ affected("robot_day", date="event_date") }}

),

robot_states as (

    select * from {{ ref("robot_states") }}

),

transitions as (

    select * from {{ ref("robot_state_transitions") }}

),

{% if is_incremental() %}

cuts as (

    select
        robot_id,
        cast(min(affected_date) as timestamp) as cut_at

    from {{ ref("int_affected_robot_days") }}

    group by robot_id

),

last_times as (

    select
        known.robot_id,
        max(known.event_at) as event_at

    from {{ this }} as known

    inner join cuts
        on known.robot_id = cuts.robot_id

    where known.event_at < cuts.cut_at

    group by known.robot_id

),

numbered_last as (

    select
        known.*,
        row_number() over (
            partition by known.robot_id
            order by known.emitter_id, known.seq, known.event_id
        ) as place,
        count(*) over (partition by known.robot_id) as places

    from {{ this }} as known

    inner join last_times
        on
            known.robot_id = last_times.robot_id
            and known.event_at = last_times.event_at

),

-- The last change of each robot before its first affected day. It replaces all earlier ones, so that
-- none of them is read again.
carried as (

    select *

    from numbered_last

    where place = places

),

{% endif %}

changes as (

    select
        event_id,
        robot_id,
        market,
        from_state,
        to_state,
        reason,
        {{ robot_software_version() }} as reported_software_version,
        hardware_version,
        dispatchable as is_dispatchable,
        emitter_id,
        seq,
        event_date,
        event_at,
        false as is_carried

    from robot_events

    {% if is_incremental() %}

    union all

    select
        event_id,
        robot_id,
        market,
        from_state,
        to_state,
        reason,
        software_version as reported_software_version,
        hardware_version,
        is_dispatchable,
        emitter_id,
        seq,
        event_date,
        event_at,
        true as is_carried

    from carried

    {% endif %}

),

numbered as (

    select
        *,
        lag(to_state) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as previous_to_state,
        count(reported_software_version) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as version_number

    from changes

),

described as (

    select
        ----------  ids
        numbered.event_id,
        numbered.robot_id,
        numbered.market,

        ----------  text
        numbered.from_state,
        numbered.to_state,
        numbered.previous_to_state,
        numbered.reason,
        -- A change without a version has that of the last change with one.
        max(numbered.reported_software_version) over (
            partition by numbered.robot_id, numbered.version_number
        ) as software_version,
        numbered.hardware_version,
        numbered.emitter_id,

        ----------  numerics
        numbered.seq,

        ----------  booleans
        numbered.is_dispatchable,
        numbered.is_carried,
        transitions.to_state is null and numbered.from_state is not null as is_illegal_transition,
        coalesce(numbered.from_state <> numbered.previous_to_state, false) as has_lost_transition,
        coalesce(robot_states.expects_heartbeat, true) as expects_heartbeat,

        ----------  timestamps
        numbered.event_date,
        numbered.event_at

    from numbered

    left join robot_states
        on numbered.to_state = robot_states.state

    left join transitions
        on
            numbered.from_state = transitions.from_state
            and numbered.to_state = transitions.to_state

),

state_changes as (

    select
        event_id,
        robot_id,
        market,
        from_state,
        to_state,
        previous_to_state,
        reason,
        software_version,
        hardware_version,
        emitter_id,
        seq,
        is_dispatchable,
        is_illegal_transition,
        has_lost_transition,
        expects_heartbeat,
        event_date,
        event_at

    from described

    where not is_carried

)

select * from state_changes
