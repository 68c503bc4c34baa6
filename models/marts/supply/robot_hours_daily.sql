{{ rebuilt_by("supply_day", date="local_date", around=1) }}
{{ config(dist="robot_id", sort=["local_date", "robot_id"]) }}

with

-- A local day reaches into the UTC days beside it.
supply_hours as (

    select
        robot_id,
        market,
        state,
        state_class,
        reason,
        reason_class,
        {{ utc_timestamp("hour_at") }} as hour_at

    from {{ ref("supply_hours") }}

    where {{ affected("supply_day", date=utc_date("hour_at"), at="hour_at", around=2) }}

),

pieces as (

    select *

    from {{ ref("int_robot_state_hours") }}

    where {{ affected("supply_day", date="hour_date", around=2) }}

),

market_weekdays as (

    select * from {{ ref("int_markets") }}

),

time_zones as (

    select distinct
        market,
        time_zone

    from market_weekdays

),

market_hours as (

    select distinct
        supply_hours.market,
        supply_hours.hour_at,
        coalesce(time_zones.time_zone, 'UTC') as time_zone,
        3 as last_quarter

    from supply_hours

    left join time_zones
        on supply_hours.market = time_zones.market

),

-- Clocks change, and days begin, at whole quarters of an hour everywhere.
quarters as (

    select
        market_hours.market,
        market_hours.hour_at,
        market_hours.time_zone,
        {{ dbt.dateadd("minute", "15 * spans.span_offset", "market_hours.hour_at") }} as quarter_at

    from market_hours

    inner join {{ ref("int_spans") }} as spans
        on market_hours.last_quarter = spans.span

),

clocks as (

    select
        *,
        {{ local_timestamp("quarter_at", "time_zone") }} as local_at

    from quarters

),

-- Nearly every hour is of one local day and one distance from UTC, and stays whole.
parts as (

    select
        market,
        hour_at,
        cast(local_at as date) as local_date,
        {{ dbt.datediff("quarter_at", "local_at", "minute") }} as offset_minutes,
        min(quarter_at) as started_at,
        {{ dbt.dateadd("minute", 15, "max(quarter_at)") }} as ended_at

    from clocks

    group by
        market,
        hour_at,
        cast(local_at as date),
        {{ dbt.datediff("quarter_at", "local_at", "minute") }}

),

-- By the clock of the part, so that service hours on a day of 23 or 25 hours last as long as that clock says.
weekdays as (

    select
        *,
        cast(extract(dow from local_date) as integer) as weekday_number,
        cast(mod(cast(extract(dow from local_date) as integer) + 6, 7) as integer) as weekday_number_before,
        {{ dbt.dateadd("minute", "-1 * offset_minutes", "cast(local_date as timestamp)") }} as midnight_at

    from parts

),

-- Hours past midnight reach from the day before into this one.
service_hours as (

    select
        weekdays.market,
        weekdays.hour_at,
        weekdays.local_date,
        weekdays.started_at,
        weekdays.ended_at,
        {{ dbt.dateadd(
            "minute",
            "greatest(coalesce(day_before.closes_minutes, 0) - 1440, 0)",
            "weekdays.midnight_at",
        ) }} as late_service_ended_at,
        {{ dbt.dateadd(
            "minute",
            "greatest(coalesce(same_day.opens_minutes, 0), coalesce(day_before.closes_minutes, 0) - 1440)",
            "weekdays.midnight_at",
        ) }} as service_started_at,
        {{ dbt.dateadd(
            "minute",
            "coalesce(same_day.closes_minutes, 1440)",
            "weekdays.midnight_at",
        ) }} as service_ended_at

    from weekdays

    left join market_weekdays as same_day
        on
            weekdays.market = same_day.market
            and weekdays.weekday_number = same_day.weekday_number

    left join market_weekdays as day_before
        on
            weekdays.market = day_before.market
            and weekdays.weekday_number_before = day_before.weekday_number

),

clipped as (

    select
        supply_hours.robot_id,
        supply_hours.market,
        supply_hours.state,
        supply_hours.state_class,
        supply_hours.reason,
        supply_hours.reason_class,
        supply_hours.hour_at,
        pieces.is_usable,
        pieces.is_ready,
        service_hours.local_date,
        service_hours.late_service_ended_at,
        service_hours.service_started_at,
        service_hours.service_ended_at,
        greatest(pieces.started_at, service_hours.started_at) as started_at,
        least(pieces.ended_at, service_hours.ended_at) as ended_at

    from pieces

    inner join supply_hours
        on
            pieces.robot_id = supply_hours.robot_id
            and pieces.hour_at = supply_hours.hour_at
            and pieces.state = supply_hours.state
            and pieces.reason = supply_hours.reason

    inner join service_hours
        on
            supply_hours.market = service_hours.market
            and supply_hours.hour_at = service_hours.hour_at
            and pieces.started_at < service_hours.ended_at
            and pieces.ended_at > service_hours.started_at

),

