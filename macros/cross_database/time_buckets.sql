{#
    A join with a time window then compares hour_at for equality, with the exact range as an additional
    filter: a hash join on both engines, whose cost does not grow with a robot's history. The interval is
    cut twice, into blocks and these into hours, each by an equality join with int_spans, because a join
    on an inequality is a nested loop on Redshift. An interval of more than 65,536 units gives no row;
    for a robot's hours the test assert_states_fill_every_hour would fail.
#}
{% macro time_buckets(relation, started_at, ended_at, unit="hour") %}
    select
        in_blocks.*,
        {{
            dbt.dateadd(
                unit,
                "in_blocks.block_offset + cells.span_offset",
                "date_trunc('" ~ unit ~ "', in_blocks." ~ started_at ~ ")",
            )
        }} as {{ unit }}_at

    from (
        select
            spanned.*,
            blocks.span_offset * 256 as block_offset,
            case when blocks.span_offset < blocks.span then 255 else mod(spanned.span_units, 256) end as block_span

        from (
            select
                {{ relation }}.*,
                {{ dbt.datediff(started_at, ended_at, unit) }} as span_units
            from {{ relation }}
        ) as spanned

        inner join {{ ref("int_spans") }} as blocks
            on cast(floor(spanned.span_units / 256.0) as integer) = blocks.span
    ) as in_blocks

    inner join {{ ref("int_spans") }} as cells
        on in_blocks.block_span = cells.span
{% endmacro %}
