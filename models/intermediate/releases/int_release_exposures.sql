{{ config(materialized="table", dist="unit", sort=["service", "version", "release_date"]) }}

{# What is counted, over what, by measure. Those of the monitors have their names. #}
{% set measures = {
    "failures_per_operating_hour": ("failure_count", "operating_hours"),
    "errors_per_operating_hour": ("robot_error_count", "operating_hours"),
    "takeovers_per_operating_hour": ("takeover_count", "operating_hours"),
    "robot_failed_delivery_ratio": ("robot_failed_delivery_count", "delivery_count"),
    "failed_delivery_ratio": ("failed_delivery_count", "delivery_count"),
    "failed_pickup_ratio": ("failed_pickup_count", "pickup_count"),
    "error_ratio": ("error_count", "event_count"),
} %}
{% set columns = measures.values() | map("first") | list + measures.values() | map("last") | list %}
{% set columns = columns | unique | list %}

with

operating_days as (

    select * from {{ ref("int_robot_operating_days") }}

),

failures as (

    select
        *,
        {{ utc_date("started_at") }} as started_date

    from {{ ref("robot_failures") }}

    where is_charged

),

robot_days as (

    select * from {{ ref("int_release_robot_days") }}

),

service_days as (

    select
        *,
        cast(release_date as varchar(64)) as day_name

    from {{ ref("int_release_days") }}

    where service <> '{{ var("robot_service") }}'

),

deliveries as (

    select * from {{ ref("int_release_deliveries") }}

),

sessions as (

    select
        delivery_id,
        probable_cause

    from {{ ref("delivery_sessions") }}

),

periods as (

    select * from {{ ref("int_release_periods") }}

),

{% set counts_of = {
    "operating_days": {"operating_hours": milliseconds_to_hours("operating_milliseconds")},
    "failures": {"failure_count": "1"},
    "robot_days": {
        "robot_error_count": "robot_error_count",
        "takeover_count": "takeover_count",
        "pickup_count": "pickup_count",
        "failed_pickup_count": "failed_pickup_count",
        "event_count": "event_count",
        "error_count": "error_count",
    },
    "service_days": {
        "delivery_count": "delivery_count",
        "failed_delivery_count": "failed_delivery_count",
        "pickup_count": "pickup_count",
        "failed_pickup_count": "failed_pickup_count",
        "event_count": "event_count",
        "error_count": "error_count",
    },
    "caused_deliveries": {
        "delivery_count": "1",
        "failed_delivery_count": "case when is_failed then 1 else 0 end",
        "robot_failed_delivery_count": "case when is_failed and is_caused_by_robot then 1 else 0 end",
    },
} %}
{% set date_of = {"operating_days": "operating_date", "failures": "started_date"} %}
{#- A service has no robots, and its hosts fail together: its days are what differs by itself. -#}
{% set names_of = {"service_days": ("service", "version", "day_name")} %}
{% set names_of_robots = ("'" ~ var("robot_service") ~ "'", "software_version", "robot_id") %}

caused_deliveries as (

    select
        deliveries.*,
        coalesce(sessions.probable_cause in ({{ robot_causes() }}), false) as is_caused_by_robot

    from deliveries

    left join sessions
        on deliveries.delivery_id = sessions.delivery_id

),

counted as (

    {% for source, counts in counts_of.items() %}
        {% set service, version, unit = names_of.get(source, names_of_robots) %}
        select
            {% for column in columns %}
                cast({{ counts.get(column, "0") }} as double precision) as {{ column }},
            {% endfor %}
            {{ service }} as service,
            {{ version }} as version,
            {{ unit }} as unit,
            {{ date_of.get(source, "release_date") }} as release_date
        from {{ source }}

        {{ "union all" if not loop.last }}
    {% endfor %}

),

summed as (

    select
        {% for column in columns %}
            sum({{ column }}) as {{ column }},
        {% endfor %}
        service,
        version,
        unit,
        release_date

    from counted

    group by service, version, unit, release_date

),

numbered as (

    select
        summed.service,
        summed.version,
        summed.release_date,
        max(periods.period_number) as period_number

    from summed

    inner join periods
        on
            summed.service = periods.service
            and summed.version = periods.version
            and summed.release_date >= periods.first_date

    group by summed.service, summed.version, summed.release_date

),

-- A day belongs to the period in which it ended. What a version did before its first release is of its first.
in_periods as (

    select
        summed.*,
        coalesce(numbered.period_number, 1) as period_number

    from summed

    left join numbered
        on
            summed.service = numbered.service
            and summed.version = numbered.version
            and summed.release_date = numbered.release_date

),

exposures as (

    {% for measure, (count, exposure) in measures.items() %}
        select
            ----------  ids
            cast(service as varchar(256)) as service,
            cast(version as varchar(256)) as version,
            cast(unit as varchar(64)) as unit,
            cast(period_number as integer) as period_number,

            ----------  text
            cast('{{ measure }}' as varchar(64)) as measure,

            ----------  numerics
            {{ count }} as event_count,
            {{ exposure }} as exposure,

            ----------  timestamps
            release_date

        from in_periods

        where
            ({{ count }} > 0 or {{ exposure }} > 0)
            {% if measure == "robot_failed_delivery_ratio" %}
                -- What a robot caused is counted for its software alone; of a service 0 would be praise.
                and service = '{{ var("robot_service") }}'
            {% endif %}

        {{ "union all" if not loop.last }}
    {% endfor %}

)

select * from exposures
