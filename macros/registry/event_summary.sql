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
            || ' s'
            || case
                when late_seconds is not null
                    then ', ' || {{ number_text('late_seconds') }} || ' s late'
                else ''
            end
        when 'merchant.order_confirmed' then
            'Merchant confirmed'
            || case
                when prep_estimate_seconds is not null
                    then ', ready in about ' || {{ number_text('prep_estimate_seconds') }} || ' s'
                else ''
            end
        when 'merchant.order_rejected' then
            'Merchant rejected the order: '
            || coalesce(reason, '?')
        when 'merchant.order_ready' then
            'Goods ready'
            || case
                when prep_seconds is not null
                    then ' after ' || {{ number_text('prep_seconds') }} || ' s'
                else ''
            end
        when 'merchant.availability_changed' then
            'Merchant taking orders: '
            || case when available then 'yes' when not available then 'no' else '?' end
            || case when reason is not null then ' (' || reason || ')' else '' end
        when 'dispatch.requested' then
            'Robot sought'
            || case
                when candidates is not null
                    then ' among ' || {{ number_text('candidates') }} || ' candidates'
                else ''
            end
        when 'dispatch.offer_sent' then
            'Offer '
            || {{ number_text('attempt') }}
            || ' sent to '
            || coalesce(robot_id, '?')
            || case
                when eta_pickup_seconds is not null
                    then ', ' || {{ number_text('eta_pickup_seconds') }} || ' s to the merchant'
                else ''
            end
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
            || case when attempt is not null then ' on attempt ' || {{ number_text('attempt') }} else '' end
            || case
                when eta_pickup_seconds is not null
                    then ', ' || {{ number_text('eta_pickup_seconds') }} || ' s to the merchant'
                else ''
            end
        when 'dispatch.unassigned' then
            coalesce(robot_id, '?')
            || ' taken off the delivery'
            || case when by_value is not null then ' by ' || by_value else '' end
            || ': '
            || coalesce(reason, '?')
        when 'dispatch.failed' then
            'Dispatch given up'
            || case when attempts is not null then ' after ' || {{ number_text('attempts') }} || ' attempts' else '' end
            || ': '
            || coalesce(reason, '?')
            || case when fallback is not null then '; fallback ' || fallback else '' end
        when 'delivery.pickup_en_route' then
            'Set out for the merchant'
            || case
                when distance_meters is not null
                    then ', ' || {{ number_text('distance_meters') }} || ' m away'
                else ''
            end
        when 'delivery.pickup_arrived' then
            'At the merchant'
            || case
                when travel_seconds is not null
                    then ' after ' || {{ number_text('travel_seconds') }} || ' s'
                else ''
            end
        when 'delivery.pickup_completed' then
            'Loaded'
            || case when loaded_by is not null then ' by ' || loaded_by else '' end
            || ' after '
            || {{ number_text('wait_seconds') }}
            || ' s at the merchant'
        when 'delivery.pickup_failed' then
            'Pickup failed'
            || case
                when wait_seconds is not null
                    then ' after ' || {{ number_text('wait_seconds') }} || ' s at the merchant'
                else ''
            end
            || ': '
            || coalesce(reason, '?')
        when 'delivery.dropoff_en_route' then
            'Set out for the customer'
            || case
                when distance_meters is not null
                    then ', ' || {{ number_text('distance_meters') }} || ' m away'
                else ''
            end
        when 'delivery.dropoff_arrived' then
            'At the customer'
            || case
                when travel_seconds is not null
                    then ' after ' || {{ number_text('travel_seconds') }} || ' s'
                else ''
            end
            || case
                when distance_meters is not null
                    then ', ' || {{ number_text('distance_meters') }} || ' m driven'
                else ''
            end
        when 'delivery.customer_notified' then
            'Customer notified by '
            || coalesce(channel, '?')
            || case
                when delivered_ok is not null
                    then ', accepted: ' || case when delivered_ok then 'yes' else 'no' end
                else ''
            end
        when 'delivery.unlock_attempted' then
            'Unlock attempt'
            || case when attempt is not null then ' ' || {{ number_text('attempt') }} else '' end
            || ' by '
            || coalesce(method, '?')
            || ', success: '
            || case when success then 'yes' when not success then 'no' else '?' end
        when 'delivery.dropoff_completed' then
            'Goods taken'
            || case
                when wait_seconds is not null
                    then ' after ' || {{ number_text('wait_seconds') }} || ' s at the customer'
                else ''
            end
            || case
                when total_seconds is not null
                    then ', ' || {{ number_text('total_seconds') }} || ' s in all'
                else ''
            end
            || case when assists is not null then ', ' || {{ number_text('assists') }} || ' assists' else '' end
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
            'Goods back at the merchant'
            || case
                when total_seconds is not null
                    then ' after ' || {{ number_text('total_seconds') }} || ' s'
                else ''
            end
            || case when reason is not null then ': ' || reason else '' end
        when 'robot.state_changed' then
            'State '
            || case when from_state is not null then from_state || ' to ' else '' end
            || coalesce(to_state, '?')
            || case when reason is not null then ', reason ' || reason else '' end
        when 'robot.heartbeat' then
            'Alive in state '
            || coalesce(state, '?')
            || case
                when battery_pct is not null
                    then ', battery ' || {{ number_text('battery_pct') }} || ' %'
                else ''
            end
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
            || case
                when down_seconds is not null
                    then ' after ' || {{ number_text('down_seconds') }} || ' s'
                else ''
            end
        when 'robot.connection_lost' then
            'Unreachable, last seen '
            || coalesce(left(cast(last_seen_at as varchar(32)), 19), '?')
        when 'robot.connection_restored' then
            'Reachable again after '
            || {{ number_text('gap_seconds') }}
            || ' s'
        when 'robot.stuck' then
            'Stuck'
            || case
                when stuck_seconds is not null
                    then ' for ' || {{ number_text('stuck_seconds') }} || ' s'
                else ''
            end
            || ': '
            || coalesce(cause, '?')
        when 'robot.lid_changed' then
            'Lid '
            || coalesce(to_value, '?')
            || case when actor is not null then ' by ' || actor else '' end
        when 'robot.safety_event' then
            'Safety: '
            || coalesce(kind, '?')
            || ', '
            || coalesce(severity_value, '?')
        when 'robot.maintenance_started' then
            coalesce(work_type, '?')
            || ' work began'
            || case when location is not null then ' at ' || location else '' end
        when 'robot.maintenance_completed' then
            coalesce(work_type, '?')
            || ' work done'
            || case
                when duration_seconds is not null
                    then ' after ' || {{ number_text('duration_seconds') }} || ' s'
                else ''
            end
        when 'robot.software_updated' then
            'Update of '
            || coalesce(component, '?')
            || case when from_version is not null then ' from ' || from_version else '' end
            || ' to '
            || coalesce(to_version, '?')
            || ': '
            || coalesce(result, '?')
        when 'pilot.help_requested' then
            'Pilot asked for: '
            || coalesce(cause, '?')
            || case when priority is not null then ', priority ' || priority else '' end
        when 'pilot.session_started' then
            coalesce(pilot_id, '?')
            || ' connected'
            || case
                when queue_seconds is not null
                    then ' after ' || {{ number_text('queue_seconds') }} || ' s'
                else ''
            end
            || case when cause is not null then ': ' || cause else '' end
        when 'pilot.control_changed' then
            'Control '
            || coalesce(from_mode, '?')
            || ' to '
            || coalesce(to_mode, '?')
            || case when cause is not null then ': ' || cause else '' end
        when 'pilot.session_ended' then
            coalesce(pilot_id, '?')
            || ' left'
            || case
                when duration_seconds is not null
                    then ' after ' || {{ number_text('duration_seconds') }} || ' s'
                else ''
            end
            || case
                when remote_seconds is not null
                    then ', ' || {{ number_text('remote_seconds') }} || ' s driven remotely'
                else ''
            end
            || ': '
            || coalesce(outcome, '?')
        when 'pilot.shift_changed' then
            coalesce(pilot_id, '?')
            || ' is '
            || coalesce(status_value, '?')
            || case when site is not null then ' at ' || site else '' end
        when 'release.deployed' then
            coalesce(kind, '?')
            || ' of '
            || coalesce(component, '?')
            || ' '
            || coalesce(version, '?')
            || case when previous_version is not null then ', before ' || previous_version else '' end
        when 'telemetry.event_rejected' then
            'Event '
            || coalesce(rejected_name, '?')
            || ' does not fit the registry'
        when 'telemetry.emitter_restarted' then
            'Logging began anew after event '
            || {{ number_text('last_seq') }}
            || ' of '
            || coalesce(last_emitter_id, '?')
    end
{% endmacro %}
