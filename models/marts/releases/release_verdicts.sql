{{ config(materialized="table", dist="all", sort=["version", "period_number"]) }}

{% set constants = release_constants() %}
{% set ratios = constants["ratios"] %}
{% set all_ratios = ratios + [1 / ratios[0], 1 / ratios[1], 1 / ratios[2]] %}
{% set least_exposure = registry_minimum_samples()["errors_per_operating_hour"] %}

with

exposures as (

    select * from {{ ref("int_release_exposures") }}

),

releases as (

    select *

    from {{ ref("int_release_periods") }}

    where service = '{{ var("robot_service") }}'

),

periods as (

    select
        software_version,
        period_number,
        min(release_date) as first_date

    from exposures

    group by software_version, period_number

),

named as (

    select
        periods.software_version,
        periods.period_number,
        periods.first_date,
        releases.kind,
        releases.released_at,
        coalesce(
            releases.previous_version,
            lag(periods.software_version) over (order by periods.first_date, periods.software_version)
        ) as previous_version

    from periods

    left join releases
        on
            periods.software_version = releases.version
            and periods.period_number = releases.period_number

),

candidates as (

    select
        named.*,
        periods.period_number as previous_period_number,
        row_number() over (
            partition by named.software_version, named.period_number
            order by
                case when periods.first_date <= named.first_date then 0 else 1 end,
                periods.period_number desc
        ) as place

    from named

    left join periods
        on
            named.previous_version = periods.software_version
            and named.previous_version <> named.software_version

),

pairs as (

    select
        software_version,
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
        software_version,
        period_number,
        release_date,
        sum(exposure) as exposure

    from exposures

    where measure = 'failures_per_operating_hour'

    group by software_version, period_number, release_date

),

days_of_versions as (

    select
        software_version,
        release_date,
        sum(exposure) as exposure

    from version_days

    group by software_version, release_date

),

paired_days as (

    select
        pairs.software_version,
        pairs.period_number,
        version_days.release_date,
        version_days.exposure,
        old_days.exposure as old_exposure

    from pairs

    inner join version_days
        on
            pairs.software_version = version_days.software_version
            and pairs.period_number = version_days.period_number

    left join days_of_versions as old_days
        on
            pairs.previous_version = old_days.software_version
            and version_days.release_date = old_days.release_date
            and version_days.exposure > 0
            and old_days.exposure > 0

),

-- Robots that still run the old version saw the same weather and the same orders. Where few did, the old
-- version is compared as it was before.
based as (

    select
        software_version,
        period_number,
        coalesce(
            sum(case when old_exposure > 0 then exposure end) >= 0.5 * sum(exposure)
            and sum(case when old_exposure > 0 then exposure end) >= {{ least_exposure }}
            and sum(old_exposure) >= {{ least_exposure }},
            false
        ) as is_of_same_days

    from paired_days

    group by software_version, period_number

),

common_days as (

    select
        paired_days.software_version,
        paired_days.period_number,
        paired_days.release_date

    from paired_days

    inner join based
        on
            paired_days.software_version = based.software_version
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
            pairs.software_version = based.software_version
            and pairs.period_number = based.period_number

),

-- Each version's robots in strata: the days on which both ran, or all days at once.
sided as (

    select
        pairs.software_version,
        pairs.period_number,
        exposures.measure,
        exposures.robot_id,
        case when pairs.is_of_same_days then exposures.release_date else pairs.first_date end as stratum_date,
        exposures.event_count as new_count,
        exposures.exposure as new_exposure,
        0.0 as old_count,
        0.0 as old_exposure
    from compared_pairs as pairs
    inner join exposures
        on
            pairs.software_version = exposures.software_version
            and pairs.period_number = exposures.period_number
    left join common_days
        on
            pairs.software_version = common_days.software_version
            and pairs.period_number = common_days.period_number
            and exposures.release_date = common_days.release_date
    where
        not pairs.is_of_same_days
        or common_days.release_date is not null

    union all

    select
        pairs.software_version,
        pairs.period_number,
        exposures.measure,
        exposures.robot_id,
        exposures.release_date as stratum_date,
        0.0 as new_count,
        0.0 as new_exposure,
        exposures.event_count as old_count,
        exposures.exposure as old_exposure
    from common_days
    inner join compared_pairs as pairs
        on
            common_days.software_version = pairs.software_version
            and common_days.period_number = pairs.period_number
    inner join exposures
        on
            pairs.previous_version = exposures.software_version
            and common_days.release_date = exposures.release_date

    union all

    select
        pairs.software_version,
        pairs.period_number,
        exposures.measure,
        exposures.robot_id,
        pairs.first_date as stratum_date,
        0.0 as new_count,
        0.0 as new_exposure,
        exposures.event_count as old_count,
        exposures.exposure as old_exposure
    from compared_pairs as pairs
    inner join exposures
        on
            pairs.previous_version = exposures.software_version
            and pairs.previous_period_number = exposures.period_number
    where not pairs.is_of_same_days

),

robots as (

    select
        software_version,
        period_number,
        measure,
        stratum_date,
        robot_id,
        cast(sum(new_count) as double precision) as new_count,
        cast(sum(new_exposure) as double precision) as new_exposure,
        cast(sum(old_count) as double precision) as old_count,
        cast(sum(old_exposure) as double precision) as old_exposure

    from sided

    group by software_version, period_number, measure, stratum_date, robot_id

),

