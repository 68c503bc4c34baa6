{#- Generated from registry/ by `fleet registry generate`; do not edit. -#}

{% macro registry_ids() %}
    {#- Ids a log line may carry on top, in order; width in bytes; prefix: what each of them starts with. -#}
    {{ return([
        {'name': 'order_id', 'type': 'id', 'width': 64, 'prefix': 'O-'},
        {'name': 'delivery_id', 'type': 'id', 'width': 64, 'prefix': 'D-'},
        {'name': 'robot_id', 'type': 'id', 'width': 64, 'prefix': 'R-'},
        {'name': 'merchant_id', 'type': 'id', 'width': 64, 'prefix': 'M-'},
        {'name': 'pilot_id', 'type': 'id', 'width': 64, 'prefix': 'P-'},
        {'name': 'market', 'type': 'id', 'width': 64, 'prefix': ''},
    ]) }}
{% endmacro %}


{% macro registry_envelope() %}
    {#-
        Keys of a log line beside its ids and `data`, in order. path: the keys that lead to the value. column: of the
        staging models. type: id, string, int, bool or timestamp. width: bytes, none for other types. min, max: of an int.
        apart: it is in an object that lines may leave out.
    -#}
    {{ return([
        {'name': 'event_id', 'path': ['event_id'], 'column': 'event_id', 'type': 'id', 'width': 64, 'apart': false},
        {'name': 'evt.name', 'path': ['evt', 'name'], 'column': 'event_name', 'type': 'string', 'width': 128, 'apart': false},
        {'name': 'evt.version', 'path': ['evt', 'version'], 'column': 'event_version', 'type': 'int', 'width': none, 'min': 1, 'max': 9007199254740991, 'apart': false},
        {'name': 'evt.valid', 'path': ['evt', 'valid'], 'column': 'is_valid_at_source', 'type': 'bool', 'width': none, 'apart': false},
        {'name': 'occurred_at', 'path': ['occurred_at'], 'column': 'occurred_at', 'type': 'timestamp', 'width': none, 'apart': false},
        {'name': 'sent_at', 'path': ['sent_at'], 'column': 'sent_at', 'type': 'timestamp', 'width': none, 'apart': false},
        {'name': 'service', 'path': ['service'], 'column': 'service', 'type': 'string', 'width': 128, 'apart': false},
        {'name': 'env', 'path': ['env'], 'column': 'env', 'type': 'string', 'width': 64, 'apart': false},
        {'name': 'version', 'path': ['version'], 'column': 'service_version', 'type': 'string', 'width': 128, 'apart': false},
        {'name': 'emitter_id', 'path': ['emitter_id'], 'column': 'emitter_id', 'type': 'id', 'width': 256, 'apart': false},
        {'name': 'seq', 'path': ['seq'], 'column': 'seq', 'type': 'int', 'width': none, 'min': 1, 'max': 9007199254740991, 'apart': false},
        {'name': 'mono_ms', 'path': ['mono_ms'], 'column': 'mono_milliseconds', 'type': 'int', 'width': none, 'min': -9007199254740991, 'max': 9007199254740991, 'apart': false},
        {'name': 'status', 'path': ['status'], 'column': 'status', 'type': 'string', 'width': 16, 'apart': false},
        {'name': 'message', 'path': ['message'], 'column': 'message', 'type': 'string', 'width': 4096, 'apart': false},
        {'name': 'dd.trace_id', 'path': ['dd', 'trace_id'], 'column': 'trace_id', 'type': 'id', 'width': 64, 'apart': true},
        {'name': 'dd.span_id', 'path': ['dd', 'span_id'], 'column': 'span_id', 'type': 'id', 'width': 64, 'apart': true},
        {'name': 'registry_version', 'path': ['registry_version'], 'column': 'registry_version', 'type': 'string', 'width': 32, 'apart': false},
        {'name': 'received_at', 'path': ['received_at'], 'column': 'received_at', 'type': 'timestamp', 'width': none, 'apart': false},
        {'name': 'earliest_credible_at', 'path': ['earliest_credible_at'], 'column': 'earliest_credible_at', 'type': 'timestamp', 'width': none, 'apart': false},
    ]) }}
{% endmacro %}


{% macro registry_quarantine_reasons() %}
    {#-
        Why a line is quarantined, in the order of the checks. found_in: `line` where nothing can be read from it,
        `event` where it is JSON but no event of the registry.
    -#}
    {{ return([
        {'name': 'malformed', 'found_in': 'line'},
        {'name': 'not_an_object', 'found_in': 'line'},
        {'name': 'too_large', 'found_in': 'event'},
        {'name': 'missing_event_id', 'found_in': 'event'},
        {'name': 'unknown_event', 'found_in': 'event'},
        {'name': 'bad_timestamp', 'found_in': 'event'},
        {'name': 'missing_required', 'found_in': 'event'},
        {'name': 'bad_type', 'found_in': 'event'},
        {'name': 'bad_value', 'found_in': 'event'},
        {'name': 'refused_at_source', 'found_in': 'event'},
    ]) }}
{% endmacro %}


{% macro registry_state_marks() %}
    {#- What the models ask of a robot's state beside its class: the states with each mark. -#}
    {{ return({
        'to_merchant': ['assigned'],
        'failed': ['fault'],
        'stuck': ['blocked'],
        'no_contact': ['non_contactable'],
        'carrying': ['in_transit', 'at_customer', 'returning', 'blocked', 'fault', 'non_contactable'],
        'stopped': ['blocked', 'fault', 'non_contactable'],
        'way_back': ['returning'],
    }) }}
{% endmacro %}


{% macro registry_trouble_reasons() %}
    {#- Downtime reasons of a state that tell of a trouble. -#}
    {{ return({
        'weather': ['weather'],
        'accident': ['tipped_over', 'collision'],
        'theft': ['vandalism', 'theft'],
        'lid': ['hw_lid'],
        'no_pilot': ['no_pilot'],
    }) }}
{% endmacro %}


{% macro registry_meanings() %}
    {#- What the models ask of words of the fleet: the words of each meaning, by the name of their field. -#}
    {{ return({
        'reason': {
            'merchant_not_ready': ['merchant_unavailable', 'out_of_stock', 'merchant_closed', 'no_food', 'no_staff'],
            'customer_absent': ['customer_absent'],
            'no_access': ['no_access'],
            'theft': ['theft'],
            'weather': ['weather'],
            'no_robot': ['no_robot', 'timeout'],
            'lid_fault': ['lid_fault'],
            'robot_stuck': ['robot_blocked'],
            'robot_failure': ['robot_failure', 'robot_fault'],
            'cancelled_by_customer': ['customer_request'],
            'too_late': ['too_late'],
            'other': ['other'],
            'called_off': ['cancelled'],
        },
        'component': {
            'lid': ['lid'],
        },
        'cause': {
            'lid': ['lid'],
            'accident': ['safety'],
            'stuck': ['stuck', 'crossing', 'obstacle'],
            'customer': ['customer'],
        },
        'kind': {
            'accident': ['collision', 'tip_over', 'tamper'],
            'rollback': ['rollback'],
        },
        'severity': {
            'slight': ['minor'],
        },
        'cancelled_by': {
            'customer': ['customer'],
            'merchant': ['merchant'],
            'operations': ['operations'],
            'system': ['system'],
        },
        'fulfilled_by': {
            'robot': ['robot'],
            'fallback': ['fallback'],
        },
        'disposition': {
            'tried_again': ['retry'],
            'goes_back': ['return'],
        },
        'outcome': {
            'solved': ['resolved'],
        },
    }) }}
{% endmacro %}


{% macro registry_funnel_steps() %}
    {#-
        Steps of a delivery in their order. column: when it was reached. count: the orders that
        reached it, none where it is no stage of the funnel. leg: seconds from the stage before.
    -#}
    {{ return([
        {
            'step': 'order_created',
            'event_name': 'order.created',
            'column': 'order_created_at',
            'title': "Order",
            'count': "eligible_count",
            'leg': none,
        },
        {
            'step': 'dispatched',
            'event_name': 'dispatch.assigned',
            'column': 'dispatched_at',
            'title': "Dispatch",
            'count': "dispatched_count",
            'leg': "order_to_dispatch_seconds",
        },
        {
            'step': 'pickup_arrived',
            'event_name': 'delivery.pickup_arrived',
            'column': 'pickup_arrived_at',
            'title': "At the merchant",
            'count': none,
            'leg': none,
        },
        {
            'step': 'pickup_completed',
            'event_name': 'delivery.pickup_completed',
            'column': 'pickup_completed_at',
            'title': "Pickup",
            'count': "picked_up_count",
            'leg': "dispatch_to_pickup_seconds",
        },
        {
            'step': 'dropoff_arrived',
            'event_name': 'delivery.dropoff_arrived',
            'column': 'dropoff_arrived_at',
            'title': "At the customer",
            'count': none,
            'leg': none,
        },
        {
            'step': 'dropoff_completed',
            'event_name': 'delivery.dropoff_completed',
            'column': 'dropoff_completed_at',
            'title': "Dropoff",
            'count': "dropped_off_count",
            'leg': "pickup_to_dropoff_seconds",
        },
    ]) }}
{% endmacro %}


{% macro registry_fields() %}
    {#- Payload fields of all events, each name once. width: bytes of the varchar, none for other types. -#}
    {{ return([
        {'name': 'channel', 'column': 'channel', 'type': 'enum', 'width': 64},
        {'name': 'items', 'column': 'items', 'type': 'int', 'width': none},
        {'name': 'value_cents', 'column': 'value_cents', 'type': 'int', 'width': none},
        {'name': 'currency', 'column': 'currency', 'type': 'string', 'width': 12},
        {'name': 'promised_at', 'column': 'promised_at', 'type': 'timestamp', 'width': none},
        {'name': 'route_m', 'column': 'route_meters', 'type': 'number', 'width': none},
        {'name': 'eligible', 'column': 'eligible', 'type': 'bool', 'width': none},
        {'name': 'reason', 'column': 'reason', 'type': 'enum', 'width': 64},
        {'name': 'cancelled_by', 'column': 'cancelled_by', 'type': 'enum', 'width': 64},
        {'name': 'stage', 'column': 'stage', 'type': 'enum', 'width': 64},
        {'name': 'fulfilled_by', 'column': 'fulfilled_by', 'type': 'enum', 'width': 64},
        {'name': 'total_s', 'column': 'total_seconds', 'type': 'number', 'width': none},
        {'name': 'late_s', 'column': 'late_seconds', 'type': 'number', 'width': none},
        {'name': 'prep_estimate_s', 'column': 'prep_estimate_seconds', 'type': 'number', 'width': none},
        {'name': 'prep_s', 'column': 'prep_seconds', 'type': 'number', 'width': none},
        {'name': 'available', 'column': 'available', 'type': 'bool', 'width': none},
        {'name': 'candidates', 'column': 'candidates', 'type': 'int', 'width': none},
        {'name': 'requested_for_at', 'column': 'requested_for_at', 'type': 'timestamp', 'width': none},
        {'name': 'offer_id', 'column': 'offer_id', 'type': 'id', 'width': 64},
        {'name': 'attempt', 'column': 'attempt', 'type': 'int', 'width': none},
        {'name': 'eta_pickup_s', 'column': 'eta_pickup_seconds', 'type': 'number', 'width': none},
        {'name': 'battery_pct', 'column': 'battery_pct', 'type': 'number', 'width': none},
        {'name': 'eta_dropoff_s', 'column': 'eta_dropoff_seconds', 'type': 'number', 'width': none},
        {'name': 'by', 'column': 'by_value', 'type': 'enum', 'width': 64},
        {'name': 'attempts', 'column': 'attempts', 'type': 'int', 'width': none},
        {'name': 'fallback', 'column': 'fallback', 'type': 'enum', 'width': 64},
        {'name': 'distance_m', 'column': 'distance_meters', 'type': 'number', 'width': none},
        {'name': 'autonomy_mode', 'column': 'autonomy_mode', 'type': 'enum', 'width': 64},
        {'name': 'travel_s', 'column': 'travel_seconds', 'type': 'number', 'width': none},
        {'name': 'eta_error_s', 'column': 'eta_error_seconds', 'type': 'number', 'width': none},
        {'name': 'wait_s', 'column': 'wait_seconds', 'type': 'number', 'width': none},
        {'name': 'loaded_by', 'column': 'loaded_by', 'type': 'enum', 'width': 64},
        {'name': 'software_version', 'column': 'software_version', 'type': 'string', 'width': 256},
        {'name': 'delivered_ok', 'column': 'delivered_ok', 'type': 'bool', 'width': none},
        {'name': 'method', 'column': 'method', 'type': 'enum', 'width': 64},
        {'name': 'success', 'column': 'success', 'type': 'bool', 'width': none},
        {'name': 'assists', 'column': 'assists', 'type': 'int', 'width': none},
        {'name': 'disposition', 'column': 'disposition', 'type': 'enum', 'width': 64},
        {'name': 'from_state', 'column': 'from_state', 'type': 'enum', 'width': 64},
        {'name': 'to_state', 'column': 'to_state', 'type': 'enum', 'width': 64},
        {'name': 'lat', 'column': 'lat', 'type': 'number', 'width': none},
        {'name': 'lon', 'column': 'lon', 'type': 'number', 'width': none},
        {'name': 'dispatchable', 'column': 'dispatchable', 'type': 'bool', 'width': none},
        {'name': 'state_seq', 'column': 'state_seq', 'type': 'int', 'width': none},
        {'name': 'hardware_version', 'column': 'hardware_version', 'type': 'string', 'width': 256},
        {'name': 'state', 'column': 'state', 'type': 'enum', 'width': 64},
        {'name': 'signal_dbm', 'column': 'signal_dbm', 'type': 'number', 'width': none},
        {'name': 'last_seq', 'column': 'last_seq', 'type': 'int', 'width': none},
        {'name': 'error_code', 'column': 'error_code', 'type': 'string', 'width': 256},
        {'name': 'component', 'column': 'component', 'type': 'string', 'width': 256},
        {'name': 'severity', 'column': 'severity_value', 'type': 'enum', 'width': 64},
        {'name': 'is_failure', 'column': 'is_failure', 'type': 'bool', 'width': none},
        {'name': 'recoverable', 'column': 'recoverable', 'type': 'bool', 'width': none},
        {'name': 'detail', 'column': 'detail', 'type': 'string', 'width': 4096},
        {'name': 'error_event_id', 'column': 'error_event_id', 'type': 'id', 'width': 64},
        {'name': 'resolution', 'column': 'resolution', 'type': 'enum', 'width': 64},
        {'name': 'down_s', 'column': 'down_seconds', 'type': 'number', 'width': none},
        {'name': 'last_seen_at', 'column': 'last_seen_at', 'type': 'timestamp', 'width': none},
        {'name': 'last_emitter_id', 'column': 'last_emitter_id', 'type': 'string', 'width': 1024},
        {'name': 'gap_s', 'column': 'gap_seconds', 'type': 'number', 'width': none},
        {'name': 'first_seq', 'column': 'first_seq', 'type': 'int', 'width': none},
        {'name': 'cause', 'column': 'cause', 'type': 'enum', 'width': 64},
        {'name': 'stuck_s', 'column': 'stuck_seconds', 'type': 'number', 'width': none},
        {'name': 'to', 'column': 'to_value', 'type': 'enum', 'width': 64},
        {'name': 'actor', 'column': 'actor', 'type': 'enum', 'width': 64},
        {'name': 'kind', 'column': 'kind', 'type': 'enum', 'width': 64},
        {'name': 'speed_mps', 'column': 'speed_meters_per_second', 'type': 'number', 'width': none},
        {'name': 'work_type', 'column': 'work_type', 'type': 'enum', 'width': 64},
        {'name': 'ticket_id', 'column': 'ticket_id', 'type': 'id', 'width': 64},
        {'name': 'location', 'column': 'location', 'type': 'enum', 'width': 64},
        {'name': 'duration_s', 'column': 'duration_seconds', 'type': 'number', 'width': none},
        {'name': 'components', 'column': 'components', 'type': 'list[string]', 'width': 5200},
        {'name': 'from_version', 'column': 'from_version', 'type': 'string', 'width': 256},
        {'name': 'to_version', 'column': 'to_version', 'type': 'string', 'width': 256},
        {'name': 'result', 'column': 'result', 'type': 'enum', 'width': 64},
        {'name': 'help_id', 'column': 'help_id', 'type': 'id', 'width': 64},
        {'name': 'priority', 'column': 'priority', 'type': 'enum', 'width': 64},
        {'name': 'session_id', 'column': 'session_id', 'type': 'id', 'width': 64},
        {'name': 'queue_s', 'column': 'queue_seconds', 'type': 'number', 'width': none},
        {'name': 'from_mode', 'column': 'from_mode', 'type': 'enum', 'width': 64},
        {'name': 'to_mode', 'column': 'to_mode', 'type': 'enum', 'width': 64},
        {'name': 'latency_ms', 'column': 'latency_milliseconds', 'type': 'number', 'width': none},
        {'name': 'remote_s', 'column': 'remote_seconds', 'type': 'number', 'width': none},
        {'name': 'outcome', 'column': 'outcome', 'type': 'enum', 'width': 64},
        {'name': 'status', 'column': 'status_value', 'type': 'enum', 'width': 64},
        {'name': 'site', 'column': 'site', 'type': 'string', 'width': 256},
        {'name': 'version', 'column': 'version', 'type': 'string', 'width': 256},
        {'name': 'previous_version', 'column': 'previous_version', 'type': 'string', 'width': 256},
        {'name': 'scope', 'column': 'scope', 'type': 'string', 'width': 256},
        {'name': 'rejected_name', 'column': 'rejected_name', 'type': 'string', 'width': 512},
        {'name': 'reasons', 'column': 'reasons', 'type': 'list[string]', 'width': 20560},
        {'name': 'sample_hash', 'column': 'sample_hash', 'type': 'string', 'width': 256},
    ]) }}
{% endmacro %}


{% macro registry_events() %}
    {#-
        Events with the columns that must not be null and the payload fields they take, each with what its value may
        be: min and max of a number, values of an enum, length in characters of a text or of an item of a list.
    -#}
    {{ return([
        {
            'name': 'order.created',
            'stream': 'order',
            'ids': ['order_id', 'merchant_id', 'market'],
            'required_columns': ['order_id', 'merchant_id', 'channel', 'items'],
            'fields': [
                {'name': 'channel', 'column': 'channel', 'required': true, 'type': 'enum', 'values': ['app', 'web', 'partner_api', 'phone']},
                {'name': 'items', 'column': 'items', 'required': true, 'type': 'int', 'min': 1, 'max': 500},
                {'name': 'value_cents', 'column': 'value_cents', 'required': false, 'type': 'int', 'min': 0, 'max': 10000000},
                {'name': 'currency', 'column': 'currency', 'required': false, 'type': 'string', 'length': 3},
                {'name': 'promised_at', 'column': 'promised_at', 'required': false, 'type': 'timestamp', 'width': none},
                {'name': 'route_m', 'column': 'route_meters', 'required': false, 'type': 'number', 'min': 0, 'max': 100000},
            ],
        },
        {
            'name': 'order.eligibility_decided',
            'stream': 'order',
            'ids': ['order_id', 'merchant_id', 'market'],
            'required_columns': ['order_id', 'merchant_id', 'eligible', 'reason'],
            'fields': [
                {'name': 'eligible', 'column': 'eligible', 'required': true, 'type': 'bool', 'width': none},
                {'name': 'reason', 'column': 'reason', 'required': true, 'type': 'enum', 'values': ['range', 'hours', 'weather', 'size', 'none']},
            ],
        },
        {
            'name': 'order.cancelled',
            'stream': 'order',
            'ids': ['order_id', 'delivery_id', 'merchant_id', 'market'],
            'required_columns': ['order_id', 'merchant_id', 'cancelled_by', 'stage', 'reason'],
            'fields': [
                {'name': 'cancelled_by', 'column': 'cancelled_by', 'required': true, 'type': 'enum', 'values': ['customer', 'merchant', 'operations', 'system']},
                {'name': 'stage', 'column': 'stage', 'required': true, 'type': 'enum', 'values': ['before_dispatch', 'before_pickup', 'before_dropoff']},
                {'name': 'reason', 'column': 'reason', 'required': true, 'type': 'enum', 'values': ['customer_request', 'merchant_unavailable', 'out_of_stock', 'too_late', 'robot_failure', 'weather', 'fraud', 'other']},
            ],
        },
        {
            'name': 'order.completed',
            'stream': 'order',
            'ids': ['order_id', 'delivery_id', 'merchant_id', 'market'],
            'required_columns': ['order_id', 'merchant_id', 'fulfilled_by', 'total_seconds'],
            'fields': [
                {'name': 'fulfilled_by', 'column': 'fulfilled_by', 'required': true, 'type': 'enum', 'values': ['robot', 'fallback']},
                {'name': 'total_s', 'column': 'total_seconds', 'required': true, 'type': 'number', 'min': 0, 'max': 172800},
                {'name': 'late_s', 'column': 'late_seconds', 'required': false, 'type': 'number', 'min': -172800, 'max': 172800},
            ],
        },
        {
            'name': 'merchant.order_confirmed',
            'stream': 'merchant',
            'ids': ['order_id', 'merchant_id', 'market'],
            'required_columns': ['order_id', 'merchant_id'],
            'fields': [
                {'name': 'prep_estimate_s', 'column': 'prep_estimate_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 14400},
            ],
        },
        {
            'name': 'merchant.order_rejected',
            'stream': 'merchant',
            'ids': ['order_id', 'merchant_id', 'market'],
            'required_columns': ['order_id', 'merchant_id', 'reason'],
            'fields': [
                {'name': 'reason', 'column': 'reason', 'required': true, 'type': 'enum', 'values': ['closed', 'too_busy', 'out_of_stock', 'other']},
            ],
        },
        {
            'name': 'merchant.order_ready',
            'stream': 'merchant',
            'ids': ['order_id', 'delivery_id', 'merchant_id', 'market'],
            'required_columns': ['order_id', 'merchant_id'],
            'fields': [
                {'name': 'prep_s', 'column': 'prep_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 14400},
            ],
        },
        {
            'name': 'merchant.availability_changed',
            'stream': 'merchant',
            'ids': ['merchant_id', 'market'],
            'required_columns': ['merchant_id', 'available'],
            'fields': [
                {'name': 'available', 'column': 'available', 'required': true, 'type': 'bool', 'width': none},
                {'name': 'reason', 'column': 'reason', 'required': false, 'type': 'enum', 'values': ['opening_hours', 'too_busy', 'staff', 'technical', 'other']},
            ],
        },
        {
            'name': 'dispatch.requested',
            'stream': 'dispatch',
            'ids': ['order_id', 'delivery_id', 'merchant_id', 'market'],
            'required_columns': ['order_id', 'delivery_id', 'merchant_id'],
            'fields': [
                {'name': 'candidates', 'column': 'candidates', 'required': false, 'type': 'int', 'min': 0, 'max': 10000},
                {'name': 'requested_for_at', 'column': 'requested_for_at', 'required': false, 'type': 'timestamp', 'width': none},
            ],
        },
        {
            'name': 'dispatch.offer_sent',
            'stream': 'dispatch',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'market'],
            'required_columns': ['order_id', 'delivery_id', 'robot_id', 'offer_id', 'attempt'],
            'fields': [
                {'name': 'offer_id', 'column': 'offer_id', 'required': true, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'attempt', 'column': 'attempt', 'required': true, 'type': 'int', 'min': 1, 'max': 1000},
                {'name': 'eta_pickup_s', 'column': 'eta_pickup_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 86400},
                {'name': 'battery_pct', 'column': 'battery_pct', 'required': false, 'type': 'number', 'min': 0, 'max': 100},
            ],
        },
        {
            'name': 'dispatch.offer_declined',
            'stream': 'dispatch',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['delivery_id', 'robot_id', 'offer_id', 'attempt', 'reason'],
            'fields': [
                {'name': 'offer_id', 'column': 'offer_id', 'required': true, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'attempt', 'column': 'attempt', 'required': true, 'type': 'int', 'min': 1, 'max': 1000},
                {'name': 'reason', 'column': 'reason', 'required': true, 'type': 'enum', 'values': ['timeout', 'battery_low', 'busy', 'fault', 'distance', 'other']},
            ],
        },
        {
            'name': 'dispatch.assigned',
            'stream': 'dispatch',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'merchant_id', 'market'],
            'required_columns': ['order_id', 'delivery_id', 'robot_id', 'merchant_id'],
            'fields': [
                {'name': 'offer_id', 'column': 'offer_id', 'required': false, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'attempt', 'column': 'attempt', 'required': false, 'type': 'int', 'min': 1, 'max': 1000},
                {'name': 'eta_pickup_s', 'column': 'eta_pickup_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 86400},
                {'name': 'eta_dropoff_s', 'column': 'eta_dropoff_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 86400},
            ],
        },
        {
            'name': 'dispatch.unassigned',
            'stream': 'dispatch',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['delivery_id', 'robot_id', 'reason'],
            'fields': [
                {'name': 'reason', 'column': 'reason', 'required': true, 'type': 'enum', 'values': ['robot_fault', 'robot_blocked', 'robot_unreachable', 'battery_low', 'better_match', 'order_cancelled', 'pilot_decision', 'other']},
                {'name': 'by', 'column': 'by_value', 'required': false, 'type': 'enum', 'values': ['dispatcher', 'robot', 'pilot']},
            ],
        },
        {
            'name': 'dispatch.failed',
            'stream': 'dispatch',
            'ids': ['order_id', 'delivery_id', 'market'],
            'required_columns': ['order_id', 'delivery_id', 'reason'],
            'fields': [
                {'name': 'reason', 'column': 'reason', 'required': true, 'type': 'enum', 'values': ['no_robot', 'timeout', 'merchant_closed', 'weather', 'other']},
                {'name': 'attempts', 'column': 'attempts', 'required': false, 'type': 'int', 'min': 0, 'max': 1000},
                {'name': 'fallback', 'column': 'fallback', 'required': false, 'type': 'enum', 'values': ['courier', 'customer_pickup', 'refund', 'none']},
            ],
        },
        {
            'name': 'delivery.pickup_en_route',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'merchant_id', 'market'],
            'required_columns': ['delivery_id', 'robot_id', 'merchant_id'],
            'fields': [
                {'name': 'distance_m', 'column': 'distance_meters', 'required': false, 'type': 'number', 'min': 0, 'max': 100000},
                {'name': 'autonomy_mode', 'column': 'autonomy_mode', 'required': false, 'type': 'enum', 'values': ['autonomous', 'assisted', 'remote']},
            ],
        },
        {
            'name': 'delivery.pickup_arrived',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'merchant_id', 'market'],
            'required_columns': ['delivery_id', 'robot_id', 'merchant_id'],
            'fields': [
                {'name': 'travel_s', 'column': 'travel_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 86400},
                {'name': 'eta_error_s', 'column': 'eta_error_seconds', 'required': false, 'type': 'number', 'min': -86400, 'max': 86400},
            ],
        },
        {
            'name': 'delivery.pickup_completed',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'merchant_id', 'market'],
            'required_columns': ['order_id', 'delivery_id', 'robot_id', 'merchant_id', 'wait_seconds'],
            'fields': [
                {'name': 'wait_s', 'column': 'wait_seconds', 'required': true, 'type': 'number', 'min': 0, 'max': 7200},
                {'name': 'loaded_by', 'column': 'loaded_by', 'required': false, 'type': 'enum', 'values': ['merchant', 'field_ops', 'unknown']},
                {'name': 'software_version', 'column': 'software_version', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'delivery.pickup_failed',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'merchant_id', 'market'],
            'required_columns': ['delivery_id', 'robot_id', 'merchant_id', 'reason'],
            'fields': [
                {'name': 'reason', 'column': 'reason', 'required': true, 'type': 'enum', 'values': ['no_food', 'no_staff', 'merchant_closed', 'lid_fault', 'robot_fault', 'other']},
                {'name': 'wait_s', 'column': 'wait_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 7200},
                {'name': 'software_version', 'column': 'software_version', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'delivery.dropoff_en_route',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'market'],
            'required_columns': ['delivery_id', 'robot_id'],
            'fields': [
                {'name': 'distance_m', 'column': 'distance_meters', 'required': false, 'type': 'number', 'min': 0, 'max': 100000},
                {'name': 'autonomy_mode', 'column': 'autonomy_mode', 'required': false, 'type': 'enum', 'values': ['autonomous', 'assisted', 'remote']},
            ],
        },
        {
            'name': 'delivery.dropoff_arrived',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'market'],
            'required_columns': ['delivery_id', 'robot_id'],
            'fields': [
                {'name': 'travel_s', 'column': 'travel_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 86400},
                {'name': 'distance_m', 'column': 'distance_meters', 'required': false, 'type': 'number', 'min': 0, 'max': 100000},
                {'name': 'eta_error_s', 'column': 'eta_error_seconds', 'required': false, 'type': 'number', 'min': -86400, 'max': 86400},
            ],
        },
        {
            'name': 'delivery.customer_notified',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'market'],
            'required_columns': ['delivery_id', 'channel'],
            'fields': [
                {'name': 'channel', 'column': 'channel', 'required': true, 'type': 'enum', 'values': ['push', 'sms', 'email', 'call']},
                {'name': 'delivered_ok', 'column': 'delivered_ok', 'required': false, 'type': 'bool', 'width': none},
            ],
        },
        {
            'name': 'delivery.unlock_attempted',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'market'],
            'required_columns': ['delivery_id', 'robot_id', 'method', 'success'],
            'fields': [
                {'name': 'method', 'column': 'method', 'required': true, 'type': 'enum', 'values': ['pin', 'app', 'remote']},
                {'name': 'success', 'column': 'success', 'required': true, 'type': 'bool', 'width': none},
                {'name': 'attempt', 'column': 'attempt', 'required': false, 'type': 'int', 'min': 1, 'max': 1000},
            ],
        },
        {
            'name': 'delivery.dropoff_completed',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'market'],
            'required_columns': ['order_id', 'delivery_id', 'robot_id'],
            'fields': [
                {'name': 'wait_s', 'column': 'wait_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 7200},
                {'name': 'total_s', 'column': 'total_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 172800},
                {'name': 'distance_m', 'column': 'distance_meters', 'required': false, 'type': 'number', 'min': 0, 'max': 100000},
                {'name': 'assists', 'column': 'assists', 'required': false, 'type': 'int', 'min': 0, 'max': 1000},
                {'name': 'software_version', 'column': 'software_version', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'delivery.dropoff_failed',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'market'],
            'required_columns': ['delivery_id', 'robot_id', 'reason', 'disposition'],
            'fields': [
                {'name': 'reason', 'column': 'reason', 'required': true, 'type': 'enum', 'values': ['customer_absent', 'no_access', 'lid_fault', 'robot_fault', 'robot_blocked', 'theft', 'other']},
                {'name': 'disposition', 'column': 'disposition', 'required': true, 'type': 'enum', 'values': ['return', 'discard', 'retry']},
                {'name': 'software_version', 'column': 'software_version', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'delivery.cancelled',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'market'],
            'required_columns': ['order_id', 'delivery_id', 'cancelled_by', 'stage', 'reason'],
            'fields': [
                {'name': 'cancelled_by', 'column': 'cancelled_by', 'required': true, 'type': 'enum', 'values': ['customer', 'merchant', 'operations', 'system']},
                {'name': 'stage', 'column': 'stage', 'required': true, 'type': 'enum', 'values': ['before_dispatch', 'before_pickup', 'before_dropoff']},
                {'name': 'reason', 'column': 'reason', 'required': true, 'type': 'enum', 'values': ['customer_request', 'merchant_unavailable', 'out_of_stock', 'too_late', 'robot_failure', 'weather', 'fraud', 'other']},
            ],
        },
        {
            'name': 'delivery.return_completed',
            'stream': 'delivery',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'merchant_id', 'market'],
            'required_columns': ['delivery_id', 'robot_id', 'merchant_id'],
            'fields': [
                {'name': 'reason', 'column': 'reason', 'required': false, 'type': 'enum', 'values': ['dropoff_failed', 'cancelled', 'other']},
                {'name': 'total_s', 'column': 'total_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 172800},
            ],
        },
        {
            'name': 'robot.state_changed',
            'stream': 'robot',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['robot_id', 'to_state'],
            'fields': [
                {'name': 'from_state', 'column': 'from_state', 'required': false, 'type': 'enum', 'values': ['available', 'assigned', 'at_merchant', 'in_transit', 'at_customer', 'returning', 'repositioning', 'blocked', 'fault', 'non_contactable', 'charging', 'maintenance', 'off_shift', 'offline', 'retired']},
                {'name': 'to_state', 'column': 'to_state', 'required': true, 'type': 'enum', 'values': ['available', 'assigned', 'at_merchant', 'in_transit', 'at_customer', 'returning', 'repositioning', 'blocked', 'fault', 'non_contactable', 'charging', 'maintenance', 'off_shift', 'offline', 'retired']},
                {'name': 'reason', 'column': 'reason', 'required': false, 'type': 'enum', 'values': ['battery_low', 'charging', 'hw_drive', 'hw_sensor', 'hw_compute', 'hw_lid', 'hw_battery', 'hw_comms', 'sw_crash', 'sw_update', 'localization_lost', 'connectivity', 'obstacle', 'sidewalk_blocked', 'tipped_over', 'collision', 'vandalism', 'theft', 'weather', 'off_hours', 'permit', 'no_pilot', 'cleaning', 'scheduled_maintenance', 'operator_hold', 'unknown']},
                {'name': 'battery_pct', 'column': 'battery_pct', 'required': false, 'type': 'number', 'min': 0, 'max': 100},
                {'name': 'lat', 'column': 'lat', 'required': false, 'type': 'number', 'min': -90, 'max': 90},
                {'name': 'lon', 'column': 'lon', 'required': false, 'type': 'number', 'min': -180, 'max': 180},
                {'name': 'dispatchable', 'column': 'dispatchable', 'required': false, 'type': 'bool', 'width': none},
                {'name': 'state_seq', 'column': 'state_seq', 'required': false, 'type': 'int', 'min': 0, 'max': 9007199254740991},
                {'name': 'hardware_version', 'column': 'hardware_version', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'robot.heartbeat',
            'stream': 'robot',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['robot_id', 'state'],
            'fields': [
                {'name': 'state', 'column': 'state', 'required': true, 'type': 'enum', 'values': ['available', 'assigned', 'at_merchant', 'in_transit', 'at_customer', 'returning', 'repositioning', 'blocked', 'fault', 'non_contactable', 'charging', 'maintenance', 'off_shift', 'offline', 'retired']},
                {'name': 'battery_pct', 'column': 'battery_pct', 'required': false, 'type': 'number', 'min': 0, 'max': 100},
                {'name': 'signal_dbm', 'column': 'signal_dbm', 'required': false, 'type': 'number', 'min': -200, 'max': 0},
                {'name': 'lat', 'column': 'lat', 'required': false, 'type': 'number', 'min': -90, 'max': 90},
                {'name': 'lon', 'column': 'lon', 'required': false, 'type': 'number', 'min': -180, 'max': 180},
                {'name': 'last_seq', 'column': 'last_seq', 'required': false, 'type': 'int', 'min': 0, 'max': 9007199254740991},
                {'name': 'dispatchable', 'column': 'dispatchable', 'required': false, 'type': 'bool', 'width': none},
                {'name': 'hardware_version', 'column': 'hardware_version', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'robot.error',
            'stream': 'robot',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['robot_id', 'error_code', 'component', 'severity_value', 'is_failure'],
            'fields': [
                {'name': 'error_code', 'column': 'error_code', 'required': true, 'type': 'string', 'length': 64},
                {'name': 'component', 'column': 'component', 'required': true, 'type': 'enum', 'values': ['drive', 'sensor', 'compute', 'lid', 'battery', 'comms', 'localization', 'perception', 'planning', 'control']},
                {'name': 'severity', 'column': 'severity_value', 'required': true, 'type': 'enum', 'values': ['minor', 'major', 'critical']},
                {'name': 'is_failure', 'column': 'is_failure', 'required': true, 'type': 'bool', 'width': none},
                {'name': 'recoverable', 'column': 'recoverable', 'required': false, 'type': 'bool', 'width': none},
                {'name': 'detail', 'column': 'detail', 'required': false, 'type': 'string', 'length': 1024},
                {'name': 'hardware_version', 'column': 'hardware_version', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'robot.error_cleared',
            'stream': 'robot',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['robot_id', 'error_code', 'resolution'],
            'fields': [
                {'name': 'error_code', 'column': 'error_code', 'required': true, 'type': 'string', 'length': 64},
                {'name': 'error_event_id', 'column': 'error_event_id', 'required': false, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'resolution', 'column': 'resolution', 'required': true, 'type': 'enum', 'values': ['self', 'pilot', 'field', 'update']},
                {'name': 'down_s', 'column': 'down_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 31536000},
            ],
        },
        {
            'name': 'robot.connection_lost',
            'stream': 'robot',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['robot_id', 'last_seen_at'],
            'fields': [
                {'name': 'last_seen_at', 'column': 'last_seen_at', 'required': true, 'type': 'timestamp', 'width': none},
                {'name': 'last_seq', 'column': 'last_seq', 'required': false, 'type': 'int', 'min': 0, 'max': 9007199254740991},
                {'name': 'last_emitter_id', 'column': 'last_emitter_id', 'required': false, 'type': 'string', 'length': 256},
            ],
        },
        {
            'name': 'robot.connection_restored',
            'stream': 'robot',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['robot_id', 'gap_seconds'],
            'fields': [
                {'name': 'gap_s', 'column': 'gap_seconds', 'required': true, 'type': 'number', 'min': 0, 'max': 31536000},
                {'name': 'first_seq', 'column': 'first_seq', 'required': false, 'type': 'int', 'min': 0, 'max': 9007199254740991},
            ],
        },
        {
            'name': 'robot.stuck',
            'stream': 'robot',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['robot_id', 'cause'],
            'fields': [
                {'name': 'cause', 'column': 'cause', 'required': true, 'type': 'enum', 'values': ['obstacle', 'crowd', 'parked_vehicle', 'construction', 'curb', 'terrain', 'crossing', 'localization', 'unknown']},
                {'name': 'lat', 'column': 'lat', 'required': false, 'type': 'number', 'min': -90, 'max': 90},
                {'name': 'lon', 'column': 'lon', 'required': false, 'type': 'number', 'min': -180, 'max': 180},
                {'name': 'autonomy_mode', 'column': 'autonomy_mode', 'required': false, 'type': 'enum', 'values': ['autonomous', 'assisted', 'remote']},
                {'name': 'stuck_s', 'column': 'stuck_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 86400},
            ],
        },
        {
            'name': 'robot.lid_changed',
            'stream': 'robot',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['robot_id', 'to_value'],
            'fields': [
                {'name': 'to', 'column': 'to_value', 'required': true, 'type': 'enum', 'values': ['open', 'closed', 'locked', 'unlocked']},
                {'name': 'actor', 'column': 'actor', 'required': false, 'type': 'enum', 'values': ['merchant', 'customer', 'pilot', 'field_ops', 'robot', 'unknown']},
            ],
        },
        {
            'name': 'robot.safety_event',
            'stream': 'robot',
            'ids': ['delivery_id', 'robot_id', 'pilot_id', 'market'],
            'required_columns': ['robot_id', 'kind', 'severity_value'],
            'fields': [
                {'name': 'kind', 'column': 'kind', 'required': true, 'type': 'enum', 'values': ['collision', 'tip_over', 'e_stop', 'tamper', 'near_miss']},
                {'name': 'severity', 'column': 'severity_value', 'required': true, 'type': 'enum', 'values': ['minor', 'major', 'critical']},
                {'name': 'speed_mps', 'column': 'speed_meters_per_second', 'required': false, 'type': 'number', 'min': 0, 'max': 20},
                {'name': 'lat', 'column': 'lat', 'required': false, 'type': 'number', 'min': -90, 'max': 90},
                {'name': 'lon', 'column': 'lon', 'required': false, 'type': 'number', 'min': -180, 'max': 180},
            ],
        },
        {
            'name': 'robot.maintenance_started',
            'stream': 'robot',
            'ids': ['robot_id', 'market'],
            'required_columns': ['robot_id', 'work_type'],
            'fields': [
                {'name': 'work_type', 'column': 'work_type', 'required': true, 'type': 'enum', 'values': ['preventive', 'corrective', 'cleaning']},
                {'name': 'ticket_id', 'column': 'ticket_id', 'required': false, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'location', 'column': 'location', 'required': false, 'type': 'enum', 'values': ['depot', 'merchant', 'street']},
            ],
        },
        {
            'name': 'robot.maintenance_completed',
            'stream': 'robot',
            'ids': ['robot_id', 'market'],
            'required_columns': ['robot_id', 'work_type'],
            'fields': [
                {'name': 'work_type', 'column': 'work_type', 'required': true, 'type': 'enum', 'values': ['preventive', 'corrective', 'cleaning']},
                {'name': 'ticket_id', 'column': 'ticket_id', 'required': false, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'duration_s', 'column': 'duration_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 31536000},
                {'name': 'components', 'column': 'components', 'required': false, 'type': 'list[string]', 'length': 64, 'items': 20, 'width': 5200},
            ],
        },
        {
            'name': 'robot.software_updated',
            'stream': 'robot',
            'ids': ['robot_id', 'market'],
            'required_columns': ['robot_id', 'component', 'to_version', 'result'],
            'fields': [
                {'name': 'component', 'column': 'component', 'required': true, 'type': 'string', 'length': 64},
                {'name': 'from_version', 'column': 'from_version', 'required': false, 'type': 'string', 'length': 64},
                {'name': 'to_version', 'column': 'to_version', 'required': true, 'type': 'string', 'length': 64},
                {'name': 'result', 'column': 'result', 'required': true, 'type': 'enum', 'values': ['succeeded', 'rolled_back', 'failed']},
            ],
        },
        {
            'name': 'pilot.help_requested',
            'stream': 'pilot',
            'ids': ['delivery_id', 'robot_id', 'market'],
            'required_columns': ['robot_id', 'help_id', 'cause'],
            'fields': [
                {'name': 'help_id', 'column': 'help_id', 'required': true, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'cause', 'column': 'cause', 'required': true, 'type': 'enum', 'values': ['stuck', 'crossing', 'obstacle', 'localization_lost', 'low_confidence', 'lid', 'customer', 'safety', 'unknown']},
                {'name': 'priority', 'column': 'priority', 'required': false, 'type': 'enum', 'values': ['low', 'normal', 'high', 'urgent']},
            ],
        },
        {
            'name': 'pilot.session_started',
            'stream': 'pilot',
            'ids': ['delivery_id', 'robot_id', 'pilot_id', 'market'],
            'required_columns': ['robot_id', 'pilot_id', 'session_id'],
            'fields': [
                {'name': 'session_id', 'column': 'session_id', 'required': true, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'help_id', 'column': 'help_id', 'required': false, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'cause', 'column': 'cause', 'required': false, 'type': 'enum', 'values': ['stuck', 'crossing', 'obstacle', 'localization_lost', 'low_confidence', 'lid', 'customer', 'safety', 'unknown']},
                {'name': 'queue_s', 'column': 'queue_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 86400},
            ],
        },
        {
            'name': 'pilot.control_changed',
            'stream': 'pilot',
            'ids': ['delivery_id', 'robot_id', 'pilot_id', 'market'],
            'required_columns': ['robot_id', 'pilot_id', 'session_id', 'from_mode', 'to_mode'],
            'fields': [
                {'name': 'session_id', 'column': 'session_id', 'required': true, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'from_mode', 'column': 'from_mode', 'required': true, 'type': 'enum', 'values': ['autonomous', 'assisted', 'remote']},
                {'name': 'to_mode', 'column': 'to_mode', 'required': true, 'type': 'enum', 'values': ['autonomous', 'assisted', 'remote']},
                {'name': 'cause', 'column': 'cause', 'required': false, 'type': 'enum', 'values': ['stuck', 'crossing', 'obstacle', 'localization_lost', 'low_confidence', 'lid', 'customer', 'safety', 'resolved', 'unknown']},
                {'name': 'latency_ms', 'column': 'latency_milliseconds', 'required': false, 'type': 'number', 'min': 0, 'max': 60000},
                {'name': 'software_version', 'column': 'software_version', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'pilot.session_ended',
            'stream': 'pilot',
            'ids': ['delivery_id', 'robot_id', 'pilot_id', 'market'],
            'required_columns': ['robot_id', 'pilot_id', 'session_id', 'outcome'],
            'fields': [
                {'name': 'session_id', 'column': 'session_id', 'required': true, 'type': 'id', 'width': 64, 'prefix': ''},
                {'name': 'duration_s', 'column': 'duration_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 86400},
                {'name': 'remote_s', 'column': 'remote_seconds', 'required': false, 'type': 'number', 'min': 0, 'max': 86400},
                {'name': 'outcome', 'column': 'outcome', 'required': true, 'type': 'enum', 'values': ['resolved', 'unresolved', 'handed_over', 'dropped']},
            ],
        },
        {
            'name': 'pilot.shift_changed',
            'stream': 'pilot',
            'ids': ['pilot_id', 'market'],
            'required_columns': ['pilot_id', 'status_value'],
            'fields': [
                {'name': 'status', 'column': 'status_value', 'required': true, 'type': 'enum', 'values': ['on', 'break', 'off']},
                {'name': 'site', 'column': 'site', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'release.deployed',
            'stream': 'release',
            'ids': ['market'],
            'required_columns': ['component', 'version', 'kind'],
            'fields': [
                {'name': 'component', 'column': 'component', 'required': true, 'type': 'string', 'length': 64},
                {'name': 'version', 'column': 'version', 'required': true, 'type': 'string', 'length': 64},
                {'name': 'previous_version', 'column': 'previous_version', 'required': false, 'type': 'string', 'length': 64},
                {'name': 'kind', 'column': 'kind', 'required': true, 'type': 'enum', 'values': ['deploy', 'rollback']},
                {'name': 'scope', 'column': 'scope', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'telemetry.event_rejected',
            'stream': 'telemetry',
            'ids': ['order_id', 'delivery_id', 'robot_id', 'merchant_id', 'pilot_id', 'market'],
            'required_columns': ['rejected_name', 'reasons'],
            'fields': [
                {'name': 'rejected_name', 'column': 'rejected_name', 'required': true, 'type': 'string', 'length': 128},
                {'name': 'reasons', 'column': 'reasons', 'required': true, 'type': 'list[string]', 'length': 256, 'items': 20, 'width': 20560},
                {'name': 'sample_hash', 'column': 'sample_hash', 'required': false, 'type': 'string', 'length': 64},
            ],
        },
        {
            'name': 'telemetry.emitter_restarted',
            'stream': 'telemetry',
            'ids': ['robot_id', 'market'],
            'required_columns': ['last_emitter_id', 'last_seq'],
            'fields': [
                {'name': 'last_emitter_id', 'column': 'last_emitter_id', 'required': true, 'type': 'string', 'length': 256},
                {'name': 'last_seq', 'column': 'last_seq', 'required': true, 'type': 'int', 'min': 0, 'max': 9007199254740991},
            ],
        },
    ]) }}
{% endmacro %}
