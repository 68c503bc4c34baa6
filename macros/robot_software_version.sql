{#
    The version of the program on the robot, from a line that this program wrote itself. Others tell of
    robots too, as the gateway does of one that it no longer hears, with the version of their own.
#}
{% macro robot_software_version() -%}
    case when service = '{{ var("robot_service") }}' then service_version end
{%- endmacro %}
