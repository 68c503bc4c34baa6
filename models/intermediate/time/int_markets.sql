{{ config(materialized="table", dist="all", sort="market") }}

{% do check_markets(ref("markets")) %}

with

markets as (

    select * from {{ ref("markets") }}

),

hours_of_weekdays as (

    {% for day in weekdays() %}
        select
            market,
            name,
            time_zone,
            {{ loop.index0 }} as weekday_number,
            {{ day }} as service_hours
        from markets
        {{ "union all" if not loop.last }}
    {% endfor %}

),

timed as (

    select
        *,
        case when service_hours <> 'closed' then {{ minutes_of_day("service_hours", 1) }} else 0 end
            as opens_minutes,
        case when service_hours <> 'closed' then {{ minutes_of_day("service_hours", 7) }} else 0 end
            as closes_minutes

    from hours_of_weekdays

),

weekdays as (

    select
        ----------  ids
        market,

        ----------  text
        name as market_name,
        time_zone,

        ----------  numerics
        weekday_number,
        opens_minutes,
        -- Hours past midnight belong to the day on which they begin.
        case when closes_minutes < opens_minutes then closes_minutes + 1440 else closes_minutes end
            as closes_minutes

    from timed

)

select * from weekdays
