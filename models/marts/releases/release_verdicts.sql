{{ config(materialized="table", dist="all", sort=["service", "version", "period_number"]) }}

{% set constants = release_constants() %}
{% set ratios = constants["ratios"] %}
{% set all_ratios = ratios + [1 / ratios[0], 1 / ratios[1], 1 / ratios[2]] %}
{% set samples = registry_minimum_samples() %}
{% set is_of_robots = "service = '" ~ var("robot_service") ~ "'" %}

with

exposures as (

    select * from {{ ref("int_release_exposures") }}

),

releases as (

    select * from {{ ref("int_release_periods") }}

),

periods as (

    select
        service,
        version,
        period_number,
        min(release_date) as first_date

    from exposures

    group by service, version, period_number

),

named as (

    select
        periods.service,
        periods.version,
        periods.period_number,
        periods.first_date,
        releases.kind,
        releases.released_at,
        coalesce(
            releases.previous_version,
            lag(periods.version) over (
                partition by periods.service
                order by periods.first_date, periods.version
            )
        ) as previous_version

    from periods

    left join releases
        on
            periods.service = releases.service
            and periods.version = releases.version
            and periods.period_number = releases.period_number

),

candidates as (

    select
        named.*,
        periods.period_number as previous_period_number,
        row_number() over (
            partition by named.service, named.version, named.period_number
            order by
                case when periods.first_date <= named.first_date then 0 else 1 end,
                periods.period_number desc
        ) as place

    from named

    left join periods
        on
            named.service = periods.service
            and named.previous_version = periods.version
            and named.previous_version <> named.version

),

pairs as (

    select
        service,
        version,
        period_number,
        first_date,
        kind,
        released_at,
        case when previous_period_number is not null then previous_version end as previous_version,
        previous_period_number

    from candidates

    where place = 1

),

version_days as (

    select
        service,
        version,
        period_number,
        release_date,
        sum(exposure) as exposure

    from exposures

    -- Of how long a version ran: robots' hours, or the events that a service logged.
    where measure = case when {{ is_of_robots }} then 'failures_per_operating_hour' else 'error_ratio' end

    group by service, version, period_number, release_date

),

days_of_versions as (

    select
        service,
        version,
        release_date,
        sum(exposure) as exposure

    from version_days

    group by service, version, release_date

),

paired_days as (

    select
        pairs.service,
        pairs.version,
        pairs.period_number,
        version_days.release_date,
        version_days.exposure,
        old_days.exposure as old_exposure

    from pairs

    inner join version_days
        on
            pairs.service = version_days.service
            and pairs.version = version_days.version
            and pairs.period_number = version_days.period_number

    left join days_of_versions as old_days
        on
            pairs.service = old_days.service
            and pairs.previous_version = old_days.version
            and version_days.release_date = old_days.release_date
            and version_days.exposure > 0
            and old_days.exposure > 0

),

-- What still ran the old version saw the same weather and the same orders. Where little did, the old version is
-- compared as it was before.
based as (

    select
        service,
        version,
        period_number,
        sum(case when old_exposure > 0 then exposure end) >= 0.5 * sum(exposure)
        and least(sum(case when old_exposure > 0 then exposure end), sum(old_exposure))
        >= case
            when {{ is_of_robots }} then {{ samples["errors_per_operating_hour"] }}
            else {{ samples["error_ratio"] }}
        end as is_of_same_days

    from paired_days

    group by service, version, period_number

),

common_days as (

    select
        paired_days.service,
        paired_days.version,
        paired_days.period_number,
        paired_days.release_date

    from paired_days

    inner join based
        on
            paired_days.service = based.service
            and paired_days.version = based.version
            and paired_days.period_number = based.period_number

    where
        based.is_of_same_days
        and paired_days.old_exposure > 0

),

compared_pairs as (

    select
        pairs.*,
        coalesce(based.is_of_same_days, false) as is_of_same_days

    from pairs

    left join based
        on
            pairs.service = based.service
            and pairs.version = based.version
            and pairs.period_number = based.period_number

),

