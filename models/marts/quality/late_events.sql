{{ rebuilt_by("session", at="event_at") }}
{{ config(dist="delivery_id", sort="event_at") }}

with

session_events as (

    select *

    from {{ ref("delivery_session_events") }}

    where {{ affected("session", at="event_at") }}

),

revisions_after_end as (

    select *

    from {{ ref("session_revisions") }}

    where is_after_end

),

late as (

    select
        session_events.*,
        revisions_after_end.end_loaded_at,
        revisions_after_end.revision_number,
        {{ milliseconds_between("session_events.event_at", "session_events.loaded_at") }} as loading_milliseconds,
        session_events.event_id = revisions_after_end.outcome_event_id
        and revisions_after_end.is_outcome_changed as is_new_outcome,

        -- Whether this load brought the first error of all events loaded by then.
        session_events.event_id = revisions_after_end.first_error_event_id as is_new_first_error

    from session_events

    inner join revisions_after_end
        on
            session_events.delivery_id = revisions_after_end.delivery_id
            and session_events.loaded_at = revisions_after_end.loaded_at

),

late_events as (

    select
        ----------  ids
        delivery_id,
        event_id,
        robot_id,

        ----------  text
        event_name,
        match_method,
        cast(
            case
                when loading_milliseconds < {{ 3600 * 1000 }} then 'under_1_hour'
                when loading_milliseconds < {{ 6 * 3600 * 1000 }} then 'under_6_hours'
                when loading_milliseconds < {{ 24 * 3600 * 1000 }} then 'under_1_day'
                when loading_milliseconds < {{ 3 * 24 * 3600 * 1000 }} then 'under_3_days'
                when loading_milliseconds < {{ 7 * 24 * 3600 * 1000 }} then 'under_7_days'
                else '7_days_or_more'
            end as varchar(16)
        ) as lateness_bucket,

        ----------  numerics
        revision_number,
        {{ milliseconds_to_seconds("loading_milliseconds") }} as event_to_load_seconds,
        {{ seconds_between("event_at", "received_at") }} as event_to_receipt_seconds,

        ----------  booleans
        is_error,
        coalesce(is_new_outcome, false) as has_changed_outcome,
        coalesce(is_new_first_error, false) as has_changed_first_error,
        event_name in ('dispatch.assigned', 'dispatch.unassigned') as is_assignment,

        ----------  timestamps
        event_at,
        received_at,
        end_loaded_at,
        loaded_at

    from late

)

select * from late_events

{{ in_sort_order() }}
