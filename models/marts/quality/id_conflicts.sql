{{ config(materialized="view") }}

with

deliveries as (

    select * from {{ ref("int_delivery_milestones") }}

),

pilot_sessions as (

    select * from {{ ref("int_pilot_sessions") }}

),

spans as (

    select
        'delivery_id' as id_kind,
        delivery_id as id_value,
        first_event_at,
        last_event_at
    from deliveries
    where last_event_at > {{ dbt.dateadd("hour", var("max_session_hours"), "first_event_at") }}

    union all

    select
        'session_id' as id_kind,
        session_id as id_value,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at
    from pilot_sessions
    group by session_id
    having count(*) > 1

),

conflicts as (

    select
        ----------  ids
        cast(id_kind as varchar(16)) as id_kind,
        id_value,

        ----------  numerics
        {{ seconds_to_hours(seconds_between("first_event_at", "last_event_at")) }} as apart_hours,

        ----------  timestamps
        {{ utc_timestamptz("first_event_at") }} as first_event_at,
        {{ utc_timestamptz("last_event_at") }} as last_event_at

    from spans

)

select * from conflicts
