{#
    What a green run would hide, in a sentence each: that it read only lines of other environments, and lines so old
    that they lie at the moment of loading.
#}
{% macro say_what_was_left_out(results) %}
    {%- for result in results
        if result.node.name == "base_event_log__typed_lines" and result.status == "success" -%}
        {%- set old = "not is_other_environment and quarantine_reason is null and uncorrected_source = 'loaded_at'"
            ~ " and occurred_at < " ~ earliest_credible() -%}
        {%- set row = run_query(
            "select sum(case when is_other_environment then 0 else 1 end),"
            ~ " min(case when is_other_environment then " ~ environment_name("env") ~ " end),"
            ~ " count(case when " ~ old ~ " then 1 end),"
            ~ " cast(cast(min(case when " ~ old ~ " then occurred_at end) as date) as varchar(10))"
            ~ " from " ~ result.node.relation_name ~ " where processed_run = " ~ this_run()
        ).rows[0] -%}
        {%- if row[0] is not none and row[0] == 0 -%}
            {%- do exceptions.warn(
                "All lines of this run are of other environments, such as " ~ row[1] ~ ", so no mart has them; if they"
                ~ " are yours, set the var environments (" ~ own_environments() | join(", ")
                ~ ") in dbt_project.yml to their names and run `dbt build --full-refresh`."
            ) -%}
        {%- endif -%}
        {%- if row[2] -%}
            {%- do exceptions.warn(
                row[2] ~ " lines of this run, the first of " ~ row[3] ~ ", are from before earliest_credible_at ("
                ~ var("earliest_credible_at") ~ ") and no receipt dates them, so they lie at the moment of loading; if"
                ~ " they are old logs and no clock that was never set, set that var in dbt_project.yml to a day before"
                ~ " the first of them and run `dbt build --full-refresh`."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