pieces_of_days as (

    select
        *,
        {{ milliseconds_between("started_at", "ended_at") }} as milliseconds,
        greatest({{ milliseconds_between("started_at", "least(ended_at, late_service_ended_at)") }}, 0)
        + greatest({{ milliseconds_between(
            "greatest(started_at, service_started_at)", "least(ended_at, service_ended_at)"
        ) }}, 0) as service_milliseconds

    from clipped

    where {{ affected("supply_day", date="local_date", around=1) }}

),

robots as (

    select
        robot_id,
        min(started_at) as first_at,
        max(ended_at) as last_at

    from pieces_of_days

    group by robot_id

),

-- A robot of which nothing was heard for months is in doubt for as long; only these days are asked for.
-- Each stretch once: of two that are alike either may come first, in one window and not in the next.
doubts as (

    select distinct
        doubts.robot_id,
        greatest(doubts.started_at, robots.first_at) as started_at,
        least(doubts.ended_at, robots.last_at) as ended_at

    from {{ ref("int_affected_doubts") }} as doubts

    inner join robots
        on doubts.robot_id = robots.robot_id

    where
        not doubts.is_gone
        and doubts.started_at < robots.last_at
        and doubts.ended_at > robots.first_at
        and {{ affected_span("supply_day", "doubts.started_at", "doubts.ended_at", around=2) }}

),

merged as (

    {{ merged_spans("doubts") }}

),

doubt_hours as (

    {{ time_buckets("merged", "started_at", "ended_at") }}

),

doubted as (

    select
        pieces_of_days.robot_id,
        pieces_of_days.started_at,
        sum({{ milliseconds_between(
            "greatest(pieces_of_days.started_at, doubt_hours.started_at)",
            "least(pieces_of_days.ended_at, doubt_hours.ended_at)",
        ) }}) as milliseconds

    from pieces_of_days

    inner join doubt_hours
        on
            pieces_of_days.robot_id = doubt_hours.robot_id
            and pieces_of_days.hour_at = doubt_hours.hour_at
            and pieces_of_days.started_at < doubt_hours.ended_at
            and pieces_of_days.ended_at > doubt_hours.started_at

    group by pieces_of_days.robot_id, pieces_of_days.started_at

),

measured as (

    select
        pieces_of_days.*,
        coalesce(doubted.milliseconds, 0) as doubted_milliseconds

    from pieces_of_days

    left join doubted
        on
            pieces_of_days.robot_id = doubted.robot_id
            and pieces_of_days.started_at = doubted.started_at

),

summed as (

    select
        robot_id,
        market,
        local_date,
        state,
        state_class,
        reason,
        max(reason_class) as reason_class,
        sum(milliseconds) as milliseconds,
        sum(case when is_usable then milliseconds else 0 end) as usable_milliseconds,
        sum(case when is_usable then milliseconds - doubted_milliseconds else 0 end) as usable_milliseconds_low,
        sum(case when is_usable then milliseconds else doubted_milliseconds end) as usable_milliseconds_high,
        sum(case when is_usable then service_milliseconds else 0 end) as usable_in_service_milliseconds,
        sum(case when is_usable and is_ready then milliseconds else 0 end) as ready_milliseconds,
        sum(case when is_usable and not is_ready then milliseconds else 0 end) as busy_milliseconds

    from measured

    group by robot_id, market, local_date, state, state_class, reason

),

robot_hours as (

    select
        ----------  ids
        robot_id,
        market,

        ----------  text
        state,
        state_class,
        reason,
        reason_class,

        ----------  numerics
        {{ milliseconds_to_seconds("milliseconds") }} as duration_seconds,
        {{ milliseconds_to_seconds("usable_milliseconds") }} as usable_seconds,
        {{ milliseconds_to_seconds("usable_milliseconds_low") }} as usable_seconds_low,
        {{ milliseconds_to_seconds("usable_milliseconds_high") }} as usable_seconds_high,
        {{ milliseconds_to_seconds("usable_in_service_milliseconds") }} as usable_in_service_seconds,
        {{ milliseconds_to_seconds("ready_milliseconds") }} as ready_seconds,
        {{ milliseconds_to_seconds("busy_milliseconds") }} as busy_seconds,

        ----------  dates
        local_date

    from summed

)

select * from robot_hours
