-- Which deliveries had a robot error within two minutes of arriving at the customer?
-- One row per delivery, the latest arrival first.
select
    delivery_id,
    robot_id,
    outcome,
    probable_cause,
    first_error_code,
    seconds_from_error_to_arrival,
    dropoff_arrived_at

from {{ ref("delivery_sessions") }}

where abs(seconds_from_error_to_arrival) <= 120

order by dropoff_arrived_at desc
