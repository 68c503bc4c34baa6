{{ config(materialized="table", dist="robot_id", sort=["robot_id", "started_at"]) }}

{% set quiet_at = dbt.dateadd("minute", var("episode_quiet_minutes"), "marked.event_at") %}

with

-- All of them each night, because a clearance may end an error of long ago, and they are few.
failure_events as (

    select * from {{ ref("int_failure_events") }}

),

stoppages as (

    select
        *,
        next_state is null as is_lasting

    from {{ ref("int_robot_stoppages") }}

),

robot_states as (

    select * from {{ ref("robot_states") }}

),

named_clearances as (

    select
        robot_id,
        error_event_id,
        min(event_at) as cleared_at

    from failure_events

    where event_name = 'robot.error_cleared'

    group by robot_id, error_event_id

),

{% set in_order = "order by event_at, emitter_id, seq, event_id" %}

errors_and_clearances as (

    select
        event_id,
        min(case when event_name = 'robot.error_cleared' then event_at end) over (
            partition by robot_id, error_code
            {{ in_order }}
            rows between current row and unbounded following
        ) as next_clearance_at,
        lead(event_name) over (partition by robot_id, error_code {{ in_order }}) as next_event_name

    from failure_events

    where event_name <> 'robot.safety_event'

),

-- Each event finds the stoppage before it, and the next one with a fault, by a window instead of a
-- join on an inequality.
marks as (

    select
        event_id,
        robot_id,
        event_at,
        1 as place,
        cast(null as timestamp) as stopped_at,
        cast(null as timestamp) as fault_stopped_at
    from failure_events
    where event_name <> 'robot.error_cleared'

    union all

    select
        fault_event_id as event_id,
        robot_id,
        started_at as event_at,
        0 as place,
        started_at as stopped_at,
        case when fault_at is not null then started_at end as fault_stopped_at
    from stoppages

),

marked as (

    select
        *,
        max(stopped_at) over (
            partition by robot_id
            order by event_at, place
            rows between unbounded preceding and current row
        ) as last_stopped_at,
        min(fault_stopped_at) over (
            partition by robot_id
            order by event_at, place
            rows between current row and unbounded following
        ) as next_fault_stopped_at

    from marks

),

placed as (

    select
        failure_events.event_id,
        failure_events.robot_id,
        failure_events.event_name,
        failure_events.market,
        failure_events.component,
        failure_events.error_code,
        failure_events.hardware_version,
        failure_events.software_version,
        failure_events.robot_state,
        failure_events.emitter_id,
        failure_events.seq,
        failure_events.event_at as started_at,
        {{ quiet_at }} as quiet_at,
        -- By a name whose clearance is stamped before the error: at once. greatest() would skip a NULL.
        case
            when named_clearances.cleared_at < failure_events.event_at then failure_events.event_at
            else coalesce(named_clearances.cleared_at, errors_and_clearances.next_clearance_at)
        end as cleared_at,
        named_clearances.cleared_at is not null
        or errors_and_clearances.next_event_name = 'robot.error_cleared' as is_surely_cleared,
        case
            when marked.event_at < stoppages.ended_at or stoppages.is_lasting then stoppages.started_at
            when next_stoppages.started_at <= {{ quiet_at }} then next_stoppages.started_at
        end as stopped_at,
        case
            when marked.event_at < stoppages.ended_at or stoppages.is_lasting then stoppages.ended_at
            when next_stoppages.started_at <= {{ quiet_at }} then next_stoppages.ended_at
        end as stoppage_ended_at,
        -- After an accident the robot stays in the state that it was in, until somebody says fault.
        case
            when marked.event_at < stoppages.ended_at or stoppages.is_lasting then stoppages.fault_at
            when next_stoppages.state_before_started_at <= marked.event_at then next_stoppages.fault_at
        end as accident_fault_at

    from failure_events

    inner join marked
        on
            failure_events.event_id = marked.event_id
            and marked.place = 1

    left join errors_and_clearances
        on failure_events.event_id = errors_and_clearances.event_id

    -- A clearance counts only for errors of its own robot.
    left join named_clearances
        on
            failure_events.robot_id = named_clearances.robot_id
            and failure_events.event_id = named_clearances.error_event_id

    left join stoppages
        on
            marked.robot_id = stoppages.robot_id
            and marked.last_stopped_at = stoppages.started_at

    left join stoppages as next_stoppages
        on
            marked.robot_id = next_stoppages.robot_id
            and marked.next_fault_stopped_at = next_stoppages.started_at

),

