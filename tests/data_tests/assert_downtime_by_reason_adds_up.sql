-- Both daily tables put a robot's downtime into the same market: by day, market and state class the
-- reasons add up to the hours of supply_hours_daily, to the millisecond.
with

compared as (

    select
        local_date,
        market,
        'unplanned_down' as state_class,
        unplanned_down_hours as hours
    from {{ ref("supply_hours_daily") }}

    union all

    select
        local_date,
        market,
        'planned_down' as state_class,
        planned_down_hours as hours
    from {{ ref("supply_hours_daily") }}

    union all

    select
        local_date,
        market,
        state_class,
        -1 * downtime_hours as hours
    from {{ ref("downtime_reasons_daily") }}

)

select
    local_date,
    market,
    state_class,
    sum(hours) as hours_apart

from compared

group by local_date, market, state_class

having abs(sum(hours)) * 3600000 > 0.5
