{{ rebuilt_by("failing_robot") }}
{{ config(dist="robot_id", sort="started_at") }}

with

episodes as (

    select *

    from {{ ref("int_failure_episodes") }}

    where {{ affected("failing_robot") }}

),

failures as (

    select
        ----------  ids
        first_error_event_id as failure_id,
        robot_id,

        ----------  text
        market,
        component,
        first_error_code,
        coalesce(hardware_version, 'unknown') as hardware_version,
        coalesce(software_version, 'unknown') as software_version,

        ----------  numerics
        cast(error_count as integer) as error_count,
        {{ seconds_between("started_at", "ended_at") }} as down_seconds,

        ----------  booleans
        is_cleared,

        ----------  timestamps
        {{ utc_timestamptz("started_at") }} as started_at,
        {{ utc_timestamptz("ended_at") }} as ended_at

    from episodes

)

select * from failures
