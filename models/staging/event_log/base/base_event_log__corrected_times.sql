{{
    config(
        materialized="incremental",
        incremental_predicates=["{{ rows_of_checked_emitters() }}"],
        dist="event_id",
        sort="processed_run",
    )
}}

{% set threshold = (1000 * var("clock_offset_threshold_seconds")) | int %}
{% set longest_backlog = (86400000 * var("longest_backlog_days")) | int %}

with

{{ clock_readings() }},

clocks as (

    select *

    from {{ ref("base_event_log__clocks") }}

    where {{ of_checked_emitters() }}

),

placed as (

    select
        readings.*,
        clocks.is_sound,
        clocks.is_right and readings.delay_ms < -{{ threshold }} as is_misplaced,
        case
            when not clocks.is_corrected then null
            when clocks.mono_epoch_ms is not null then 'mono_ms'
            -- What no clock can explain stays where it is.
            when readings.delay_ms - clocks.offset_ms between -{{ threshold }} and {{ longest_backlog }}
                then 'clock_offset'
        end as correction,
        coalesce(clocks.offset_ms, clocks.mono_epoch_ms + readings.mono_ms - readings.wall_ms) as offset_ms

    from readings

    left join clocks
        on
            readings.emitter_id = clocks.emitter_id
            and readings.arrived_date = clocks.arrived_date
            and readings.seq between clocks.first_seq and clocks.last_seq

),

-- NULL where neither the emitter's clock nor its offset tells the time: then the events before and after do.
told as (

    select
        *,
        case
            when correction is not null then wall_ms + offset_ms
            when uncorrected_source = 'occurred_at' and not coalesce(is_misplaced, false) then wall_ms
        end as told_ms

    from placed

),

-- No event happened after a later one of the same emitter was received.
bounded as (

    select
        *,
        min(arrived_ms) over (
            partition by emitter_id
            order by seq
            rows between current row and unbounded following
        ) as arrived_by_ms,
        min(case when told_ms <= arrived_ms + {{ threshold }} then arrived_ms + {{ threshold }} end) over (
            partition by emitter_id
            order by seq
            rows between current row and unbounded following
        ) as told_by_ms

    from told

),

capped as (

    select
        *,
        case when told_ms is not null then least(told_ms, told_by_ms) end as capped_ms

    from bounded

),

-- Nor before an earlier one happened.
enclosed as (

    select
        *,
        max(capped_ms) over (
            partition by emitter_id
            order by seq
            rows between unbounded preceding and current row
        ) as from_ms,
        min(capped_ms) over (
            partition by emitter_id
            order by seq
            rows between current row and unbounded following
        ) as to_ms

    from capped

),

ordered as (

    select
        *,
        case
            when told_ms is not null then from_ms
            else greatest(from_ms, least(arrived_by_ms, to_ms))
        end as event_ms

    from enclosed

),

corrected as (

    select
        *,
        case when event_ms = told_ms and correction is not null then correction else 'seq' end as time_source,
        case
            when correction is not null then offset_ms
            when told_ms is not null then 0
        end as known_offset_ms,
        case
            when told_ms is null then to_ms - from_ms + {{ threshold }}
            when correction is null or is_sound then abs(event_ms - told_ms) + {{ threshold }}
        end as uncertainty_ms

    from ordered

    where
        correction is not null
        or event_ms <> {{ epoch_milliseconds("uncorrected_at") }}

),

timed as (

    select
        event_id,
        copy_token,
        emitter_id,
        cast(time_source as varchar(16)) as time_source,
        {{ milliseconds_to_seconds("known_offset_ms") }} as clock_offset_seconds,
        cast(uncertainty_ms as bigint) as event_at_uncertainty_ms,
        {{ from_epoch_milliseconds("event_ms") }} as event_at,
        uncorrected_at,
        loaded_at

    from corrected

),

{% if is_incremental() %}

known as (

    select
        *,
        -- What runs since the last completed one made of the line, all of it.
        processed_run > {{ last_complete_run() }} as is_recent

    from {{ this }}

    where {{ of_checked_emitters() }}

),

compared as (

    select
        timed.*,
        true as is_corrected,
        known.processed_run as known_run,
        known.previous_first_at,
        known.previous_last_at,
        case when known.is_recent then known.previous_first_at end as recent_first_at,
        case when known.is_recent then known.previous_last_at end as recent_last_at,
        coalesce(
            known.event_at,
            case when {{ was_read_before("timed.loaded_at") }} then timed.uncorrected_at end
        ) as known_at,
        coalesce(
            known.is_corrected
            and known.event_at = timed.event_at
            and known.time_source = timed.time_source
            and coalesce(known.clock_offset_seconds = timed.clock_offset_seconds,
                known.clock_offset_seconds is null and timed.clock_offset_seconds is null)
            and coalesce(known.event_at_uncertainty_ms = timed.event_at_uncertainty_ms,
                known.event_at_uncertainty_ms is null and timed.event_at_uncertainty_ms is null),
            false
        ) as is_unchanged

    from timed

    left join known
        on
            timed.event_id = known.event_id
            and timed.copy_token = known.copy_token

    union all

    -- A line that is right without correction now; it was elsewhere before.
    select
        known.event_id,
        known.copy_token,
        known.emitter_id,
        known.time_source,
        known.clock_offset_seconds,
        known.event_at_uncertainty_ms,
        known.uncorrected_at as event_at,
        known.uncorrected_at,
        known.loaded_at,
        false as is_corrected,
        known.processed_run as known_run,
        known.previous_first_at,
        known.previous_last_at,
        case when known.is_recent then known.previous_first_at end as recent_first_at,
        case when known.is_recent then known.previous_last_at end as recent_last_at,
        known.event_at as known_at,
        not known.is_corrected as is_unchanged
    from known
    left join timed
        on
            known.event_id = timed.event_id
            and known.copy_token = timed.copy_token
    where timed.event_id is null

),

{% endif %}

corrected_times as (

    select
        ----------  ids
        event_id,
        emitter_id,

        ----------  text
        time_source,

        ----------  numerics
        copy_token,
        clock_offset_seconds,
        event_at_uncertainty_ms,

        {% if is_incremental() %}
            case when is_unchanged then known_run else cast({{ this_run() }} as bigint) end as processed_run,

            ----------  booleans
            is_corrected,

            ----------  timestamps
            case when is_unchanged then previous_first_at else least(recent_first_at, known_at) end
                as previous_first_at,
            case when is_unchanged then previous_last_at else greatest(recent_last_at, known_at) end
                as previous_last_at,
        {% else %}
            cast({{ this_run() }} as bigint) as processed_run,

            ----------  booleans
            true as is_corrected,

            ----------  timestamps
            cast(null as timestamp) as previous_first_at,
            cast(null as timestamp) as previous_last_at,
        {% endif %}
        event_at,
        uncorrected_at,
        loaded_at

    from {{ "compared" if is_incremental() else "timed" }}

)

select * from corrected_times