-- The robots of each version, or days of a service, in strata: the days on which both ran, or all days at once.
sided as (

    select
        pairs.service,
        pairs.version,
        pairs.period_number,
        exposures.measure,
        exposures.unit,
        case when pairs.is_of_same_days then exposures.release_date else pairs.first_date end as stratum_date,
        exposures.event_count as new_count,
        exposures.exposure as new_exposure,
        0.0 as old_count,
        0.0 as old_exposure
    from compared_pairs as pairs
    inner join exposures
        on
            pairs.service = exposures.service
            and pairs.version = exposures.version
            and pairs.period_number = exposures.period_number
    left join common_days
        on
            pairs.service = common_days.service
            and pairs.version = common_days.version
            and pairs.period_number = common_days.period_number
            and exposures.release_date = common_days.release_date
    where
        not pairs.is_of_same_days
        or common_days.release_date is not null

    union all

    select
        pairs.service,
        pairs.version,
        pairs.period_number,
        exposures.measure,
        exposures.unit,
        exposures.release_date as stratum_date,
        0.0 as new_count,
        0.0 as new_exposure,
        exposures.event_count as old_count,
        exposures.exposure as old_exposure
    from common_days
    inner join compared_pairs as pairs
        on
            common_days.service = pairs.service
            and common_days.version = pairs.version
            and common_days.period_number = pairs.period_number
    inner join exposures
        on
            pairs.service = exposures.service
            and pairs.previous_version = exposures.version
            and common_days.release_date = exposures.release_date

    union all

    select
        pairs.service,
        pairs.version,
        pairs.period_number,
        exposures.measure,
        exposures.unit,
        pairs.first_date as stratum_date,
        0.0 as new_count,
        0.0 as new_exposure,
        exposures.event_count as old_count,
        exposures.exposure as old_exposure
    from compared_pairs as pairs
    inner join exposures
        on
            pairs.service = exposures.service
            and pairs.previous_version = exposures.version
            and pairs.previous_period_number = exposures.period_number
    where not pairs.is_of_same_days

),

units as (

    select
        service,
        version,
        period_number,
        measure,
        stratum_date,
        unit,
        cast(sum(new_count) as double precision) as new_count,
        cast(sum(new_exposure) as double precision) as new_exposure,
        cast(sum(old_count) as double precision) as old_count,
        cast(sum(old_exposure) as double precision) as old_exposure

    from sided

    group by service, version, period_number, measure, stratum_date, unit

),

strata as (

    select
        service,
        version,
        period_number,
        measure,
        stratum_date,
        sum(new_count) as new_count,
        sum(new_exposure) as new_exposure,
        sum(old_count) as old_count,
        sum(old_exposure) as old_exposure,
        sum(new_exposure) / nullif(sum(new_exposure) + sum(old_exposure), 0) as new_share

    from units

    group by service, version, period_number, measure, stratum_date

),

-- Mantel and Haenszel's ratio over the strata, with a quarter more on each side so that none is 0.
estimated as (

    select
        service,
        version,
        period_number,
        measure,
        sum(new_count) as new_count,
        sum(new_exposure) as new_exposure,
        sum(old_count) as old_count,
        sum(old_exposure) as old_exposure,
        -- The logarithm of how much better each ratio of the two rates explains who failed than 1 does.
        {% for ratio in all_ratios %}
            sum(
                new_count * {{ "ln(" ~ ratio ~ ")" }}
                - (new_count + old_count) * ln(1.0 + ({{ ratio }} - 1.0) * new_share)
            ) as log_odds_{{ loop.index }},
        {% endfor %}
        sum(new_count * (1.0 - new_share)) + 0.25 as weight,
        (sum(new_count * (1.0 - new_share)) + 0.25) / (sum(old_count * new_share) + 0.25) as rate_ratio

    from strata

    where new_share is not null

    group by service, version, period_number, measure

),

expected as (

    select
        strata.*,
        estimated.rate_ratio,
        strata.old_exposure + estimated.rate_ratio * strata.new_exposure as exposure,
        (strata.new_count + strata.old_count)
        / nullif(strata.old_exposure + estimated.rate_ratio * strata.new_exposure, 0) as old_rate

    from strata

    inner join estimated
        on
            strata.service = estimated.service
            and strata.version = estimated.version
            and strata.period_number = estimated.period_number
            and strata.measure = estimated.measure

),

