{#
    Which rows of base_event_log__typed_lines this run deletes and reads again: none on an ordinary night.

    replay_quarantine: true     every quarantined line, after a fix of the registry, say
    backfill_from, backfill_to  every line of these loads

    Raw lines of a backfilled load, or before it, that were never read are found by run_window_start() and _end().
#}
{% macro lines_to_read_again() -%}
    {%- if var("replay_quarantine") -%}
    quarantine_reason is not null
    {%- elif var("backfill_from") -%}
    loaded_at > '{{ var("backfill_from") }}' and loaded_at <= '{{ var("backfill_to") }}'
    {%- endif -%}
{%- endmacro %}

{#
    The event_ids of lines that were read since the last completed run, and other ids of the same events, as a
    query for base_event_log__copies.
#}
{% macro ids_of_new_lines() -%}
    select new_lines.event_id
    from {{ ref("base_event_log__typed_lines") }} as new_lines
    where new_lines.processed_run > {{ last_completed_run() }} and new_lines.event_id is not null

    {% if has_erased_lines() %}
    union all

    select erased.event_id
    from {{ erased_lines() }} as erased
    where erased.event_id is not null and {{ is_erased_anew() }}

    {% endif %}
    union all

    -- An event whose line has no event_id is the same as another of its emitter with its seq.
    select namesakes.event_id
    from {{ ref("base_event_log__typed_lines") }} as namesakes
    inner join (
        select
            numbered.emitter_id,
            numbered.seq
        from {{ ref("base_event_log__typed_lines") }} as numbered
        where {{ affected_rows("checked_emitter", date="numbered.uncorrected_date", id="numbered.emitter_id") }}
        group by numbered.emitter_id, numbered.seq
        having
            max(case when numbered.has_derived_event_id then 1 else 0 end) = 1
            and max(numbered.processed_run) > {{ last_completed_run() }}
    ) as without_id
        on
            namesakes.emitter_id = without_id.emitter_id
            and namesakes.seq = without_id.seq
    where
        namesakes.event_id is not null
        and {{ affected_rows("checked_emitter", date="namesakes.uncorrected_date", id=false) }}

    union all

    select others.event_id
    from {{ this }} as others
    inner join {{ this }} as mine
        on others.identity_id = mine.identity_id
    where
        mine.event_id in (
            select renewed.event_id
            from {{ ref("base_event_log__typed_lines") }} as renewed
            where renewed.processed_run > {{ last_completed_run() }}
        )
{%- endmacro %}

{# The event_ids of lines that this run put at another time, as a query. #}
{% macro ids_of_corrected_times() -%}
    select corrected_times.event_id
    from {{ ref("base_event_log__corrected_times") }} as corrected_times
    where corrected_times.processed_run > {{ last_completed_run() }}
{%- endmacro %}
