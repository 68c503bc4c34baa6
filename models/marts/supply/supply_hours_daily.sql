{{ rebuilt_by("robot_day", id=false, date="supply_date") }}
{{ config(dist="all", sort="supply_date") }}

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

with

supply_hours as (

    select
        *,
        cast(hour_at at time zone 'UTC' as date) as supply_date
    from {{ ref("supply_hours") }}

    where {{ affected("robot_day", id=false, at="hour_at") }}

),

summed as (

    select
        supply_date,
        market,
        count(distinct robot_id) as robot_count,
        sum(usable_seconds) as usable_seconds,
        sum(ready_seconds) as ready_seconds,
        sum(busy_seconds) as busy_seconds,
        {% for column, classes in state_classes.items() %}
            sum(case when state_class in ({{ classes }}) then duration_seconds else 0 end) as {{ column }}_seconds,
        {% endfor %}
        sum(duration_seconds) as total_seconds

    from supply_hours

    group by supply_date, market

),

daily as (

    select
        ----------  ids
        supply_date,
        cast(market as varchar(64)) as market,

        ----------  numerics
        cast(robot_count as integer) as robot_count,
        {{ seconds_to_hours("usable_seconds") }} as usable_hours,
        {{ seconds_to_hours("ready_seconds") }} as ready_hours,
        {{ seconds_to_hours("busy_seconds") }} as busy_hours,
        {{ seconds_to_hours("supply_seconds - usable_seconds") }} as not_dispatchable_hours,
        {{ seconds_to_hours("support_seconds") }} as support_hours,
        {{ seconds_to_hours("unplanned_down_seconds") }} as unplanned_down_hours,
        {{ seconds_to_hours("planned_down_seconds") }} as planned_down_hours,
        {{ seconds_to_hours("unknown_seconds") }} as unknown_hours,
        {{ seconds_to_hours("out_of_service_seconds") }} as out_of_service_hours,
        {{ seconds_to_hours("out_of_fleet_seconds") }} as out_of_fleet_hours,
        {{ seconds_to_hours("unobserved_seconds") }} as unobserved_hours,
        {{ seconds_to_hours("total_seconds") }} as total_hours

    from summed

)

select * from daily
