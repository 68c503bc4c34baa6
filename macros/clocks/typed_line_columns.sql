{# By name, because a column that a later version adds stands at another place in a table that grew. #}
{% macro typed_line_columns() %}
    {{- return(
        ["event_id"]
        + (registry_ids() | map(attribute="name") | list)
        + (registry_envelope() | map(attribute="column") | reject("equalto", "event_id") | list)
        + (shared_fields() | map(attribute="column") | list)
        + [
            "stream", "brief", "severity", "funnel_step", "ends_delivery", "uncorrected_source", "quarantine_reason",
            "quarantine_detail", "source_file", "processed_run", "copy_token", "is_sign_of_life",
            "has_derived_event_id", "is_other_environment", "uncorrected_date", "uncorrected_at", "arrived_at",
            "loaded_at", "data", "payload",
        ]
    ) -}}
{% endmacro %}
