{#
    A view whose SQL is what the last completed run made is left alone: to make it anew costs as much
    as a small table, and there are twenty. What the run made is on record by a fingerprint. A full
    refresh makes every view.
#}
{% materialization view, default %}
    {%- if is_view_unchanged() -%} {{ return(keep_view()) }} {%- endif -%}
    {{ return(dbt.materialization_view_default()) }}
{% endmaterialization %}

{% materialization view, adapter="redshift" %}
    {%- if is_view_unchanged() -%} {{ return(keep_view()) }} {%- endif -%}
    {{ return(dbt.materialization_view_redshift()) }}
{% endmaterialization %}

{% macro is_view_unchanged() %}
    {%- set existing = load_cached_relation(this) -%}
    {{- return(
        not should_full_refresh()
        and existing is not none
        and existing.is_view
        and made_views().get(this.render()) == view_fingerprint(model)
    ) -}}
{% endmacro %}

{% macro keep_view() %}
    {%- call noop_statement("main", "UNCHANGED") -%} {{ sql }} {%- endcall -%}
    {{- return({"relations": [this.incorporate(type="view")]}) -}}
{% endmacro %}

{#
    The SQL of a view and all files of the project that it may depend on: DuckDB keeps the columns of a
    view as they were, and a table below it may have more of them now.
#}
{% macro view_fingerprint(node) %}
    {%- set values = values_of_run() -%}
    {%- if "files" not in values -%}
        {%- set files = [registry_envelope(), registry_fields()] -%}
        {%- for other in graph.nodes.values() | selectattr("resource_type", "equalto", "model") -%}
            {%- do files.append(other.checksum.checksum) -%}
        {%- endfor -%}
        {%- do values.update({"files": local_md5(tojson(files))}) -%}
    {%- endif -%}
    {{- return(local_md5(values.files ~ node.description ~ node.config.grants ~ node.compiled_code)) -}}
{% endmacro %}

{# The views that completed runs have made: name -> fingerprint. #}
{% macro made_views() %}
    {%- set values = values_of_run() -%}
    {%- if "made_views" not in values -%}
        {%- set made = {} -%}
        {%- for row in run_query("select view_name, fingerprint from " ~ table_of_runs("views")).rows -%}
            {%- do made.update({row[0]: row[1]}) -%}
        {%- endfor -%}
        {%- do values.update({"made_views": made}) -%}
    {%- endif -%}
    {{- return(values.made_views) -}}
{% endmacro %}

{# on-run-end: put on record the views of this run. #}
{% macro record_views(results) %}
    {%- set rows, names = [], [] -%}
    {%- for result in results if result.status == "success" and result.node.config.materialized == "view" -%}
        {%- set name, fingerprint = result.node.relation_name, view_fingerprint(result.node) -%}
        {%- if made_views().get(name) != fingerprint -%}
            {%- do names.append(name) -%}
            {%- do rows.append("('" ~ name ~ "', '" ~ fingerprint ~ "')") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if rows -%}
        {%- set views = table_of_runs("views") -%}
        {%- do run_query("delete from " ~ views ~ " where view_name in ('" ~ names | join("', '") ~ "')") -%}
        {%- do run_query("insert into " ~ views ~ " values " ~ rows | join(", ")) -%}
    {%- endif -%}
{% endmacro %}
