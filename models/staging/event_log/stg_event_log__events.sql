with

events as (

    select * from {{ ref("base_event_log__events") }}

),

summarised as (

    select
        ----------  ids
        event_id,
        {% for id in registry_ids() %}
            {{ id.name }},
        {% endfor %}
        emitter_id,
        trace_id,

        ----------  text
        event_name,
        stream,
        brief,
        coalesce(message, brief) as summary,
        severity,
        funnel_step,
        ends_delivery,
        service,
        env,
        service_version,
        time_source,
        reason,
        disposition,
        cancelled_by,
        fulfilled_by,
        error_code,
        component,
        from_mode,
        to_mode,
        from_state,
        to_state,
        state,
        software_version,
        hardware_version,

        ----------  numerics
        event_version,
        seq,
        clock_offset_seconds,
        event_at_uncertainty_ms,

        ----------  booleans
        is_sign_of_life,
        has_derived_event_id,
        severity = 'error' as is_error,
        is_failure,
        dispatchable,

        ----------  timestamps
        event_date,
        event_at,
        occurred_at,
        received_at,
        loaded_at

    from events

)

select * from summarised