-- In a stoppage an error lasts until it is cleared or the robot operates again. Where the robot operates on,
-- or nothing is known of it, until it is cleared or has been quiet: there a lost clearance must not join two
-- failures that are hours apart, so that a clearance by code ends the last error of that code alone.
errors as (

    select
        *,
        -- least() skips the NULL of an error that nothing clears.
        case
            when stopped_at is not null then least(stoppage_ended_at, cleared_at)
            when is_surely_cleared then cleared_at
            else least(quiet_at, cleared_at)
        end as ended_at,
        case
            when cleared_at <= stoppage_ended_at then 'cleared'
            when stopped_at is not null then 'state'
            when is_surely_cleared or cleared_at <= quiet_at then 'cleared'
            else 'quiet'
        end as end_basis

    from placed

    where event_name = 'robot.error'

),

errors_of_stoppages as (

    select
        errors.robot_id,
        errors.stopped_at,
        max(errors.ended_at) as ended_at

    from errors

    inner join stoppages
        on
            errors.robot_id = stoppages.robot_id
            and errors.stopped_at = stoppages.started_at

    where errors.ended_at >= stoppages.fault_at

    group by errors.robot_id, errors.stopped_at

),

signs as (

    -- The state itself; its errors, where there are any, say when it is over.
    select
        stoppages.fault_event_id as event_id,
        stoppages.robot_id,
        0 as sign_rank,
        stoppages.market,
        cast(null as varchar(64)) as component,
        cast(null as varchar(256)) as error_code,
        stoppages.hardware_version,
        stoppages.software_version,
        stoppages.state_before_fault as robot_state,
        cast(null as varchar(256)) as emitter_id,
        cast(null as bigint) as seq,
        stoppages.started_at as stopped_at,
        case when errors_of_stoppages.ended_at is null then 'state' end as end_basis,
        stoppages.fault_at as started_at,
        coalesce(errors_of_stoppages.ended_at, stoppages.ended_at) as ended_at
    from stoppages
    left join errors_of_stoppages
        on
            stoppages.robot_id = errors_of_stoppages.robot_id
            and stoppages.started_at = errors_of_stoppages.stopped_at
    where stoppages.fault_at is not null

    union all

    select
        event_id,
        robot_id,
        1 as sign_rank,
        market,
        cast(null as varchar(64)) as component,
        error_code,
        hardware_version,
        software_version,
        robot_state,
        emitter_id,
        seq,
        cast(null as timestamp) as stopped_at,
        cast(null as varchar(16)) as end_basis,
        started_at,
        accident_fault_at as ended_at
    from placed
    where
        event_name = 'robot.safety_event'
        and accident_fault_at >= started_at

    union all

    select
        event_id,
        robot_id,
        2 as sign_rank,
        market,
        component,
        error_code,
        hardware_version,
        software_version,
        robot_state,
        emitter_id,
        seq,
        stopped_at,
        end_basis,
        started_at,
        ended_at
    from errors

),

{% set by_start = "order by started_at, sign_rank, emitter_id, seq, event_id" %}
{% set of_kind_by_start = "order by started_at, emitter_id, seq, event_id" %}

preceded as (

    select
        *,
        max(ended_at) over (
            partition by robot_id
            {{ by_start }}
            rows between unbounded preceding and 1 preceding
        ) as previous_ended_at

    from signs

),

numbered as (

    select
        *,
        sum(case when previous_ended_at >= started_at then 0 else 1 end) over (
            partition by robot_id
            {{ by_start }}
            rows between unbounded preceding and current row
        ) as episode_number

    from preceded

),

