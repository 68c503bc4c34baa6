{{ config(materialized="table", dist="even", sort="event_date") }}

{% set ranked_anew = "processed_run > " ~ last_completed_run() %}
{% set days_of_copies = days_in(ref("base_event_log__copies"), "uncorrected_date") %}

with

-- Events that this run read a copy of: which of their copies is the event may have changed.
ranked_anew as (

    select distinct event_id

    from {{ ref("base_event_log__copies") }}

    where {{ ranked_anew }}

),

lines as (

    select *

    from {{ ref("base_event_log__lines") }}

    where
        changed_run > {{ last_completed_run() }}
    {% if should_full_refresh() %}
        and 1 = 0
    {% endif %}

    union all

    select *

    from {{ ref("base_event_log__lines") }}

    where
        changed_run <= {{ last_completed_run() }}
        and event_id in (select ranked_anew.event_id from ranked_anew)
        and {{ on_days("uncorrected_date", days_of(days_of_copies ~ " where " ~ ranked_anew)) }}
    {% if should_full_refresh() %}
        and 1 = 0
    {% endif %}

),

-- Where earlier runs had the lines that were put at another time.
corrected_times as (

    select *

    from {{ ref("base_event_log__corrected_times") }}

    where
        processed_run > {{ last_completed_run() }}
        and previous_first_at is not null

),

times as (

    select
        *,
        event_date as affected_date,
        event_at as affected_at,
        false as is_outdated
    from lines

    union all

    select
        lines.*,
        cast(corrected_times.previous_first_at as date) as affected_date,
        corrected_times.previous_first_at as affected_at,
        true as is_outdated
    from lines
    inner join corrected_times
        on lines.event_id = corrected_times.event_id

    union all

    select
        lines.*,
        cast(corrected_times.previous_last_at as date) as affected_date,
        corrected_times.previous_last_at as affected_at,
        true as is_outdated
    from lines
    inner join corrected_times
        on lines.event_id = corrected_times.event_id

),

affected as (

    select
        ----------  ids
        event_id,
        order_id,
        delivery_id,
        robot_id,
        pilot_id,
        session_id,
        error_event_id,

        ----------  text
        event_name,
        line_status,

        ----------  booleans
        is_sign_of_life,
        is_outdated,

        ----------  timestamps
        affected_date as event_date,
        affected_at as event_at,
        received_at

    from times

    where line_status in ('accepted', 'duplicate')

    {% if has_erased_lines() %}
    union all

    -- What these lines told is to be told without them.
    select
        event_id,
        order_id,
        delivery_id,
        robot_id,
        pilot_id,
        session_id,
        error_event_id,
        event_name,
        line_status,
        is_sign_of_life,
        true as is_outdated,
        cast(event_at as date) as event_date,
        event_at,
        received_at
    from {{ erased_lines() }}
    where
        line_status in ('accepted', 'duplicate')
        and {{ is_erased_anew() }}
    {% endif %}

)

select * from affected
