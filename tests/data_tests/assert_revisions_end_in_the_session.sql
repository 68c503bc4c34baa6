-- The last revision of a session has the session's outcome, where an ending of its own tells that, and the
-- revisions add up to its counts.
with

summed as (

    select
        delivery_id,
        max(revision_number) as revision_count,
        sum(added_event_count) as event_count,
        sum(added_error_count) as error_count
    from {{ ref("session_revisions") }}
    group by delivery_id

)

select
    sessions.delivery_id,
    sessions.session_revision,
    summed.revision_count,
    sessions.outcome,
    revisions.outcome as last_outcome

from {{ ref("delivery_sessions") }} as sessions

left join summed
    on sessions.delivery_id = summed.delivery_id

left join {{ ref("session_revisions") }} as revisions
    on
        sessions.delivery_id = revisions.delivery_id
        and sessions.session_revision = revisions.revision_number

left join {{ ref("delivery_session_events") }} as errors
    on
        revisions.delivery_id = errors.delivery_id
        and revisions.first_error_event_id = errors.event_id

where
    sessions.session_revision <> coalesce(summed.revision_count, 0)
    or sessions.event_count <> coalesce(summed.event_count, 0)
    or sessions.error_count <> coalesce(summed.error_count, 0)
    or (sessions.outcome_basis = 'reported' and sessions.outcome <> coalesce(revisions.outcome, ''))
    or coalesce(sessions.first_error_code, '') <> coalesce(errors.error_code, '')
