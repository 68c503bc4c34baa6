{{ rebuilt_by("load", id=utc_timestamp("loaded_at")) }}
{{ config(dist="even", sort="loaded_at") }}

with

lines as (

    select *

    from {{ ref("base_event_log__lines") }}

    where {{ affected("load") }}

),

rejected_lines as (

    select *

    from {{ ref("base_event_log__rejected_lines") }}

    where {{ affected("load") }}

),

unioned as (

    select
        loaded_at,
        coalesce(stream, 'unregistered') as stream,
        case when line_status = 'other_environment' then {{ environment_name("env") }} end as other_environment,
        line_status,
        case when line_status = 'quarantined' then quarantine_reason end as quarantine_reason,
        uncorrected_source = 'loaded_at' and occurred_at < {{ earliest_credible() }} as is_before_credible
    from lines

    union all

    select
        loaded_at,
        'rejected' as stream,
        cast(null as varchar(64)) as other_environment,
        'quarantined' as line_status,
        reason as quarantine_reason,
        false as is_before_credible
    from rejected_lines

),

reconciliation as (

    select
        ----------  text
        cast(stream as varchar(64)) as stream,
        cast(other_environment as varchar(64)) as other_environment,

        ----------  numerics
        count(*) as line_count,
        cast(sum(case when line_status = 'accepted' then 1 else 0 end) as bigint) as accepted_count,
        cast(sum(case when line_status = 'duplicate' then 1 else 0 end) as bigint) as duplicate_count,
        cast(sum(case when line_status = 'quarantined' then 1 else 0 end) as bigint) as quarantined_count,
        cast(sum(case when line_status = 'other_environment' then 1 else 0 end) as bigint) as other_environment_count,
        cast(sum(case when line_status = 'accepted' and is_before_credible then 1 else 0 end) as bigint)
            as before_credible_count,
        {% for reason in registry_quarantine_reasons() %}
            cast(
                sum(case when quarantine_reason = '{{ reason.name }}' then 1 else 0 end) as bigint
            ) as {{ reason.name }}_count,
        {% endfor %}
        ----------  timestamps
        {{ utc_timestamptz("loaded_at") }} as loaded_at

    from unioned

    group by loaded_at, stream, other_environment

)

select * from reconciliation
