{#
    Only from lines that the program on the robot logged itself: other services log events about robots
    too, such as the gateway when a robot is no longer heard, and their version is their own.
#}
{% macro robot_software_version() -%}
    case when service = '{{ var("robot_service") }}' then service_version end
{%- endmacro %}
