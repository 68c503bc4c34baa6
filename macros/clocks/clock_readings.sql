{#
    What an emitter's events say of its clock, as CTEs of base_event_log__clocks and
    base_event_log__corrected_times, which read the same. The last one is `readings`: one row per emitter and
    seq, times in milliseconds, because what follows is arithmetic.

    Accepted events alone: a copy that came later was received later and tells nothing. Where an emitter used
    a number twice, as a service does that starts with the same emitter_id again, seq is no order, and its
    clock is left as it is.
#}
{% macro clock_readings() %}
lines as (

    select *

    from {{ ref("base_event_log__typed_lines") }}

    where
        emitter_id is not null
        and seq is not null
        and quarantine_reason is null
        and not is_other_environment
        and {{ of_checked_emitters() }}
        and {{ on_days_of_checked_emitters("uncorrected_date") }}

),

duplicates as (

    select
        event_id,
        copy_token

    from {{ ref("base_event_log__copies") }}

    where copy_number > 1

),

accepted as (

    select
        lines.emitter_id,
        lines.seq,
        lines.event_id,
        lines.copy_token,
        lines.uncorrected_at,
        lines.uncorrected_source,
        lines.loaded_at,
        cast(lines.arrived_at as date) as arrived_date,
        coalesce(lines.received_at = lines.arrived_at, false) as is_received,
        lines.occurred_at < {{ earliest_credible("lines") }} as is_before_credible,
        {{ epoch_milliseconds("lines.occurred_at") }} as wall_ms,
        {{ epoch_milliseconds("lines.arrived_at") }} as arrived_ms,
        case
            when lines.received_at = lines.arrived_at
                then {{ milliseconds_between("lines.sent_at", "lines.received_at") }}
        end as send_delay_ms,
        case when lines.mono_milliseconds between 0 and {{ 10 * 366 * 86400000 }} then lines.mono_milliseconds end
            as mono_ms

    from lines

    left join duplicates
        on
            lines.event_id = duplicates.event_id
            and lines.copy_token = duplicates.copy_token

    where duplicates.event_id is null

),

numbered_twice as (

    select distinct emitter_id

    from (
        select emitter_id
        from accepted
        group by emitter_id, seq
        having count(*) > 1
    ) as repeated

),

readings as (

    select
        accepted.*,
        accepted.arrived_ms - accepted.wall_ms as delay_ms,
        coalesce(accepted.mono_ms, accepted.wall_ms) as own_ms

    from accepted

    left join numbered_twice
        on accepted.emitter_id = numbered_twice.emitter_id

    where numbered_twice.emitter_id is null

)
{%- endmacro %}
