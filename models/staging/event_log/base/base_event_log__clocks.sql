{{
    config(
        materialized="incremental",
        incremental_predicates=["{{ rows_of_checked_emitters() }}"],
        dist="emitter_id",
        sort="emitter_id",
    )
}}

{% set threshold = (1000 * var("clock_offset_threshold_seconds")) | int %}
{% set longest_backlog = (86400000 * var("longest_backlog_days")) | int %}
{% set days_of_run = "partition by emitter_id, run_number" %}

with

{{ clock_readings() }},

neighbours as (

    select
        *,
        lag(wall_ms) over (partition by emitter_id order by seq) as previous_wall_ms,
        lag(mono_ms) over (partition by emitter_id order by seq) as previous_mono_ms,
        lag(delay_ms) over (partition by emitter_id order by seq) as previous_delay_ms,
        lag(delay_ms, 2) over (partition by emitter_id order by seq) as earlier_delay_ms,
        lag(arrived_ms) over (partition by emitter_id order by seq) as previous_arrived_ms,
        lag(arrived_ms, 2) over (partition by emitter_id order by seq) as earlier_arrived_ms

    from readings

),

-- A clock that is set anew is another clock from there on. It was set back where it tells an earlier time than
-- before; and forward where it is suddenly ahead of the receiver's, after events that arrived one by one at
-- the right time. A delay longer than any backlog is neither: one of the two clocks was wrong.
set_anew as (

    select
        *,
        case
            when previous_delay_ms is null then 0
            when mono_ms < previous_mono_ms - {{ threshold }} then 1
            when abs((arrived_ms - mono_ms) - (previous_arrived_ms - previous_mono_ms)) > {{ longest_backlog }} then 1
            when mono_ms is not null and previous_mono_ms is not null then 0
            when wall_ms < previous_wall_ms - {{ threshold }} then 1
            when abs(delay_ms - previous_delay_ms) > {{ longest_backlog }} then 1
            when
                delay_ms < -{{ threshold }}
                and previous_delay_ms >= -{{ threshold }}
                and abs(previous_delay_ms - earlier_delay_ms) <= {{ threshold }}
                and previous_arrived_ms - earlier_arrived_ms > 5 * {{ threshold }}
                then 1
            else 0
        end as is_set_anew

    from neighbours

),

runs as (

    select
        *,
        sum(is_set_anew) over (
            partition by emitter_id
            order by seq
            rows between unbounded preceding and current row
        ) as run_number

    from set_anew

),

-- Where many events show the clock to be right, a few that show it ahead were received by a wrong clock.
checked as (

    select
        emitter_id,
        run_number,
        arrived_date,
        count(*) as event_count,
        min(seq) as first_seq,
        max(seq) as last_seq,
        {{ is_evidence("is_received and abs(delay_ms) <= " ~ threshold) }} as is_shown_right,
        {{ is_evidence("is_received and delay_ms < -" ~ threshold) }} as is_shown_ahead

    from runs

    group by emitter_id, run_number, arrived_date

),

witnesses as (

    select
        runs.*,
        checked.event_count,
        checked.first_seq,
        checked.last_seq,
        checked.is_shown_right and not checked.is_shown_ahead as is_right

    from runs

    inner join checked
        on
            runs.emitter_id = checked.emitter_id
            and runs.run_number = checked.run_number
            and runs.arrived_date = checked.arrived_date

    where not (checked.is_shown_right and not checked.is_shown_ahead and runs.delay_ms < -{{ threshold }})

),

leasts as (

    select
        emitter_id,
        run_number,
        arrived_date,
        count(*) - count(mono_ms) as without_mono_count,
        min(send_delay_ms) as least_send_delay_ms,
        min(case when is_received then arrived_ms - mono_ms end) as least_epoch_ms,
        min(case when is_received then delay_ms end) as least_received_delay_ms,
        min(delay_ms) as least_delay_ms

    from witnesses

    group by emitter_id, run_number, arrived_date

),

near_least as (

    select
        witnesses.*,
        leasts.without_mono_count,
        leasts.least_send_delay_ms,
        leasts.least_epoch_ms,
        leasts.least_received_delay_ms,
        leasts.least_delay_ms

    from witnesses

    inner join leasts
        on
            witnesses.emitter_id = leasts.emitter_id
            and witnesses.run_number = leasts.run_number
            and witnesses.arrived_date = leasts.arrived_date

),