ordered as (

    select
        *,
        row_number() over (partition by robot_id, episode_number {{ by_start }}) as place,
        row_number() over (partition by robot_id, episode_number, sign_rank {{ of_kind_by_start }}) as place_of_kind,
        row_number() over (
            partition by robot_id, episode_number, component
            {{ of_kind_by_start }}
        ) as place_of_component,
        row_number() over (
            partition by robot_id, episode_number
            order by
                ended_at desc,
                case end_basis when 'state' then 1 when 'cleared' then 2 else 3 end asc,
                stopped_at desc
        ) as place_from_end

    from numbered

),

components as (

    select
        *,
        sum(case when sign_rank = 2 and place_of_component = 1 then 1 else 0 end) over (
            partition by robot_id, episode_number
            {{ of_kind_by_start }}
            rows between unbounded preceding and current row
        ) as component_number

    from ordered

),

{% set is_first_error = "sign_rank = 2 and place_of_kind = 1" %}
{% set is_first_accident = "sign_rank = 1 and place_of_kind = 1" %}
{% set is_last = "place_from_end = 1" %}

summed as (

    select
        robot_id,
        {% for column in ["event_id", "market", "hardware_version", "software_version"] %}
            coalesce(
                max(case when {{ is_first_error }} then {{ column }} end),
                max(case when {{ is_first_accident }} then {{ column }} end),
                max(case when place = 1 then {{ column }} end)
            ) as {{ column }},
        {% endfor %}
        max(case when {{ is_first_error }} then component end) as component,
        coalesce(
            max(case when {{ is_first_error }} then error_code end),
            max(case when {{ is_first_accident }} then error_code end)
        ) as first_error_code,
        max(case when place = 1 then robot_state end) as began_in_state,
        max(case when {{ is_last }} then end_basis end) as end_basis,
        max(case when {{ is_last }} then stopped_at end) as stopped_at,
        -- Only errors have a component.
        {% for number in range(2, 11) %}
            {{ "|| " if not loop.first }}coalesce(
                max(
                    case
                        when
                            component_number = {{ number }}
                            and place_of_component = 1
                            then
                                '{{ ", " if not loop.first }}'
                                || component
                                || ' '
                                || error_code
                    end
                ),
                ''
            ){{ " as consequences," if loop.last }}
        {% endfor %}
        sum(case when sign_rank = 2 then 1 else 0 end) as error_count,
        sum(case when sign_rank = 2 and place_of_component = 1 then 1 else 0 end) as component_count,
        min(started_at) as started_at,
        max(ended_at) as ended_at

    from components

    group by robot_id, episode_number

),

episodes as (

    select
        ----------  ids
        summed.event_id as first_error_event_id,
        summed.robot_id,

        ----------  text
        summed.component,
        summed.first_error_code,
        summed.market,
        summed.hardware_version,
        summed.software_version,
        nullif(summed.consequences, '') as consequences,
        summed.began_in_state,
        case
            when summed.end_basis = 'state' and stoppages.is_lasting then null
            when summed.end_basis = 'state' and next_states.state_class = 'out_of_fleet' then 'retired'
            when summed.end_basis = 'state' then 'operating'
            else summed.end_basis
        end as end_basis,

        ----------  numerics
        summed.error_count,
        greatest(summed.component_count - 1, 0) as consequence_count,

        ----------  booleans
        coalesce(states_before.is_operating, false) as is_charged,
        coalesce(summed.end_basis = 'state' and stoppages.is_lasting, false) as is_open,

        ----------  timestamps
        summed.started_at,
        summed.ended_at

    from summed

    left join stoppages
        on
            summed.robot_id = stoppages.robot_id
            and summed.stopped_at = stoppages.started_at

    left join robot_states as next_states
        on stoppages.next_state = next_states.state

    left join robot_states as states_before
        on summed.began_in_state = states_before.state

)

select * from episodes
