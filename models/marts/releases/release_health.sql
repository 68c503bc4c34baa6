{{ config(materialized="table", dist="all", sort=["service", "version"]) }}

{% set minimum_samples = registry_minimum_samples() %}

-- Bounds of rates per hour are Jeffreys's, of shares Wilson's, both by the spread between robots or days. Each has the
-- name of the monitor in registry/monitors.yml that watches the same figure.
{% set rates = {
    "errors_per_operating_hour": ("robot_error_count", "operating_hours"),
    "takeovers_per_operating_hour": ("takeover_count", "operating_hours"),
} %}
{% set shares = {
    "failed_delivery_ratio": ("failed_delivery_count", "delivery_count"),
    "failed_pickup_ratio": ("failed_pickup_count", "pickup_count"),
    "error_ratio": ("error_count", "event_count"),
} %}
{% set measures = dict(rates, **shares) %}

{% set has_samples = [] %}
{% for name in measures %}
    {% do has_samples.append("(" ~ name ~ " is null or " ~ name ~ "_has_sample)") %}
{% endfor %}

{% set counts = [
    "event_count", "error_count", "robot_error_count", "takeover_count", "pickup_count",
    "failed_pickup_count", "delivery_count", "failed_delivery_count",
] %}

with

release_days as (

    select * from {{ ref("int_release_days") }}

),

operating_days as (

    select *

    from {{ ref("int_robot_operating_days") }}

    where operating_milliseconds > 0

),

deployments as (

    select
        *,
        row_number() over (
            partition by service, version
            order by released_at desc, event_id desc
        ) as deployment_order

    from {{ ref("int_releases") }}

    where kind = 'deploy'

),

last_deployments as (

    select *

    from deployments

    where deployment_order = 1

),

chi_square_factors as (

    select * from {{ ref("chi_square_factors") }}

),

verdicts as (

    select
        *,
        row_number() over (partition by service, version, measure order by period_number desc) as place_from_end

    from {{ ref("release_verdicts") }}

),

comparisons as (

    select
        service,
        {% for name in measures %}
            max(case when measure = '{{ name }}' then comparison end) as {{ name }},
        {% endfor %}
        version

    from verdicts

    where place_from_end = 1

    group by service, version

),

exposures as (

    select * from {{ ref("int_release_exposures") }}

),

-- The robots that ran a version, or of another service its days; hours as milliseconds.
units as (

    select
        service,
        version,
        measure,
        unit,
        sum(event_count) as event_count,
        case
            when measure in ('{{ rates | join("', '") }}')
                then round(sum(exposure) * 3600000.0)
            else sum(exposure)
        end as exposure

    from exposures

    group by service, version, measure, unit

),

spread as (

    select
        service,
        version,
        measure,
        {{ spread_sums("event_count", "exposure") }}

    from units

    group by service, version, measure

),

-- By chance a count has its own variance; a share less, because it ends at 1.
chances as (

    select
        *,
        case
            when measure in ('{{ rates | join("', '") }}')
                then unit_counts
            else unit_counts * (1.0 - unit_counts / nullif(unit_exposures, 0))
        end as chance_variance

    from spread

),

freed as (

    select
        *,
        {{ spread_degrees("chance_variance") }} as degrees

    from chances

),

spread_by_measure as (

    select
        *,
        {{ spread_quantile("degrees", "chance_variance") }} as quantile

    from freed

),

quantiles as (

    select
        service,
        {% for name in measures %}
            max(case when measure = '{{ name }}' then quantile end) as {{ name }}_quantile,
        {% endfor %}
        version

    from spread_by_measure

    group by service, version

),

unioned as (

    select
        service,
        version,
        {% for count in counts %}
            {{ count }},
        {% endfor %}
        cast(null as bigint) as operating_milliseconds,
        first_event_at,
        last_event_at
    from release_days

    union all

    select
        '{{ var("robot_service") }}' as service,
        software_version as version,
        {% for count in counts %}
            0 as {{ count }},
        {% endfor %}
        operating_milliseconds,
        cast(null as timestamp) as first_event_at,
        cast(null as timestamp) as last_event_at
    from operating_days

),

summed as (

    select
        service,
        version,
        {% for count in counts %}
            cast(sum({{ count }}) as bigint) as {{ count }},
        {% endfor %}
        {{ milliseconds_to_hours("sum(operating_milliseconds)") }} as operating_hours,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at

    from unioned

    group by service, version

),

-- The version before is the one that the release says it replaced, else the one whose first event came
-- before.
preceded as (

    select
        summed.*,
        last_deployments.released_at as deployed_at,
        coalesce(
            nullif(last_deployments.previous_version, summed.version),
            lag(summed.version) over (partition by summed.service order by summed.first_event_at, summed.version)
        ) as previous_version

    from summed

    left join last_deployments
        on
            summed.service = last_deployments.service
            and summed.version = last_deployments.version

),

measured as (

    select
        {% for name, (count, hours) in rates.items() %}
            {{ ratio(count, hours) }} as {{ name }},
            {{ rate_bound(count, hours, -1, name ~ "_quantile") }} as {{ name }}_lower_90,
            {{ rate_bound(count, hours, 1, name ~ "_quantile") }} as {{ name }}_upper_90,
        {% endfor %}
        {% for name, (successes, trials) in shares.items() %}
            {{ ratio(successes, trials) }} as {{ name }},
            {{ wilson_bound(successes, trials, -1, name ~ "_quantile") }} as {{ name }}_lower_90,
            {{ wilson_bound(successes, trials, 1, name ~ "_quantile") }} as {{ name }}_upper_90,
        {% endfor %}
        {% for name, (count, sample) in measures.items() %}
            {{ sample }} >= {{ minimum_samples[name] }} as {{ name }}_has_sample,
        {% endfor %}
        preceded.*

    from preceded

    left join quantiles
        on
            preceded.service = quantiles.service
            and preceded.version = quantiles.version

    left join chi_square_factors as robot_error_count_factors
        on preceded.robot_error_count = robot_error_count_factors.failure_count

    left join chi_square_factors as takeover_count_factors
        on preceded.takeover_count = takeover_count_factors.failure_count

),

compared as (

    select
        {% for name in measures %}
            before_it.{{ name }} as previous_{{ name }},
            case when measured.{{ name }} is not null then comparisons.{{ name }} end as {{ name }}_comparison,
        {% endfor %}
        measured.*

    from measured

    left join comparisons
        on
            measured.service = comparisons.service
            and measured.version = comparisons.version

    left join measured as before_it
        on
            measured.service = before_it.service
            and measured.previous_version = before_it.version

),

health as (

    select
        ----------  ids
        cast(service as varchar(256)) as service,
        cast(version as varchar(256)) as version,

        ----------  text
        cast(previous_version as varchar(256)) as previous_version,
        {% for name in measures %}
            cast({{ name }}_comparison as varchar(32)) as {{ name }}_comparison,
        {% endfor %}

        ----------  numerics
        operating_hours,
        {% for count in counts %}
            {{ count }},
        {% endfor %}
        {% for name in measures %}
            {{ name }},
            {{ name }}_lower_90,
            {{ name }}_upper_90,
            previous_{{ name }},
        {% endfor %}

        ----------  booleans
        {{ has_samples | join(" and ") }} as has_minimum_sample,

        ----------  timestamps
        {{ utc_timestamptz("deployed_at") }} as deployed_at,
        {{ utc_timestamptz("first_event_at") }} as first_event_at,
        {{ utc_timestamptz("last_event_at") }} as last_event_at

    from compared

)

select * from health
