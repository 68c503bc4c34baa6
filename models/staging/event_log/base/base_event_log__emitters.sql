{{
    config(
        materialized="incremental",
        unique_key="emitter_id",
        dist="all",
        sort="processed_run",
    )
}}

{% set reported = registry_fields() | selectattr("name", "equalto", "last_emitter_id") | list %}
{% set reports = "event_name in ('" ~ events_with(reported) | join("', '") ~ "')" %}

{% set erased_emitters = emitters_of_erased_lines() | replace("union all", "", 1) %}

with

lines as (

    select
        emitter_id,
        -- A line whose time cannot be read lies on the day it arrived, and is to be found there.
        coalesce(uncorrected_at, arrived_at) as uncorrected_at,
        event_name,
        last_emitter_id

    from {{ ref("base_event_log__typed_lines") }}

    where
        not is_other_environment
    {% if is_incremental() %}
        and (
            processed_run > {{ last_completed_run() }}
            {% if has_erased_lines() %}
            -- The first or the last line of these may be gone.
            or emitter_id in (select erased.emitter_id from ({{ erased_emitters }}) as erased)
            or last_emitter_id in (select erased.emitter_id from ({{ erased_emitters }}) as erased)
            {% endif %}
        )
    {% endif %}

),

-- Quarantined lines and duplicates too, because they show that the emitter was running.
named as (

    select
        emitter_id,
        uncorrected_at
    from lines

    union all

    -- Events of other emitters report the last seq of one.
    select
        last_emitter_id as emitter_id,
        uncorrected_at
    from lines
    where {{ reports }}

),

-- The first time only gets earlier and the last one later, so the rows of this model and the new lines are enough.
-- That is so because they are the times of the lines alone, which no later line corrects.
seen as (

    select
        emitter_id,
        uncorrected_at as first_event_at,
        uncorrected_at as last_event_at
    from named
    where emitter_id is not null

    {% if is_incremental() %}
    union all

    select
        known.emitter_id,
        known.first_event_at,
        known.last_event_at
    from {{ this }} as known
    {% if has_erased_lines() %}
    left join ({{ erased_emitters }}) as erased
        on known.emitter_id = erased.emitter_id
    {% endif %}
    where
        known.emitter_id in (select named.emitter_id from named)
        {% if has_erased_lines() %}
        and erased.emitter_id is null
        {% endif %}
    {% endif %}

),

emitters as (

    select
        ----------  ids
        emitter_id,

        ----------  numerics
        cast({{ this_run() }} as bigint) as processed_run,

        ----------  timestamps
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at

    from seen

    group by emitter_id

)

select * from emitters
