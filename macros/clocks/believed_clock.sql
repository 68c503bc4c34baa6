{#
    What holds for a line that no clock corrects. Its emitter's clock was compared with the receiver's where its
    events are numbered; NULL where nothing says how far the time may be off.
#}
{% macro believed_offset_seconds(relation) -%}
    case when {{ relation }}.uncorrected_source = 'occurred_at' then cast(0 as decimal(18, 3)) end
{%- endmacro %}

{% macro believed_uncertainty_ms(relation) -%}
    case
        when
            {{ relation }}.uncorrected_source = 'occurred_at'
            and {{ relation }}.emitter_id is not null
            and {{ relation }}.seq is not null
            then cast({{ (1000 * var("clock_offset_threshold_seconds")) | int }} as bigint)
    end
{%- endmacro %}
