{#
    dbt run-operation trim_raw_lines --args '{days: 90, export_to: FOLDER}'

    What `fleet retention` runs: exports the raw lines that were loaded more than so many days ago, then takes them
    away, and the payload that the base layer has of them. Lines in quarantine keep theirs, for they may be read again.
    The same on both engines, but for the export: parquet files in a folder on DuckDB; on Redshift an UNLOAD as JSON
    lines to an S3 prefix, with the role in iam_role. Each keeps source_file and loaded_at, so that what is brought
    back is what was there.

    Stopped at any point, it is done again: the export is complete before anything is taken away, and an export that
    is there already is written anew from the lines that are left, under a name of its own.
#}
{% macro trim_raw_lines(days, export_to, iam_role=none) %}
    {%- if not (days is number and days >= 1) -%}
        {{ exceptions.raise_compiler_error("days is " ~ days ~ "; give a number of at least 1.") }}
    {%- endif -%}
    {%- set format = "%Y-%m-%d %H:%M:%S" -%}
    {%- set today = modules.datetime.datetime.now(modules.pytz.utc).replace(hour=0, minute=0, second=0) -%}
    {%- set until = (today - modules.datetime.timedelta(days=days)).strftime(format) -%}
    {%- set lines = source("event_log", "event_lines") -%}
    {%- set is_old = "loaded_at < cast('" ~ until ~ "' as timestamp)" -%}

    {%- set read_until = run_query(
        "select cast(coalesce(max(loaded_at), cast('1970-01-01' as timestamp)) as varchar(26)) from "
        ~ ref("base_event_log__typed_lines")
    ).columns[0].values()[0] -%}
    {%- set unread = run_query(
        "select count(*) from " ~ lines ~ " where " ~ is_old
        ~ " and loaded_at > cast('" ~ read_until ~ "' as timestamp)"
    ).columns[0].values()[0] -%}
    {%- if unread -%}
        {{ exceptions.raise_compiler_error(
            counted(unread, "raw line") ~ " loaded before " ~ until ~ " were read by no run yet; run `dbt build`"
            ~ " first."
        ) }}
    {%- endif -%}
    {%- set line_count = run_query("select count(*) from " ~ lines ~ " where " ~ is_old).columns[0].values()[0] -%}
    {%- if not line_count -%}
        {%- do print("No raw line was loaded before " ~ until ~ " UTC; nothing to trim.") -%}
        {{- return(none) -}}
    {%- endif -%}

    {%- set now = modules.datetime.datetime.now(modules.pytz.utc) -%}
    {%- set place = export_to.rstrip("/") ~ "/trimmed_at=" ~ now.strftime("%Y%m%dT%H%M%S%fZ") -%}
    {%- do adapter.dispatch("export_raw_lines", "fleet_analytics")(is_old, place, line_count, iam_role) -%}

    {%- do run_query(create_horizons()) -%}
    {%- do run_query(
        "insert into " ~ horizons() ~ " values (cast('" ~ until ~ "' as timestamp), cast('"
        ~ now.strftime("%Y-%m-%d %H:%M:%S.%f") ~ "' as timestamp), " ~ line_count ~ ", " ~ sql_text(place) ~ ")"
    ) -%}
    {#- By name, because a run-operation may not ref() in a loop over names. -#}
    {%- for relation in [ref("base_event_log__typed_lines"), ref("base_event_log__corrected_lines")] -%}
        {%- do run_query(
            "update " ~ relation ~ " set data = null where " ~ is_old
            ~ " and data is not null and quarantine_reason is null"
        ) -%}
    {%- endfor -%}
    {%- do run_query("delete from " ~ lines ~ " where " ~ is_old) -%}
    {#- Whatever dbt asked before opened a transaction, and dbt rolls it back when the operation ends. -#}
    {%- do run_query("commit") if target.type == "redshift" -%}
    {%- do print(
        "Exported " ~ counted(line_count, "raw line") ~ " loaded before " ~ until ~ " UTC to " ~ place
        ~ " and trimmed them; marts stay as they are."
    ) -%}
{% endmacro %}

{% macro duckdb__export_raw_lines(is_old, place, line_count, iam_role) %}
    {%- set lines = source("event_log", "event_lines") -%}
    {%- do run_query(
        "copy (select payload, source_file, loaded_at, cast(loaded_at as date) as loaded_date from " ~ lines
        ~ " where " ~ is_old ~ " order by loaded_at) to " ~ sql_text(place)
        ~ " (format parquet, compression zstd, partition_by (loaded_date))"
    ) -%}
    {#- Nothing is taken away that cannot be read back. -#}
    {%- set exported = run_query(
        "select count(*) from read_parquet(" ~ sql_text(place ~ "/**/*.parquet") ~ ")"
    ).columns[0].values()[0] -%}
    {%- if exported != line_count -%}
        {{ exceptions.raise_compiler_error(
            place ~ " has " ~ exported ~ " of " ~ line_count ~ " lines; nothing was trimmed. Remove it and try again."
        ) }}
    {%- endif -%}
{% endmacro %}

{# UNLOAD fails as a whole where it cannot write a row, so it needs no count of what it wrote. #}
{% macro redshift__export_raw_lines(is_old, place, line_count, iam_role) %}
    {%- if not modules.re.match("^s3://[^/]+/", place) -%}
        {{ exceptions.raise_compiler_error(
            "On Redshift raw lines are exported to S3; write the place as s3://bucket/prefix, not " ~ place ~ "."
        ) }}
    {%- endif -%}
    {%- if not modules.re.match("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.", iam_role or "") -%}
        {{ exceptions.raise_compiler_error(
            "An export needs the ARN of a role that may write to " ~ place ~ "; give it as iam_role."
        ) }}
    {%- endif -%}
    {%- set query = "select payload, source_file, loaded_at from event_log.event_lines where " ~ is_old -%}
    {%- do run_query(
        "unload (" ~ sql_text(query) ~ ") to " ~ sql_text(place ~ "/lines_") ~ " iam_role " ~ sql_text(iam_role)
        ~ " format json gzip"
    ) -%}
{% endmacro %}

{#
    dbt run-operation restore_raw_lines --args '{export: FOLDER}'

    Brings back what trim_raw_lines exported: a folder of parquet files on DuckDB, on Redshift an S3 prefix. Lines that
    are there are not brought back twice: the loads of the export are taken away first.
#}
{% macro restore_raw_lines(export, iam_role=none) %}
    {%- do adapter.dispatch("restore_raw_lines", "fleet_analytics")(export.rstrip("/"), iam_role) -%}
    {%- do run_query(create_horizons()) -%}
    {%- do run_query(
        "delete from " ~ horizons() ~ " where exported_to = " ~ sql_text(export.rstrip("/"))
    ) -%}
    {%- do run_query("commit") if target.type == "redshift" -%}
    {%- do print(
        "Brought back the raw lines of " ~ export ~ "; `dbt build --full-refresh` reads them with all others."
    ) -%}
{% endmacro %}

{% macro duckdb__restore_raw_lines(export, iam_role) %}
    {%- set lines = source("event_log", "event_lines") -%}
    {%- set files = "read_parquet(" ~ sql_text(export ~ "/**/*.parquet") ~ ")" -%}
    {%- do run_query(
        "delete from " ~ lines ~ " where loaded_at in (select loaded_at from " ~ files ~ ")"
    ) -%}
    {%- do run_query(
        "insert into " ~ lines ~ " (payload, source_file, loaded_at)"
        ~ " select payload, source_file, loaded_at from " ~ files ~ " order by loaded_at"
    ) -%}
{% endmacro %}

{% macro redshift__restore_raw_lines(export, iam_role) %}
    {%- do run_query(
        "copy event_log.event_lines from " ~ sql_text(export ~ "/lines_") ~ " iam_role " ~ sql_text(iam_role or "")
        ~ " format json 'auto' gzip"
    ) -%}
{% endmacro %}