strata as (

    select
        software_version,
        period_number,
        measure,
        stratum_date,
        sum(new_count) as new_count,
        sum(new_exposure) as new_exposure,
        sum(old_count) as old_count,
        sum(old_exposure) as old_exposure,
        sum(new_exposure) / nullif(sum(new_exposure) + sum(old_exposure), 0) as new_share

    from robots

    group by software_version, period_number, measure, stratum_date

),

-- Mantel and Haenszel's ratio over the strata, with a quarter more on each side so that none is 0.
estimated as (

    select
        software_version,
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

    group by software_version, period_number, measure

),

expected as (

    select
        strata.software_version,
        strata.period_number,
        strata.measure,
        strata.stratum_date,
        strata.new_share,
        estimated.rate_ratio,
        estimated.weight,
        (strata.new_count + strata.old_count)
        / nullif(strata.old_exposure + estimated.rate_ratio * strata.new_exposure, 0) as old_rate,
        estimated.rate_ratio * (strata.new_count + strata.old_count)
        * strata.new_share * (1.0 - strata.new_share) as chance_variance

    from strata

    inner join estimated
        on
            strata.software_version = estimated.software_version
            and strata.period_number = estimated.period_number
            and strata.measure = estimated.measure

),

robot_residuals as (

    select
        robots.software_version,
        robots.period_number,
        robots.measure,
        robots.robot_id,
        max(case when robots.new_exposure > 0 then 1 else 0 end) as is_new,
        max(case when robots.old_exposure > 0 then 1 else 0 end) as is_old,
        sum(
            (robots.new_count - expected.rate_ratio * expected.old_rate * robots.new_exposure)
            * (1.0 - expected.new_share)
            - expected.rate_ratio * (robots.old_count - expected.old_rate * robots.old_exposure) * expected.new_share
        ) as residual

    from robots

    inner join expected
        on
            robots.software_version = expected.software_version
            and robots.period_number = expected.period_number
            and robots.measure = expected.measure
            and robots.stratum_date = expected.stratum_date

    group by robots.software_version, robots.period_number, robots.measure, robots.robot_id

),

spread as (

    select
        software_version,
        period_number,
        measure,
        sum(is_new) as new_robot_count,
        sum(is_old) as old_robot_count,
        cast(least(sum(is_new), sum(is_old)) as double precision) as robot_count,
        sum(residual * residual) as residual_squares

    from robot_residuals

    group by software_version, period_number, measure

),

chance as (

    select
        software_version,
        period_number,
        measure,
        sum(chance_variance) as chance_variance

    from expected

    group by software_version, period_number, measure

),

-- Robots that differ, and failures that come in groups, spread the counts more than chance does; never less.
dispersed as (

    select
        estimated.*,
        spread.new_robot_count,
        spread.old_robot_count,
        sqrt(chance.chance_variance) / estimated.weight as chance_error,
        {{ student_quantile(constants["z_96"], "(spread.robot_count - 1.0)") }} as quantile,
        greatest(
            1.0,
            coalesce(
                spread.residual_squares * spread.robot_count / nullif(spread.robot_count - 1.0, 0)
                / nullif(chance.chance_variance, 0),
                1.0
            )
        ) as dispersion,
        (estimated.new_count + estimated.old_count + 0.5) / (estimated.new_exposure + estimated.old_exposure)
            as common_rate,
        estimated.new_exposure / (estimated.new_exposure + estimated.old_exposure) as new_share,
        coalesce(
            estimated.new_exposure >= {{ least_exposure }}
            and estimated.old_exposure >= {{ least_exposure }}
            and least(spread.new_robot_count, spread.old_robot_count) >= {{ constants["least_robots"] }},
            false
        ) as has_sample

    from estimated

    inner join spread
        on
            estimated.software_version = spread.software_version
            and estimated.period_number = spread.period_number
            and estimated.measure = spread.measure

    inner join chance
        on
            estimated.software_version = chance.software_version
            and estimated.period_number = chance.period_number
            and estimated.measure = chance.measure

),

tempered as (

    select
        *,
        dispersion * power(quantile / {{ constants["z_96"] }}, 2) as temper,
        ln(rate_ratio) as log_ratio,
        quantile * sqrt(dispersion) * chance_error as log_ratio_error,
        (1.0 + new_share) / nullif(new_share, 0) * ln(1.0 + new_share) as chance_gain

    from dispersed

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
        software_version,
        period_number,
        measure

    from exposures

),

verdicts as (

    select
        ----------  ids
        cast(pairs.software_version as varchar(256)) as version,
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
        cast(judged.new_robot_count as integer) as robot_count,
        {{ ratio("judged.new_count", "judged.new_exposure") }} as measure_value,
        case when pairs.previous_version is not null then cast(judged.old_count as integer) end as previous_event_count,
        case when pairs.previous_version is not null then judged.old_exposure end as previous_exposure,
        case when pairs.previous_version is not null then cast(judged.old_robot_count as integer) end
            as previous_robot_count,
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
            pairs.software_version = measured.software_version
            and pairs.period_number = measured.period_number

    left join judged
        on
            measured.software_version = judged.software_version
            and measured.period_number = judged.period_number
            and measured.measure = judged.measure

)

select * from verdicts
