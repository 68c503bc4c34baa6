{{ config(dist="robot_id", sort="started_at") }}

with

episodes as (

    select
        *,
        date_trunc('hour', started_at) as hour_at
    from {{ ref("int_failure_episodes") }}

),

state_hours as (

    select * from {{ ref("int_robot_state_hours") }}

),

failures as (

    select
        ----------  ids
        episodes.first_error_event_id as failure_id,
        episodes.robot_id,

        ----------  text
        state_hours.market,
        episodes.component,
        episodes.first_error_code,
        coalesce(state_hours.hardware_version, 'unknown') as hardware_version,
        coalesce(state_hours.software_version, 'unknown') as software_version,

        ----------  numerics
        cast(episodes.error_count as integer) as error_count,
        {{ seconds_between("episodes.started_at", "episodes.ended_at") }} as down_seconds,

        ----------  booleans
        episodes.is_cleared,

        ----------  timestamps
        {{ utc_timestamptz("episodes.started_at") }} as started_at,
        {{ utc_timestamptz("episodes.ended_at") }} as ended_at

    from episodes

    left join state_hours
        on
            episodes.robot_id = state_hours.robot_id
            and episodes.hour_at = state_hours.hour_at
            and episodes.started_at >= state_hours.started_at
            and episodes.started_at < state_hours.ended_at

)

select * from failures
