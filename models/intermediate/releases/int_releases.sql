{{ rebuilt_by("event") }}
{{ config(dist="all", sort="released_at") }}

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
        case when kind in {{ words_meaning("kind", "rollback") }} then 'rollback' else 'deploy' end as kind,

        ----------  timestamps
        event_at as released_at

    from release_events

    where
        event_name = 'release.deployed'
        and {{ affected("event", date="event_date") }}

)

select * from releases
