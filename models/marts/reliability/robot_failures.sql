{{ config(materialized="table", dist="robot_id", sort="started_at") }}

with

episodes as (

    select * from {{ ref("int_failure_episodes") }}

),

failures as (

    select
        ----------  ids
        first_error_event_id as failure_id,
        robot_id,

        ----------  text
        market,
        coalesce(component, 'unknown') as component,
        coalesce(first_error_code, 'unknown') as first_error_code,
        cast(consequences as varchar(4096)) as consequences,
        cast(coalesce(began_in_state, 'unknown') as varchar(64)) as began_in_state,
        cast(end_basis as varchar(16)) as end_basis,
        coalesce(hardware_version, 'unknown') as hardware_version,
        coalesce(software_version, 'unknown') as software_version,

        ----------  numerics
        cast(error_count as integer) as error_count,
        cast(consequence_count as integer) as consequence_count,
        {{ seconds_between("started_at", "ended_at") }} as down_seconds,

        ----------  booleans
        is_charged,
        is_open,

        ----------  timestamps
        {{ utc_timestamptz("started_at") }} as started_at,
        {{ utc_timestamptz("ended_at") }} as ended_at

    from episodes

)

select * from failures
