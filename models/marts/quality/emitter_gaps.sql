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
        row_number() over (
            partition by emitter_id, seq
            order by loaded_at, received_at, event_id, event_name, event_at, robot_id
        ) as copy_number

    from {{ ref("base_event_log__lines") }}

    where
        emitter_id is not null
        and seq is not null
        and {{ affected("emitter") }}
        and ({{ affected("emitter", id=false, date="event_date") }} or event_date is null)

),

received as (

    select *

    from lines

    where copy_number = 1

),

last_received as (

    select
        emitter_id,
        max(seq) as last_received_seq

    from received

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
        and {{ affected("emitter", id="last_emitter_id", date="event_date") }}

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
        event_id,
        event_name,
        robot_id,
        event_at,
        false as is_report
    from received

    union all

    select
        emitter_id,
        last_seq + 1 as seq,
        event_id,
        event_name,
        robot_id,
        event_at,
        true as is_report
    from lost_tails

),

neighbours as (

    select
        *,
        lag(seq) over (partition by emitter_id order by seq) as previous_seq,
        lag(event_id) over (partition by emitter_id order by seq) as previous_event_id,
        lag(event_name) over (partition by emitter_id order by seq) as previous_event_name,
        lag(event_at) over (partition by emitter_id order by seq) as previous_event_at,
        max(case when robot_id = split_part(emitter_id, '/', 2) then robot_id end) over (
            partition by emitter_id
        ) as emitting_robot_id

    from known

),

gaps as (

    select
        ----------  ids
        cast(emitter_id as varchar(256)) as emitter_id,
        emitting_robot_id as robot_id,
        previous_event_id as event_before_id,
        event_id as event_after_id,

        ----------  text
        cast(split_part(emitter_id, '/', 1) as varchar(128)) as service,
        cast(
            case
                when is_report then 'tail'
                when previous_seq is null then 'head'
                else 'middle'
            end as varchar(8)
        ) as place,
        previous_event_name as event_before_name,
        event_name as event_after_name,

        ----------  numerics
        coalesce(previous_seq, 0) + 1 as first_missing_seq,
        seq - 1 as last_missing_seq,
        seq - 1 - coalesce(previous_seq, 0) as missing_count,

        ----------  timestamps
        {{ utc_timestamptz("previous_event_at") }} as event_before_at,
        {{ utc_timestamptz("event_at") }} as event_after_at

    from neighbours

    where seq > coalesce(previous_seq, 0) + 1

)

select * from gaps
