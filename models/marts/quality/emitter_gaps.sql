{{ rebuilt_by("emitter") }}
{{ config(dist="even", sort=["emitter_id", "first_missing_seq"]) }}

{% set reported = registry_fields() | selectattr("name", "equalto", "last_emitter_id") | list %}

with

-- Quarantined lines and duplicates too, because they arrived.
lines as (

    select
        emitter_id,
        seq,
        event_id,
        event_name,
        robot_id,
        coalesce(event_at, received_at) as event_at,
        loaded_at,
        received_at

    from {{ ref("base_event_log__lines") }}

    where
        emitter_id is not null
        and seq is not null
        and line_status <> 'other_environment'
        and {{ affected("emitter", date="uncorrected_date") }}

),

received as (

    select distinct
        emitter_id,
        seq

    from lines

),

last_received as (

    select
        emitter_id,
        max(seq) as last_received_seq

    from received

    group by emitter_id

),

emitting_robots as (

    select
        emitter_id,
        max(robot_id) as robot_id

    from lines

    where robot_id = {{ emitter_part("emitter_id", 2) }}

    group by emitter_id

),

-- Events of other emitters that report the last seq of one; the highest report counts.
reports as (

    select
        last_emitter_id as emitter_id,
        last_seq,
        event_id,
        event_name,
        robot_id,
        event_at,
        row_number() over (
            partition by last_emitter_id
            order by last_seq desc, event_at asc, event_id asc
        ) as report_number

    from {{ ref("base_event_log__events") }}

    where
        event_name in ('{{ events_with(reported) | join("', '") }}')
        and last_emitter_id is not null
        and last_seq is not null
        and {{ affected("emitter", id="last_emitter_id", date="uncorrected_date") }}

),

lost_tails as (

    select reports.*

    from reports

    left join last_received
        on reports.emitter_id = last_received.emitter_id

    where
        reports.report_number = 1
        and reports.last_seq > coalesce(last_received.last_received_seq, 0)

),

-- A lost tail becomes a gap before an event that would have come next; the report stands for it.
known as (

    select
        emitter_id,
        seq,
        false as is_report
    from received

    union all

    select
        emitter_id,
        last_seq + 1 as seq,
        true as is_report
    from lost_tails

),

neighbours as (

    select
        *,
        lag(seq) over (partition by emitter_id order by seq) as previous_seq

    from known

),

missing as (

    select
        *,
        seq - 1 - coalesce(previous_seq, 0) > {{ var("longest_gap_events") }} as is_jump

    from neighbours

    where seq > coalesce(previous_seq, 0) + 1

),

bounds as (

    select
        emitter_id,
        seq
    from missing

    union

    select
        emitter_id,
        previous_seq as seq
    from missing
    where previous_seq is not null

),

-- Only the lines beside a gap are put in order: all others are nobody's neighbours.
numbered as (

    select
        lines.*,
        row_number() over (
            partition by lines.emitter_id, lines.seq
            order by
                lines.loaded_at,
                lines.received_at,
                lines.event_id,
                lines.event_name,
                lines.event_at,
                lines.robot_id
        ) as copy_number

    from lines

    inner join bounds
        on
            lines.emitter_id = bounds.emitter_id
            and lines.seq = bounds.seq

),

copies as (

    select *

    from numbered

    where copy_number = 1

),

gaps as (

    select
        ----------  ids
        cast(missing.emitter_id as varchar(256)) as emitter_id,
        coalesce(
            emitting_robots.robot_id,
            case when lost_tails.robot_id = {{ emitter_part("missing.emitter_id", 2) }} then lost_tails.robot_id end
        ) as robot_id,
        before_gap.event_id as event_before_id,
        coalesce(lost_tails.event_id, after_gap.event_id) as event_after_id,

        ----------  text
        cast({{ emitter_part("missing.emitter_id", 1) }} as varchar(128)) as service,
        cast(
            case
                when missing.is_jump then 'jump'
                when missing.is_report then 'tail'
                when missing.previous_seq is null then 'head'
                else 'middle'
            end as varchar(8)
        ) as place,
        before_gap.event_name as event_before_name,
        coalesce(lost_tails.event_name, after_gap.event_name) as event_after_name,

        ----------  numerics
        coalesce(missing.previous_seq, 0) + 1 as first_missing_seq,
        missing.seq - 1 as last_missing_seq,
        case when missing.is_jump then 0 else missing.seq - 1 - coalesce(missing.previous_seq, 0) end as missing_count,

        ----------  timestamps
        {{ utc_timestamptz("before_gap.event_at") }} as event_before_at,
        {{ utc_timestamptz("case when missing.is_report then lost_tails.event_at else after_gap.event_at end") }}
            as event_after_at

    from missing

    left join copies as before_gap
        on
            missing.emitter_id = before_gap.emitter_id
            and missing.previous_seq = before_gap.seq

    left join copies as after_gap
        on
            missing.emitter_id = after_gap.emitter_id
            and missing.seq = after_gap.seq

    left join lost_tails
        on
            missing.emitter_id = lost_tails.emitter_id
            and missing.is_report

    left join emitting_robots
        on missing.emitter_id = emitting_robots.emitter_id

)

select * from gaps
