{{
    config(
        incremental_predicates=["session_id in (select session_id from {{ ref('int_touched_events') }})"],
        dist="pilot_id",
        sort="started_at",
    )
}}

{% set touched_events = ref("int_touched_events") %}

with

pilot_events as (

    select *

    from {{ ref("stg_event_log__pilot_events") }}

    where
        session_id is not null
    {% if is_incremental() %}
        and session_id in (select session_id from {{ touched_events }})
        and {{ on_days("event_date", days_of(
            "select event_date as first_date, event_date as last_date from " ~ touched_events ~ " union all "
            ~ "select cast(first_named_at as date), cast(last_named_at as date) from " ~ this
            ~ " where session_id in (select session_id from " ~ touched_events ~ ")"
        )) }}
    {% endif %}

),

started as (

    select
        session_id,
        pilot_id,
        min(robot_id) as robot_id,
        min(case when event_name = 'pilot.session_started' then event_at end) as started_at,
        min(case when event_name = 'pilot.session_ended' then event_at end) as reported_end_at,
        min(event_at) as first_named_at,
        max(event_at) as last_named_at

    from pilot_events

    group by session_id, pilot_id

),

capped as (

    select
        *,
        {{ dbt.dateadd("hour", var("max_session_hours"), "started_at") }} as capped_at

    from started

),

sessions as (

    select
        ----------  ids
        session_id,
        pilot_id,
        robot_id,

        ----------  timestamps
        started_at,
        case
            when started_at is not null
                then greatest(least(coalesce(reported_end_at, capped_at), capped_at), started_at)
        end as ended_at,
        first_named_at,
        last_named_at

    from capped

)

select * from sessions
