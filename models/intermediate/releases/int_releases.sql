{{
    config(
        incremental_predicates=["event_id in (select event_id from {{ ref('int_affected_events') }})"],
        dist="all",
        sort="released_at",
    )
}}

{% set affected_events = ref("int_affected_events") %}

with

release_events as (

    select * from {{ ref("stg_event_log__release_events") }}

),

releases as (

    select
        ----------  ids
        event_id,

        ----------  text
        component as service,
        version,
        previous_version,
        kind,

        ----------  timestamps
        event_at as released_at

    from release_events

    where
        event_name = 'release.deployed'
    {% if is_incremental() %}
        and event_id in (select event_id from {{ affected_events }})
        and {{ on_days("event_date", days_of(
            "select event_date as first_date, event_date as last_date from " ~ affected_events
        )) }}
    {% endif %}

)

select * from releases
