select
    delivery_id,
    robot_id,
    market,
    outcome,
    probable_cause,
    first_error_code,
    seconds_from_error_to_arrival,
    dropoff_arrived_at
from $marts.delivery_sessions
where
    abs(seconds_from_error_to_arrival) <= cast({{seconds-near-arrival}} as double precision)
    $and_own_market
