-- Generated from registry/ by `fleet registry generate`; do not edit.

with

events as (

    select * from {{ ref('base_event_log__events') }}

),

filtered as (

    select

        ---------- ids
        event_id,
        market,
        emitter_id,

        ---------- text
        event_name,
        service,
        env,
        service_version,
        component,
        version,
        previous_version,
        kind,
        scope,

        ---------- numerics
        seq,

        ---------- timestamps
        event_date,
        event_at,
        occurred_at,
        received_at,
        loaded_at

    from events

    where stream = 'release'

)

select * from filtered
