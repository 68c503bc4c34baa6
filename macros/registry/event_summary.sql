{#- Generated from registry/ by `fleet registry generate`; do not edit. -#}

{% macro event_summary() %}
    {#- One readable line per event, over the typed columns of base_event_log__events. -#}
    case event_name
        when 'order.created' then
            'Order placed: '
            || {{ number_text('items') }}
            || ' items by '
            || coalesce(channel, '?')
        when 'order.eligibility_decided' then
            'Robot fit decided: eligible '
            || case when eligible then 'yes' when not eligible then 'no' else '?' end
            || ', reason '
            || coalesce(reason, '?')
        when 'order.cancelled' then
            'Order cancelled by '
            || coalesce(cancelled_by, '?')
            || ' ('
            || coalesce(stage, '?')
            || '): '
            || coalesce(reason, '?')
        when 'order.completed' then
            'Order completed by '
            || coalesce(fulfilled_by, '?')
            || ' after '
            || {{ number_text('total_seconds') }}
            || ' s, '
            || {{ number_text('late_seconds') }}
            || ' s late'
        when 'merchant.order_confirmed' then
            'Merchant confirmed, ready in about '
            || {{ number_text('prep_estimate_seconds') }}
            || ' s'
        when 'merchant.order_rejected' then
            'Merchant rejected the order: '
            || coalesce(reason, '?')
        when 'merchant.order_ready' then
            'Goods ready after '
            || {{ number_text('prep_seconds') }}
            || ' s'
        when 'merchant.availability_changed' then
            'Merchant taking orders: '
            || case when available then 'yes' when not available then 'no' else '?' end
            || ' ('
            || coalesce(reason, '?')
            || ')'
        when 'dispatch.requested' then
            'Robot sought among '
            || {{ number_text('candidates') }}
            || ' candidates'
        when 'dispatch.offer_sent' then
            'Offer '
            || {{ number_text('attempt') }}
            || ' sent to '
            || coalesce(robot_id, '?')
            || ', '
            || {{ number_text('eta_pickup_seconds') }}
            || ' s to the merchant'
        when 'dispatch.offer_declined' then
            'Offer '
            || {{ number_text('attempt') }}
            || ' declined by '
            || coalesce(robot_id, '?')
            || ': '
            || coalesce(reason, '?')
        when 'dispatch.assigned' then
            'Assigned to '
            || coalesce(robot_id, '?')
            || ' on attempt '
            || {{ number_text('attempt') }}
            || ', '
            || {{ number_text('eta_pickup_seconds') }}
            || ' s to the merchant'
        when 'dispatch.unassigned' then
            coalesce(robot_id, '?')
            || ' taken off the delivery by '
            || coalesce(by_value, '?')
            || ': '
            || coalesce(reason, '?')
        when 'dispatch.failed' then
            'Dispatch given up after '
            || {{ number_text('attempts') }}
            || ' attempts: '
            || coalesce(reason, '?')
            || '; fallback '
            || coalesce(fallback, '?')
        when 'delivery.pickup_en_route' then
            'Set out for the merchant, '
            || {{ number_text('distance_meters') }}
            || ' m away'
        when 'delivery.pickup_arrived' then
            'At the merchant after '
            || {{ number_text('travel_seconds') }}
            || ' s'
        when 'delivery.pickup_completed' then
            'Loaded by '
            || coalesce(loaded_by, '?')
            || ' after '
            || {{ number_text('wait_seconds') }}
            || ' s at the merchant'
        when 'delivery.pickup_failed' then
            'Pickup failed after '
            || {{ number_text('wait_seconds') }}
            || ' s at the merchant: '
            || coalesce(reason, '?')
        when 'delivery.dropoff_en_route' then
            'Set out for the customer, '
            || {{ number_text('distance_meters') }}
            || ' m away'
        when 'delivery.dropoff_arrived' then
            'At the customer after '
            || {{ number_text('travel_seconds') }}
            || ' s and '
            || {{ number_text('distance_meters') }}
            || ' m'
        when 'delivery.customer_notified' then
            'Customer notified by '
            || coalesce(channel, '?')
            || ', accepted: '
            || case when delivered_ok then 'yes' when not delivered_ok then 'no' else '?' end
        when 'delivery.unlock_attempted' then
            'Unlock attempt '
            || {{ number_text('attempt') }}
            || ' by '
            || coalesce(method, '?')
            || ', success: '
            || case when success then 'yes' when not success then 'no' else '?' end
        when 'delivery.dropoff_completed' then
            'Goods taken after '
            || {{ number_text('wait_seconds') }}
            || ' s at the customer, '
            || {{ number_text('total_seconds') }}
            || ' s in all, '
            || {{ number_text('assists') }}
            || ' assists'
        when 'delivery.dropoff_failed' then
            'Dropoff failed: '
            || coalesce(reason, '?')
            || '; goods: '
            || coalesce(disposition, '?')
        when 'delivery.cancelled' then
            'Delivery cancelled by '
            || coalesce(cancelled_by, '?')
            || ' ('
            || coalesce(stage, '?')
            || '): '
            || coalesce(reason, '?')
        when 'delivery.return_completed' then
            'Goods back at the merchant after '
            || {{ number_text('total_seconds') }}
            || ' s: '
            || coalesce(reason, '?')
        when 'robot.state_changed' then
            'State '
            || coalesce(from_state, '?')
            || ' to '
            || coalesce(to_state, '?')
            || ', reason '
            || coalesce(reason, '?')
        when 'robot.heartbeat' then
            'Alive in state '
            || coalesce(state, '?')
            || ', battery '
            || {{ number_text('battery_pct') }}
            || ' %'
        when 'robot.error' then
            'Error '
            || coalesce(error_code, '?')
            || ' of '
            || coalesce(component, '?')
            || ', '
            || coalesce(severity_value, '?')
            || ', failure: '
            || case when is_failure then 'yes' when not is_failure then 'no' else '?' end
        when 'robot.error_cleared' then
            'Error '
            || coalesce(error_code, '?')
            || ' cleared by '
            || coalesce(resolution, '?')
            || ' after '
            || {{ number_text('down_seconds') }}
            || ' s'
        when 'robot.connection_lost' then
            'Unreachable, last seen '
            || coalesce(cast(last_seen_at as varchar(19)), '?')
        when 'robot.connection_restored' then
            'Reachable again after '
            || {{ number_text('gap_seconds') }}
            || ' s'
        when 'robot.stuck' then
            'Stuck for '
            || {{ number_text('stuck_seconds') }}
            || ' s: '
            || coalesce(cause, '?')
        when 'robot.lid_changed' then
            'Lid '
            || coalesce(to_value, '?')
            || ' by '
            || coalesce(actor, '?')
        when 'robot.safety_event' then
            'Safety: '
            || coalesce(kind, '?')
            || ', '
            || coalesce(severity_value, '?')
        when 'robot.maintenance_started' then
            coalesce(work_type, '?')
            || ' work began at '
            || coalesce(location, '?')
        when 'robot.maintenance_completed' then
            coalesce(work_type, '?')
            || ' work done after '
            || {{ number_text('duration_seconds') }}
            || ' s'
        when 'robot.software_updated' then
            'Update of '
            || coalesce(component, '?')
            || ' from '
            || coalesce(from_version, '?')
            || ' to '
            || coalesce(to_version, '?')
            || ': '
            || coalesce(result, '?')
        when 'pilot.help_requested' then
            'Pilot asked for: '
            || coalesce(cause, '?')
            || ', priority '
            || coalesce(priority, '?')
        when 'pilot.session_started' then
            coalesce(pilot_id, '?')
            || ' connected after '
            || {{ number_text('queue_seconds') }}
            || ' s: '
            || coalesce(cause, '?')
        when 'pilot.control_changed' then
            'Control '
            || coalesce(from_mode, '?')
            || ' to '
            || coalesce(to_mode, '?')
            || ': '
            || coalesce(cause, '?')
        when 'pilot.session_ended' then
            coalesce(pilot_id, '?')
            || ' left after '
            || {{ number_text('duration_seconds') }}
            || ' s, '
            || {{ number_text('remote_seconds') }}
            || ' s driven remotely: '
            || coalesce(outcome, '?')
        when 'pilot.shift_changed' then
            coalesce(pilot_id, '?')
            || ' is '
            || coalesce(status_value, '?')
            || ' at '
            || coalesce(site, '?')
        when 'release.deployed' then
            coalesce(kind, '?')
            || ' of '
            || coalesce(component, '?')
            || ' '
            || coalesce(version, '?')
            || ', before '
            || coalesce(previous_version, '?')
        when 'telemetry.event_rejected' then
            'Event '
            || coalesce(rejected_name, '?')
            || ' does not fit the registry'
    end
{% endmacro %}
