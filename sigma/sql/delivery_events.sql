select
    events.sequence_number,
    events.event_at,
    events.seconds_since_start,
    events.seconds_since_previous_event,
    events.stream,
    events.event_name,
    events.summary,
    events.robot_state,
    events.severity,
    events.match_method,
    events.is_ambiguous,
    events.is_first_error
from $marts.delivery_session_events as events
inner join $marts.delivery_sessions as sessions
    on events.delivery_id = sessions.delivery_id
where
    events.delivery_id = trim({{delivery-id}})
    $and_own_market
