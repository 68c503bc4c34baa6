{#- Generated from registry/ by `fleet registry generate`; do not edit. -#}

{% macro registry_metrics() %}
    {#- What each metric counts: a condition on the columns of stg_event_log__events, and the id counted once. -#}
    {{ return({
        'events': {
            'condition': "event_name not in ('robot.heartbeat')",
            'distinct': none,
        },
        'errors': {
            'condition': "event_name in ('dispatch.failed', 'delivery.pickup_failed', 'delivery.dropoff_failed', 'robot.error', 'robot.safety_event')",
            'distinct': none,
        },
        'robot_errors': {
            'condition': "event_name in ('robot.error', 'robot.safety_event')",
            'distinct': none,
        },
        'takeovers': {
            'condition': "event_name = 'pilot.control_changed' and from_mode in ('autonomous') and to_mode in ('assisted', 'remote')",
            'distinct': none,
        },
        'operating_heartbeats': {
            'condition': "event_name = 'robot.heartbeat' and state in ('available', 'assigned', 'at_merchant', 'in_transit', 'at_customer', 'returning', 'repositioning')",
            'distinct': none,
        },
        'pickups': {
            'condition': "event_name in ('delivery.pickup_completed', 'delivery.pickup_failed')",
            'distinct': "delivery_id",
        },
        'failed_pickups': {
            'condition': "event_name in ('delivery.pickup_failed')",
            'distinct': "delivery_id",
        },
        'attempted_deliveries': {
            'condition': "event_name in ('delivery.pickup_failed', 'delivery.dropoff_completed') or (event_name = 'delivery.dropoff_failed' and disposition in ('return', 'discard'))",
            'distinct': "delivery_id",
        },
        'failed_deliveries': {
            'condition': "event_name in ('delivery.pickup_failed') or (event_name = 'delivery.dropoff_failed' and disposition in ('return', 'discard'))",
            'distinct': "delivery_id",
        },
        'eligible_orders': {
            'condition': "event_name = 'order.eligibility_decided' and eligible",
            'distinct': "order_id",
        },
        'dispatched_orders': {
            'condition': "event_name in ('dispatch.assigned')",
            'distinct': "order_id",
        },
        'picked_up_orders': {
            'condition': "event_name in ('delivery.pickup_completed')",
            'distinct': "order_id",
        },
        'dropped_off_orders': {
            'condition': "event_name in ('delivery.dropoff_completed')",
            'distinct': "order_id",
        },
        'pickup_wait_seconds': {
            'condition': "event_name in ('delivery.pickup_completed')",
            'distinct': none,
        },
        'pilot_queue_seconds': {
            'condition': "event_name in ('pilot.session_started')",
            'distinct': none,
        },
        'in_service_heartbeats': {
            'condition': "event_name = 'robot.heartbeat' and state in ('available', 'assigned', 'at_merchant', 'in_transit', 'at_customer', 'returning', 'repositioning', 'blocked', 'fault')",
            'distinct': none,
        },
        'unusable_heartbeats': {
            'condition': "event_name = 'robot.heartbeat' and (state in ('repositioning', 'blocked', 'fault') or (state in ('returning') and not coalesce(dispatchable, false)))",
            'distinct': none,
        },
        'unplanned_down_heartbeats': {
            'condition': "event_name = 'robot.heartbeat' and state in ('blocked', 'fault')",
            'distinct': none,
        },
        'lost_connections': {
            'condition': "event_name in ('robot.connection_lost')",
            'distinct': none,
        },
        'critical_safety_events': {
            'condition': "event_name = 'robot.safety_event' and severity_value in ('critical')",
            'distinct': none,
        },
        'refused_events': {
            'condition': "event_name in ('telemetry.event_rejected')",
            'distinct': none,
        },
    }) }}
{% endmacro %}


{% macro registry_minimum_samples() %}
    {#- With less than this in its denominator a ratio says nothing yet, by monitor. -#}
    {{ return({
        'errors_per_operating_hour': 20,
        'takeovers_per_operating_hour': 20,
        'failed_delivery_ratio': 20,
        'failed_pickup_ratio': 20,
        'error_ratio': 200,
        'orders_without_dispatch': 20,
        'dispatched_without_pickup': 20,
        'picked_up_without_dropoff': 20,
        'unusable_supply_ratio': 5,
        'unplanned_downtime_ratio': 5,
    }) }}
{% endmacro %}
