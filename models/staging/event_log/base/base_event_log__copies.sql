{{
    config(
        materialized="incremental",
        incremental_predicates=["event_id in (" ~ "{{ ids_of_new_lines() }}" ~ ")"],
        dist="event_id",
        sort="event_id",
    )
}}

with

lines as (

    select
        event_id,
        quarantine_reason,
        emitter_id,
        seq,
        occurred_at,
        received_at,
        source_file,
        loaded_at,
        copy_token

    from {{ ref("base_event_log__typed_lines") }}

    where
        event_id is not null
    {% if is_incremental() %}
        and event_id in ({{ ids_of_new_lines() }})
    {% endif %}

),

repeated as (

    select event_id

    from lines

    group by event_id

    having count(*) > 1

),

copies as (

    select
        ----------  ids
        lines.event_id,

        ----------  numerics
        lines.copy_token,
        -- The copy that was loaded first is the event, whatever arrives later: a night never takes back
        -- what an earlier night has published.
        case
            when lines.quarantine_reason is null
                then row_number() over (
                    partition by lines.event_id, lines.quarantine_reason
                    order by
                        lines.loaded_at,
                        lines.received_at,
                        lines.source_file,
                        lines.occurred_at,
                        lines.emitter_id,
                        lines.seq,
                        lines.copy_token
                )
        end as copy_number,
        cast({{ this_run() }} as bigint) as processed_run

    from lines

    inner join repeated
        on lines.event_id = repeated.event_id

)

select * from copies
