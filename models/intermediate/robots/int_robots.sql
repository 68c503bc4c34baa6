{{ rebuilt_by("robot") }}
{% set days = days_of_moved_bounds() if is_incremental() else [] %}
{{ config(dist="all", sort="robot_id") }}

with

-- The first time only gets earlier and the last one later, so the rows of this model and the new events are enough,
-- unless the very event that was first or last was put at another time: then all events of the robot are read.
seen as (

    {% if is_incremental() %}
        select
            robot_id,
            event_at as first_event_at,
            event_at as last_event_at
        from {{ ref("int_affected_events") }}
        where
            line_status = 'accepted'
            and not is_outdated
            and robot_id is not null
            and is_sign_of_life

        union all

        select
            known.robot_id,
            known.first_event_at,
            known.last_event_at
        from {{ this }} as known
        {% if days %}
        left join ({{ robots_of_moved_bounds() }}) as moved_robots
            on known.robot_id = moved_robots.robot_id
        {% endif %}
        where
            {{ affected("robot", id="known.robot_id") }}
            {% if days %}
            and moved_robots.robot_id is null

        union all

        select
            robot_id,
            event_at as first_event_at,
            event_at as last_event_at
        from {{ ref("stg_event_log__events") }}
        where
            is_sign_of_life
            and robot_id in ({{ robots_of_moved_bounds() }})
            and {{ on_days("event_date", days) }}
            {% endif %}
    {% else %}
        select
            robot_id,
            event_at as first_event_at,
            event_at as last_event_at
        from {{ ref("stg_event_log__events") }}
        where
            robot_id is not null
            and is_sign_of_life
    {% endif %}

),

robots as (

    select
        ----------  ids
        robot_id,

        ----------  timestamps
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at

    from seen

    group by robot_id

)

select * from robots
