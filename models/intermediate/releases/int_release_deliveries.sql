{{ rebuilt_by("delivery") }}
{{ config(dist="delivery_id", sort="release_date") }}

with

events as (

    select *

    from {{ ref("stg_event_log__events") }}

    where
        delivery_id is not null
        and robot_id is not null
        and software_version is not null
        and {{ affected("delivery", date="event_date") }}

),

release_deliveries as (

    select
        ----------  ids
        delivery_id,
        robot_id,

        ----------  text
        software_version,

        ----------  booleans
        {{ metric_count("failed_deliveries") }} > 0 as is_failed,

        ----------  timestamps
        min(event_date) as release_date

    from events

    where {{ registry_metrics()["attempted_deliveries"]["condition"] }}

    group by delivery_id, robot_id, software_version

)

select * from release_deliveries
