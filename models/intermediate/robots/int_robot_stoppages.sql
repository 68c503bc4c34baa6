{{ rebuilt_by("robot_day", date="ended_date") }}
{{ config(dist="robot_id", sort="ended_date") }}

with

intervals as (

    select *

    from {{ ref("int_robot_state_intervals") }}

    where {{ affected("robot_day", date="ended_date") }}

),

robot_states as (

    select * from {{ ref("robot_states") }}

),

-- A silent robot is in the state that it told last, as far as its stoppage goes. In which state a failure began
-- nobody knows of a silence.
told_intervals as (

    select
        robot_id,
        state_event_id,
        market,
        hardware_version,
        software_version,
        state as shown_state,
        case when basis = 'silence' then reported_state else state end as state,
        least(started_at, reported_at) as told_at,
        emitter_id,
        seq,
        started_at,
        ended_at

    from intervals

),

{% if is_incremental() %}

carried as (

    {{ carried_over() }}

),

{% endif %}

spells as (

    select
        told_intervals.robot_id,
        told_intervals.state_event_id,
        told_intervals.market,
        told_intervals.hardware_version,
        told_intervals.software_version,
        told_intervals.shown_state,
        told_intervals.state,
        coalesce(robot_states.is_operating or robot_states.state_class = 'out_of_fleet', false) as is_over,
        told_intervals.told_at,
        told_intervals.emitter_id,
        told_intervals.seq,
        told_intervals.started_at,
        told_intervals.ended_at,
        false as is_carried,
        cast(null as varchar(64)) as carried_state_before,
        cast(null as timestamp) as carried_state_before_started_at,
        cast(null as varchar(64)) as carried_state_before_fault,
        cast(null as timestamp) as carried_fault_at

    from told_intervals

    left join robot_states
        on told_intervals.state = robot_states.state

    {% if is_incremental() %}

    union all

    -- The stoppage that a robot was in at its cut, up to then.
    select
        robot_id,
        fault_event_id as state_event_id,
        market,
        hardware_version,
        software_version,
        cast(null as varchar(64)) as shown_state,
        cast(null as varchar(64)) as state,
        false as is_over,
        started_at as told_at,
        cast(null as varchar(256)) as emitter_id,
        cast(null as bigint) as seq,
        started_at,
        started_at as ended_at,
        true as is_carried,
        state_before as carried_state_before,
        state_before_started_at as carried_state_before_started_at,
        state_before_fault as carried_state_before_fault,
        case when fault_at < cut_at then fault_at end as carried_fault_at
    from carried

    {% endif %}

),

{% set in_order = "order by started_at, is_carried desc, ended_at, emitter_id, seq, state_event_id" %}

numbered as (

    select
        *,
        case
            when is_carried then carried_fault_at
            when state in {{ states_marked("failed") }} then started_at
        end as fault_at,
        case
            when is_carried then carried_state_before_fault
            else lag(shown_state) over (partition by robot_id {{ in_order }})
        end as state_before,
        lag(told_at) over (partition by robot_id {{ in_order }}) as state_before_started_at,
        lead(state) over (partition by robot_id {{ in_order }}) as next_state,
        sum(case when is_over then 1 else 0 end) over (
            partition by robot_id
            {{ in_order }}
            rows between unbounded preceding and current row
        ) as spell_number

    from spells

),

ordered as (

    select
        *,
        row_number() over (partition by robot_id, spell_number {{ in_order }}) as place,
        row_number() over (
            partition by robot_id, spell_number, case when fault_at is null then 0 else 1 end
            {{ in_order }}
        ) as fault_place,
        count(*) over (partition by robot_id, spell_number) as place_count

    from numbered

    where not is_over

),

{% set is_first_fault = "fault_at is not null and fault_place = 1" %}

summed as (

    select
        robot_id,
        max(case when {{ is_first_fault }} then state_event_id end) as fault_event_id,
        max(case when {{ is_first_fault }} then market end) as market,
        max(case when {{ is_first_fault }} then hardware_version end) as hardware_version,
        max(case when {{ is_first_fault }} then software_version end) as software_version,
        max(case when place = 1 then case when is_carried then carried_state_before else state_before end end)
            as state_before,
        max(case when {{ is_first_fault }} then state_before end) as state_before_fault,
        max(case when place = place_count then next_state end) as next_state,
        max(
            case
                when place = 1
                    then case when is_carried then carried_state_before_started_at else state_before_started_at end
            end
        ) as state_before_started_at,
        min(fault_at) as fault_at,
        min(started_at) as started_at,
        max(ended_at) as ended_at

    from ordered

    group by robot_id, spell_number

),

stoppages as (

    select
        ----------  ids
        robot_id,
        fault_event_id,
        market,

        ----------  text
        hardware_version,
        software_version,
        state_before,
        state_before_fault,
        next_state,

        ----------  timestamps
        cast(ended_at as date) as ended_date,
        state_before_started_at,
        fault_at,
        started_at,
        ended_at

    from summed

    where
        ended_at > started_at
        or next_state is null

)

select * from stoppages

{{ in_sort_order() }}
