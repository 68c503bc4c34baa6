{#
    One row per row of `relation` and UTC hour or day that its interval touches, as `hour_at` or
    `day_at`, the start of it.

    relation        a CTE or model with the two columns below
    started_at      start of the interval, UTC timestamp
    ended_at        end of the interval, UTC timestamp; an interval that ends before it starts gives no row
    unit            hour or day

    A time-window join then needs equality on hour_at, with the exact range as residual filter:
    a hash join on both engines, whose cost does not grow with a robot's history. The interval is cut
    twice, into blocks and these into hours, each by an equality join with int_spans; so an interval
    of up to 65,536 units needs no join on an inequality, which would be a nested loop on Redshift.
    A longer one gives no row; of a robot's hours assert_states_fill_every_hour tells that.
#}
{% macro time_buckets(relation, started_at, ended_at, unit="hour") %}
    select
        in_blocks.*,
        {{ dbt.dateadd(unit, "in_blocks.block_offset + cells.span_offset", "date_trunc('" ~ unit ~ "', in_blocks." ~ started_at ~ ")") }} as {{ unit }}_at

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
