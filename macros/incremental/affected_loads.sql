{#
    Whether a line is of a load that this run affected. The earliest one is written as a literal, so
    that the blocks of earlier loads are skipped.
#}
{% macro of_affected_loads(loaded_at) -%}
    {%- set affected_loads = ref("int_affected_loads") -%}
    {%- set earliest = run_query("select cast(min(loaded_at) as varchar(26)) from " ~ affected_loads).columns[0].values()[0] if execute -%}
    {{ loaded_at }} >= cast('{{ earliest or "9999-12-31" }}' as timestamp)
    and {{ loaded_at }} in (select affected_loads.loaded_at from {{ affected_loads }} as affected_loads)
{%- endmacro %}