days as (

    select
        emitter_id,
        run_number,
        arrived_date,
        min(event_count) as event_count,
        min(first_seq) as first_seq,
        min(last_seq) as last_seq,
        min(without_mono_count) as without_mono_count,
        min(least_send_delay_ms) as least_send_delay_ms,
        min(least_epoch_ms) as least_epoch_ms,
        min(least_received_delay_ms) as least_received_delay_ms,
        min(least_delay_ms) as least_delay_ms,
        min(wall_ms - mono_ms) as least_wall_epoch_ms,
        max(wall_ms - mono_ms) as greatest_wall_epoch_ms,
        max(case when is_right then 1 else 0 end) = 1 as is_right,
        max(case when is_before_credible then 1 else 0 end) = 1 as is_before_credible,
        {{ is_evidence("send_delay_ms <= least_send_delay_ms + " ~ threshold) }} as is_sending_evidence,
        {{ is_evidence("is_received and arrived_ms - mono_ms <= least_epoch_ms + " ~ threshold) }} as is_mono_evidence,
        {{ is_evidence("is_received and delay_ms <= least_received_delay_ms + " ~ threshold) }} as is_receipt_evidence

    from near_least

    group by emitter_id, run_number, arrived_date

),

based as (

    select
        *,
        case
            when without_mono_count = 0 and is_mono_evidence then 'mono_ms'
            when least_send_delay_ms is not null then 'sent_at'
            when without_mono_count = 0 and least_epoch_ms is not null then 'mono_ms'
            when least_received_delay_ms is not null then 'received_at'
            else 'loaded_at'
        end as basis

    from days

),

-- In tenths of a second, downwards: an event is never put after its receipt.
estimated as (

    select
        *,
        basis = 'mono_ms' as is_by_mono,
        100 * cast(floor(
            case basis
                when 'mono_ms' then least_epoch_ms
                when 'sent_at' then least_send_delay_ms
                when 'received_at' then least_received_delay_ms
                else least_delay_ms
            end / 100.0
        ) as bigint) as estimate_ms,
        case basis
            when 'mono_ms' then is_mono_evidence
            when 'sent_at' then is_sending_evidence
            when 'received_at' then is_receipt_evidence
            else false
        end as is_proven

    from based

),

near_days as (

    select
        *,
        max(case when is_proven then arrived_date end) over (
            {{ days_of_run }}, is_by_mono
            order by arrived_date
            rows between unbounded preceding and 1 preceding
        ) as proven_before_date,
        min(case when is_proven then arrived_date end) over (
            {{ days_of_run }}, is_by_mono
            order by arrived_date
            rows between 1 following and unbounded following
        ) as proven_after_date

    from estimated

),

-- A day that proves nothing has the clock of the nearest one that does. Its own least delay is a bound still:
-- no event happens after it was received.
resolved as (

    select
        near_days.*,
        near_days.is_proven or proven.estimate_ms <= near_days.estimate_ms as is_sound,
        case
            when near_days.is_proven then near_days.estimate_ms
            when proven.estimate_ms is not null then least(proven.estimate_ms, near_days.estimate_ms)
            when near_days.is_before_credible then near_days.estimate_ms
            when near_days.is_by_mono and near_days.greatest_wall_epoch_ms > near_days.estimate_ms + {{ threshold }}
                then near_days.estimate_ms
            when not near_days.is_by_mono and near_days.estimate_ms < -{{ threshold }} then near_days.estimate_ms
        end as resolved_ms

    from near_days

    left join estimated as proven
        on
            near_days.emitter_id = proven.emitter_id
            and near_days.run_number = proven.run_number
            and near_days.is_by_mono = proven.is_by_mono
            and coalesce(near_days.proven_before_date, near_days.proven_after_date) = proven.arrived_date
            and proven.is_proven

),

clocks as (

    select
        ----------  ids
        emitter_id,

        ----------  text
        cast(basis as varchar(16)) as basis,

        ----------  numerics
        cast(run_number as bigint) as run_number,
        first_seq,
        last_seq,
        event_count,
        case when not is_by_mono then resolved_ms end as offset_ms,
        case when is_by_mono then resolved_ms end as mono_epoch_ms,

        ----------  booleans
        coalesce(is_sound, false) as is_sound,
        is_right,
        coalesce(
            case
                when is_by_mono
                    then
                        greatest_wall_epoch_ms > resolved_ms + {{ threshold }}
                        or least_wall_epoch_ms < resolved_ms - {{ threshold }}
                else abs(resolved_ms) > {{ threshold }}
            end,
            false
        ) as is_corrected,

        ----------  timestamps
        arrived_date

    from resolved

)

select * from clocks
