{#
    Whether a line is of a load that this run touched. The earliest one is written as a literal, so
    that the blocks of earlier loads are skipped.
#}
{% macro of_touched_loads(loaded_at) -%}
    {%- set touched_loads = ref("int_touched_loads") -%}
    {%- set earliest = run_query("select cast(min(loaded_at) as varchar(26)) from " ~ touched_loads).columns[0].values()[0] if execute -%}
    {{ loaded_at }} >= cast('{{ earliest or "9999-12-31" }}' as timestamp)
    and {{ loaded_at }} in (select touched_loads.loaded_at from {{ touched_loads }} as touched_loads)
{%- endmacro %}
