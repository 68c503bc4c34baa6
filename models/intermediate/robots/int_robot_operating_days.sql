{{ rebuilt_by("robot_day", date="operating_date") }}
{{ config(dist="robot_id", sort="operating_date") }}

with

state_hours as (

    select *

    from {{ ref("int_robot_state_hours") }}

    where
        state_class <> 'unobserved'
        and {{ affected("robot_day", date="hour_date") }}

),

operating_days as (

    select
        ----------  ids
        robot_id,
        hour_date as operating_date,

        ----------  text
        coalesce(hardware_version, 'unknown') as hardware_version,
        coalesce(software_version, 'unknown') as software_version,

        ----------  numerics
        sum(case when is_operating then duration_milliseconds else 0 end) as operating_milliseconds,
        sum(case when state_class = 'unplanned_down' then duration_milliseconds else 0 end) as down_milliseconds

    from state_hours

    group by
        robot_id,
        hour_date,
        coalesce(hardware_version, 'unknown'),
        coalesce(software_version, 'unknown')

)

select * from operating_days
