{{ rebuilt_by(["supply_day", "session"], id=false, date="local_date", around=1) }}
{{ config(dist="all", sort="local_date") }}

{% set state_classes = {
    "supply": "'supply'",
    "support": "'support'",
    "unplanned_down": "'unplanned_down'",
    "planned_down": "'planned_down'",
    "unknown": "'unknown'",
    "out_of_service": "'out_of_service'",
    "out_of_fleet": "'out_of_fleet'",
    "unobserved": "'unobserved'",
} %}
{% set sums = ["usable", "usable_in_service", "ready", "busy"] %}

with

robot_hours as (

    select *

    from {{ ref("robot_hours_daily") }}

    where {{ affected(["supply_day", "session"], id=false, date="local_date", around=1) }}

),

markets as (

    select distinct
        market,
        market_name,
        time_zone

    from {{ ref("int_markets") }}

),

-- A day reaches into the UTC days beside it.
completed_deliveries as (

    select
        robot_id,
        coalesce(market, 'unknown') as market,
        {{ utc_timestamp("coalesce(dropoff_completed_at, outcome_at)") }} as delivered_at

    from {{ ref("delivery_sessions") }}

    where
        outcome = 'completed'
        and robot_id is not null
        and {{ affected(
            ["supply_day", "session"],
            id=false,
            date=utc_date("coalesce(dropoff_completed_at, outcome_at)"),
            around=2,
        ) }}

),

delivered as (

    select distinct
        completed_deliveries.robot_id,
        completed_deliveries.market,
        {{ local_date("completed_deliveries.delivered_at", "markets.time_zone") }} as local_date

    from completed_deliveries

    left join markets
        on completed_deliveries.market = markets.market

),

unioned as (

    select
        local_date,
        market,
        robot_id,
        cast(null as varchar(64)) as active_robot_id,
        {% for column in sums %}
            {{ column }}_seconds,
        {% endfor %}
        usable_seconds_low,
        usable_seconds_high,
        {% for column, classes in state_classes.items() %}
            case when state_class in ({{ classes }}) then duration_seconds else 0 end as {{ column }}_seconds,
        {% endfor %}
        duration_seconds
    from robot_hours

    union all

    select
        local_date,
        market,
        cast(null as varchar(64)) as robot_id,
        robot_id as active_robot_id,
        {% for column in sums %}
            0 as {{ column }}_seconds,
        {% endfor %}
        0 as usable_seconds_low,
        0 as usable_seconds_high,
        {% for column in state_classes %}
            0 as {{ column }}_seconds,
        {% endfor %}
        0 as duration_seconds
    from delivered
    where {{ affected(["supply_day", "session"], id=false, date="local_date", around=1) }}

),

summed as (

    select
        local_date,
        market,
        count(distinct robot_id) as robot_count,
        count(distinct active_robot_id) as active_robot_count,
        {% for column in sums + state_classes.keys() | list %}
            sum({{ column }}_seconds) as {{ column }}_seconds,
        {% endfor %}
        sum(usable_seconds_low) as usable_seconds_low,
        sum(usable_seconds_high) as usable_seconds_high,
        sum(duration_seconds) as total_seconds

    from unioned

    group by local_date, market

),

daily as (

    select
        ----------  ids
        summed.local_date,
        cast(summed.market as varchar(64)) as market,

        ----------  text
        cast(coalesce(markets.market_name, summed.market) as varchar(128)) as market_name,
        cast(coalesce(markets.time_zone, 'UTC') as varchar(64)) as time_zone,

        ----------  numerics
        cast(summed.robot_count as integer) as robot_count,
        cast(summed.active_robot_count as integer) as active_robot_count,
        {{ seconds_to_hours("summed.usable_seconds") }} as usable_hours,
        {{ seconds_to_hours("summed.usable_seconds_low") }} as usable_hours_low,
        {{ seconds_to_hours("summed.usable_seconds_high") }} as usable_hours_high,
        {{ seconds_to_hours("summed.usable_in_service_seconds") }} as usable_in_service_hours,
        {{ ratio(seconds_to_hours("summed.usable_seconds"), "summed.active_robot_count") }}
            as usable_hours_per_active_robot,
        {{ seconds_to_hours("summed.ready_seconds") }} as ready_hours,
        {{ seconds_to_hours("summed.busy_seconds") }} as busy_hours,
        {{ seconds_to_hours("summed.supply_seconds - summed.usable_seconds") }} as not_dispatchable_hours,
        {{ seconds_to_hours("summed.support_seconds") }} as support_hours,
        {{ seconds_to_hours("summed.unplanned_down_seconds") }} as unplanned_down_hours,
        {{ seconds_to_hours("summed.planned_down_seconds") }} as planned_down_hours,
        {{ seconds_to_hours("summed.unknown_seconds") }} as unknown_hours,
        {{ seconds_to_hours("summed.out_of_service_seconds") }} as out_of_service_hours,
        {{ seconds_to_hours("summed.out_of_fleet_seconds") }} as out_of_fleet_hours,
        {{ seconds_to_hours("summed.unobserved_seconds") }} as unobserved_hours,
        {{ seconds_to_hours("summed.total_seconds") }} as total_hours

    from summed

    left join markets
        on summed.market = markets.market

)

select * from daily
