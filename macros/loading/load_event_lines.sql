{#
    dbt run-operation load_event_lines

    DuckDB: loads the files below var landing_path, a folder or an s3:// URL, that were not loaded
    before, or have changed since.
    Redshift: backfill only. In production a COPY JOB loads new files by itself, each once; it
    leaves alone those that were there before it was made, and this loads them, from the S3 prefix
    in var landing_url (or the files that a manifest names, where it ends in .manifest) with the
    role in var iam_role. COPY keeps no ledger, so running it twice loads the same lines twice;
    staging keeps one row per event_id, so that costs space and no more.
#}
{% macro load_event_lines() %}
    {{- return(adapter.dispatch("load_event_lines", "fleet_analytics")()) -}}
{% endmacro %}

{% macro redshift__load_event_lines() %}
    {%- set role = "arn:aws:iam::123456789012:role/redshift-event-reader" -%}
    {%- set vars_given = "--vars '{landing_url: s3://bucket/events/v1/, iam_role: " ~ role ~ "}'" -%}
    {%- for name in ["landing_url", "iam_role"] if not var(name, none) -%}
        {{ exceptions.raise_compiler_error(
            "load_event_lines on Redshift needs the var " ~ name ~ "; give it with " ~ vars_given ~ "."
        ) }}
    {%- endfor -%}
    {%- set url = var("landing_url") | string -%}
    {%- if not modules.re.match("^s3://[^/]+/", url) -%}
        {{ exceptions.raise_compiler_error(
            "The var landing_url is '" ~ url ~ "'; write it as s3://bucket/prefix/, as in " ~ vars_given ~ "."
        ) }}
    {%- endif -%}
    {%- if not modules.re.match("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.", var("iam_role") | string) -%}
        {{ exceptions.raise_compiler_error(
            "The var iam_role is '" ~ var("iam_role") ~ "'; write the role's ARN, as in " ~ vars_given ~ "."
        ) }}
    {%- endif -%}

    {#- Asked by run_query, for dbt's own look-up begins a transaction, which a run-operation never commits. -#}
    {%- set look_up = "select 1 from pg_tables where schemaname = 'event_log' and tablename = 'event_lines'" -%}
    {%- if not run_query(look_up).rows -%}
        {{ exceptions.raise_compiler_error(
            "There is no table event_log.event_lines to load into; let an administrator run"
            ~ " pipeline/redshift/2_raw_tables.sql, as docs/redshift-first-hour.md says."
        ) }}
    {%- endif -%}
    {%- do run_query(copy_event_lines(url, var("iam_role"))) -%}
    {#- Whatever dbt asked before opened a transaction, and dbt rolls it back when the operation ends. -#}
    {%- do run_query("commit") -%}
    {%- do print("Copied " ~ url ~ " into event_log.event_lines.") -%}
{% endmacro %}

{# noshred keeps each line whole in the one SUPER column, keys that nobody registered included. #}
{% macro copy_event_lines(url, iam_role) %}
    copy event_log.event_lines (payload)
    from {{ sql_text(url) }}
    iam_role {{ sql_text(iam_role) }}
    format json 'noshred'
    gzip
    {{- " manifest" if url.endswith(".manifest") }}
{% endmacro %}

{#
    What is loaded, and how, is the Loader of fleet/warehouse/event_files.py, which the profile names
    as a plugin. It loads in transactions of many files, and a call is one of them: whatever stops
    it, its files are loaded again from the start, and no line of them was kept. All lines of a
    transaction have the same loaded_at, always later than any before it, even when the machine's
    clock was set back: it is the only watermark.
#}
{% macro duckdb__load_event_lines() %}
    {%- set folder = var("landing_path").rstrip("/") -%}
    {%- if not (var("file_settle_seconds") is number and var("file_settle_seconds") >= 0) -%}
        {{ exceptions.raise_compiler_error(
            "The var file_settle_seconds is " ~ var("file_settle_seconds") ~ "; set it to a number of at least 0."
        ) }}
    {%- endif -%}

    {%- do run_query(create_raw_tables()) -%}
    {%- set found = call_loader("find_event_files", sql_text(folder) ~ ", " ~ var("file_settle_seconds")) -%}
    {%- for note in found.notes -%} {%- do print(note) -%} {%- endfor -%}

    {%- set total = namespace(files=0, lines=0, rejected=0, failed=0) -%}
    {%- for number in range(found.loads) -%}
        {%- set loaded = call_loader("load_event_files", number) -%}
        {%- set total.files = total.files + loaded.files -%}
        {%- set total.lines = total.lines + loaded.lines -%}
        {%- set total.rejected = total.rejected + loaded.rejected -%}

        {%- for file in loaded.failed -%}
            {%- set total.failed = total.failed + 1 -%}
            {%- do print(
                "Could not read " ~ folder ~ "/" ~ file[0] ~ ": " ~ file[1] ~ ". The next load tries it again."
            ) -%}
        {%- endfor -%}
        {%- if not loop.last -%}
            {%- do print(counted(total.files, "file") ~ " with " ~ counted(total.lines, "line") ~ " so far.") -%}
        {%- endif -%}
    {%- endfor -%}

    {%- if not found.loads -%}
        {%- do print("No new event files in " ~ folder ~ ".") -%}
    {%- else -%}
        {%- do print(
            "Loaded " ~ counted(total.files, "new file") ~ " with " ~ counted(total.lines, "line") ~ " from " ~ folder
            ~ "; " ~ counted(total.rejected, "line") ~ " rejected, " ~ counted(total.failed, "file")
            ~ " could not be read."
        ) -%}
    {%- endif -%}
{% endmacro %}

{# Calls one of the plugin's SQL functions, which answer in JSON. #}
{% macro call_loader(name, argument) %}
    {%- set answer = fromjson(run_query("select " ~ name ~ "(" ~ argument ~ ")").rows[0][0]) -%}
    {%- if answer.error -%}{{ exceptions.raise_compiler_error(answer.error) }}{%- endif -%}
    {{- return(answer) -}}
{% endmacro %}

{% macro sql_text(text) %}
    {{- return(dbt.string_literal(dbt.escape_single_quotes(text))) -}}
{% endmacro %}

{% macro counted(number, noun) %}
    {{- return("{:,} {}{}".format(number, noun, "" if number == 1 else "s")) -}}
{% endmacro %}
