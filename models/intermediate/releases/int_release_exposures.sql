{{ config(materialized="table", dist="robot_id", sort=["software_version", "release_date"]) }}

{# What is counted, over what, by measure. Those of the monitors have their names. #}
{% set measures = {
    "failures_per_operating_hour": ("failure_count", "operating_hours"),
    "errors_per_operating_hour": ("robot_error_count", "operating_hours"),
    "takeovers_per_operating_hour": ("takeover_count", "operating_hours"),
    "robot_failed_delivery_ratio": ("robot_failed_delivery_count", "delivery_count"),
    "failed_delivery_ratio": ("failed_delivery_count", "delivery_count"),
    "failed_pickup_ratio": ("failed_pickup_count", "pickup_count"),
} %}
{% set columns = measures.values() | map("first") | list + ["operating_hours", "delivery_count", "pickup_count"] %}
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

    select *

    from {{ ref("int_release_periods") }}

    where service = '{{ var("robot_service") }}'

),

{% set counts_of = {
    "operating_days": {"operating_hours": milliseconds_to_hours("operating_milliseconds")},
    "failures": {"failure_count": "1"},
    "robot_days": {
        "robot_error_count": "robot_error_count",
        "takeover_count": "takeover_count",
        "pickup_count": "pickup_count",
        "failed_pickup_count": "failed_pickup_count",
    },
    "caused_deliveries": {
        "delivery_count": "1",
        "failed_delivery_count": "case when is_failed then 1 else 0 end",
        "robot_failed_delivery_count": "case when is_failed and is_caused_by_robot then 1 else 0 end",
    },
} %}
{% set date_of = {"operating_days": "operating_date", "failures": "started_date"} %}

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
        select
            {% for column in columns %}
                cast({{ counts.get(column, "0") }} as double precision) as {{ column }},
            {% endfor %}
            robot_id,
            software_version,
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
        robot_id,
        software_version,
        release_date

    from counted

    group by robot_id, software_version, release_date

),

numbered as (

    select
        summed.robot_id,
        summed.software_version,
        summed.release_date,
        max(periods.period_number) as period_number

    from summed

    inner join periods
        on
            summed.software_version = periods.version
            and summed.release_date >= periods.first_date

    group by summed.robot_id, summed.software_version, summed.release_date

),

-- A day belongs to the period in which it ended. What a version did before its first release is of its first.
in_periods as (

    select
        summed.*,
        coalesce(numbered.period_number, 1) as period_number

    from summed

    left join numbered
        on
            summed.robot_id = numbered.robot_id
            and summed.software_version = numbered.software_version
            and summed.release_date = numbered.release_date

),

exposures as (

    {% for measure, (count, exposure) in measures.items() %}
        select
            ----------  ids
            cast(robot_id as varchar(64)) as robot_id,
            cast(software_version as varchar(256)) as software_version,
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
            {{ count }} > 0
            or {{ exposure }} > 0

        {{ "union all" if not loop.last }}
    {% endfor %}

)

select * from exposures