-- How far the counts of a unit are from what both versions together make likely, and the variance of that by chance;
-- of which the rate of each day takes up some. What a unit counted says the variance, too.
unit_residuals as (

    select
        units.service,
        units.version,
        units.period_number,
        units.measure,
        units.unit,
        max(case when units.new_exposure > 0 then 1 else 0 end) as is_new,
        max(case when units.old_exposure > 0 then 1 else 0 end) as is_old,
        sum(
            (units.new_count - expected.rate_ratio * expected.old_rate * units.new_exposure)
            * (1.0 - expected.new_share)
            - expected.rate_ratio * (units.old_count - expected.old_rate * units.old_exposure) * expected.new_share
        ) as residual,
        sum(
            expected.rate_ratio * expected.old_rate * (
                units.new_exposure * power(1.0 - expected.new_share, 2)
                + units.old_exposure * expected.rate_ratio * power(expected.new_share, 2)
            )
        ) as chance_variance,
        sum(
            power(expected.rate_ratio, 2) * expected.old_rate / nullif(expected.exposure, 0)
            * power(
                units.new_exposure * (1.0 - expected.new_share) - units.old_exposure * expected.new_share, 2
            )
        ) as fitted_variance,
        sum(
            units.new_count * power(1.0 - expected.new_share, 2)
            + units.old_count * power(expected.rate_ratio * expected.new_share, 2)
        ) as counted_variance,
        sum(
            units.new_count * power(1.0 - expected.new_share, 4)
            + units.old_count * power(expected.rate_ratio * expected.new_share, 4)
        ) as counted_squares

    from units

    inner join expected
        on
            units.service = expected.service
            and units.version = expected.version
            and units.period_number = expected.period_number
            and units.measure = expected.measure
            and units.stratum_date = expected.stratum_date

    group by units.service, units.version, units.period_number, units.measure, units.unit

),

spread as (

    select
        service,
        version,
        period_number,
        measure,
        sum(is_new) as new_unit_count,
        sum(is_old) as old_unit_count,
        sum(residual * residual) as residual_squares,
        sum(chance_variance) as chance_variance,
        sum(chance_variance * chance_variance) as chance_squares,
        sum(fitted_variance) as fitted_variance,
        sum(counted_variance * counted_variance - counted_squares) as counted_squares

    from unit_residuals

    group by service, version, period_number, measure

),

-- The ratio takes up as much of each residual as its unit weighs.
fitted as (

    select
        *,
        chance_variance - fitted_variance - chance_squares / nullif(chance_variance, 0) as free_variance,
        -- Without a count nothing says what a unit weighs.
        coalesce(
            (chance_variance - fitted_variance) * chance_variance / nullif(chance_squares, 0),
            least(new_unit_count, old_unit_count)
        ) - 1.0 as free_units

    from spread

),

-- Robots or days that differ, and failures that come in groups, spread the counts more than chance does.
dispersed as (

    select
        estimated.*,
        fitted.new_unit_count,
        fitted.old_unit_count,
        sqrt(fitted.chance_variance) / estimated.weight as chance_error,
        coalesce(fitted.residual_squares / nullif(fitted.free_variance, 0), 1.0) as dispersion,
        {{ shared_degrees("fitted.free_units", "(fitted.counted_squares / nullif(fitted.chance_squares, 0) - 1.0)") }}
            as degrees,
        (estimated.new_count + estimated.old_count + 0.5) / (estimated.new_exposure + estimated.old_exposure)
            as common_rate,
        estimated.new_exposure / (estimated.new_exposure + estimated.old_exposure) as new_share,
        least(estimated.new_exposure, estimated.old_exposure)
        >= case
            when estimated.measure = 'error_ratio' then {{ samples["error_ratio"] }}
            else {{ samples["errors_per_operating_hour"] }}
        end
        and least(fitted.new_unit_count, fitted.old_unit_count) >= {{ constants["least_units"] }}
        and fitted.free_units >= 1.0 as has_sample

    from estimated

    inner join fitted
        on
            estimated.service = fitted.service
            and estimated.version = fitted.version
            and estimated.period_number = fitted.period_number
            and estimated.measure = fitted.measure

),

quantiled as (

    select
        *,
        {{ student_quantile(constants["z_96"], "degrees") }} as quantile

    from dispersed

),

-- The odds are those of chance or less: read often enough, a dispersion below 1 comes by luck.
tempered as (

    select
        *,
        greatest(1.0, dispersion) * power(quantile / {{ constants["z_96"] }}, 2) as temper,
        ln(rate_ratio) as log_ratio,
        quantile * sqrt(greatest({{ constants["least_dispersion"] }}, dispersion)) * chance_error as log_ratio_error,
        (1.0 + new_share) / nullif(new_share, 0) * ln(1.0 + new_share) as chance_gain

    from quantiled

),

