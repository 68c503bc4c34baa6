select
    event_at,
    emitter_id,
    seq,
    stream,
    event_name,
    summary,
    robot_state,
    severity,
    delivery_id,
    error_code,
    service_version
from $marts.event_timeline
where
    robot_id = trim({{robot-id}})
    $and_own_market
