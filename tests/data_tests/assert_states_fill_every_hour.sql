-- The states of a robot fill each of its hours exactly: no second is missing, none counts twice.
select
    robot_id,
    hour_at,
    sum(duration_seconds) as duration_seconds

from {{ ref("supply_hours") }}

group by robot_id, hour_at

having sum(duration_seconds) <> 3600