weighed as (

    select
        *,
        {{ mean_odds(["log_odds_1 / temper", "log_odds_2 / temper", "log_odds_3 / temper"]) }} as odds_of_worse,
        {{ mean_odds(["log_odds_4 / temper", "log_odds_5 / temper", "log_odds_6 / temper"]) }} as odds_of_better,
        log_odds_2 / temper as log_odds_of_double,
        -- What an hour adds to the odds of twice as many failures where there are, and takes where there are not.
        common_rate * (2.0 * ln(2.0) - chance_gain) / temper as gain_of_double,
        common_rate * (ln(1.0 + new_share) / nullif(new_share, 0) - ln(2.0)) / temper as gain_of_alike

    from tempered

),

judged as (

    select
        *,
        case
            when not has_sample then 'too_few'
            when log_ratio > log_ratio_error then 'worse'
            when log_ratio < -log_ratio_error then 'better'
            else 'no_clear_difference'
        end as comparison,
        case
            when not has_sample then 'undecided'
            when odds_of_worse >= {{ constants["alarm"] }} then 'worse'
            when odds_of_better >= {{ constants["alarm"] }} then 'better'
            when log_odds_of_double <= -ln({{ constants["alarm"] }}) then 'alike'
            else 'undecided'
        end as verdict,
        case
            when rate_ratio > sqrt(2.0)
                then (ln({{ constants["alarm"] * (ratios | length) }}) - log_odds_of_double) / nullif(gain_of_double, 0)
            else (ln({{ constants["alarm"] }}) + log_odds_of_double) / nullif(gain_of_alike, 0)
        end as exposure_needed

    from weighed

),

measured as (

    select distinct
        service,
        version,
        period_number,
        measure

    from exposures

),

verdicts as (

    select
        ----------  ids
        cast(pairs.service as varchar(256)) as service,
        cast(pairs.version as varchar(256)) as version,
        cast(pairs.period_number as integer) as period_number,
        cast(measured.measure as varchar(64)) as measure,

        ----------  text
        cast(pairs.kind as varchar(16)) as release_kind,
        cast(pairs.previous_version as varchar(256)) as previous_version,
        cast(
            case
                when pairs.previous_version is null then null
                when pairs.is_of_same_days then 'same_days'
                else 'before'
            end as varchar(16)
        ) as comparison_basis,
        cast(
            case when pairs.previous_version is null then 'no_previous_version' else judged.comparison end
            as varchar(32)
        ) as comparison,
        cast(case when pairs.previous_version is not null then judged.verdict end as varchar(16)) as verdict,

        ----------  numerics
        cast(judged.new_count as integer) as event_count,
        judged.new_exposure as exposure,
        cast(judged.new_unit_count as integer) as unit_count,
        {{ ratio("judged.new_count", "judged.new_exposure") }} as measure_value,
        case when pairs.previous_version is not null then cast(judged.old_count as integer) end as previous_event_count,
        case when pairs.previous_version is not null then judged.old_exposure end as previous_exposure,
        case when pairs.previous_version is not null then cast(judged.old_unit_count as integer) end
            as previous_unit_count,
        {{ ratio("judged.old_count", "judged.old_exposure") }} as previous_measure_value,
        case when judged.has_sample then judged.rate_ratio end as rate_ratio,
        case when judged.has_sample then exp(judged.log_ratio - judged.log_ratio_error) end as rate_ratio_lower_96,
        case when judged.has_sample then exp(judged.log_ratio + judged.log_ratio_error) end as rate_ratio_upper_96,
        case when judged.has_sample then judged.dispersion end as dispersion,
        case when judged.has_sample and judged.verdict = 'undecided' then judged.exposure_needed end as exposure_needed,

        ----------  timestamps
        {{ utc_timestamptz("pairs.released_at") }} as released_at

    from compared_pairs as pairs

    inner join measured
        on
            pairs.service = measured.service
            and pairs.version = measured.version
            and pairs.period_number = measured.period_number

    left join judged
        on
            measured.service = judged.service
            and measured.version = judged.version
            and measured.period_number = judged.period_number
            and measured.measure = judged.measure

)

select * from verdicts
