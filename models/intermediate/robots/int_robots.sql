{{
    config(
        incremental_predicates=["robot_id in (select robot_id from {{ ref('int_touched_events') }})"],
        dist="all",
        sort="robot_id",
    )
}}

{% set touched_events = ref("int_touched_events") %}

with

-- First and last can only move outwards, so what was known and what came are enough.
seen as (

    {% if is_incremental() %}
        select
            robot_id,
            event_at as first_seen_at,
            event_at as last_seen_at
        from {{ touched_events }}
        where
            line_status = 'accepted'
            and robot_id is not null
            and is_sign_of_life

        union all

        select
            robot_id,
            first_seen_at,
            last_seen_at
        from {{ this }}
        where robot_id in (select robot_id from {{ touched_events }})
    {% else %}
        select
            robot_id,
            event_at as first_seen_at,
            event_at as last_seen_at
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
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at

    from seen

    group by robot_id

)

select * from robots
