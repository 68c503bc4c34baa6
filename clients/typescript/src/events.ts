/**
 * The registered events: `Events`, one payload type each, and what the logger needs to know.
 *
 * Generated from registry/ by `fleet registry generate`; do not edit.
 */

import { number, second, yesNo, type Spec } from "./spec.js";

export const REGISTRY_VERSION = "1.3.0";

/** Every id, in the order of the log line, and what its values start with. */
export const ID_PREFIXES = {
  order_id: "O-",
  delivery_id: "D-",
  robot_id: "R-",
  merchant_id: "M-",
  pilot_id: "P-",
  market: "",
} as const;

/** Ids of the trace, in `dd` of the log line. */
export const TRACE_IDS = [
  "trace_id",
  "span_id",
] as const;

/** Most bytes of a text of the envelope, or of a part of one; the warehouse takes a longer one for none. */
export const WIDTHS = {
  service: 128,
  host: 90,
  boot: 36,
  event_id: 64,
  env: 64,
  version: 128,
  emitter_id: 256,
  status: 16,
  message: 4096,
  registry_version: 32,
} as const;

/** The longest id, in characters. */
export const ID_LENGTH = 64;
/** The most items of a list. */
export const LIST_ITEMS = 20;

/** A time: a Date, or RFC 3339 text with its zone. It is written in UTC to the millisecond. */
export type Timestamp = Date | string;

const ROBOT_STATES = [
  "available", "assigned", "at_merchant", "in_transit", "at_customer", "returning",
  "repositioning", "blocked", "fault", "non_contactable", "charging", "maintenance", "off_shift",
  "offline", "retired",
] as const;
export type RobotState = (typeof ROBOT_STATES)[number];

const DOWNTIME_REASONS = [
  "battery_low", "charging", "hw_drive", "hw_sensor", "hw_compute", "hw_lid", "hw_battery",
  "hw_comms", "sw_crash", "sw_update", "localization_lost", "connectivity", "obstacle",
  "sidewalk_blocked", "tipped_over", "collision", "vandalism", "theft", "weather", "off_hours",
  "permit", "no_pilot", "cleaning", "scheduled_maintenance", "operator_hold", "unknown",
] as const;
export type DowntimeReason = (typeof DOWNTIME_REASONS)[number];

/** What `bindContext` takes. */
export interface Context {
  order_id?: string;
  delivery_id?: string;
  robot_id?: string;
  merchant_id?: string;
  pilot_id?: string;
  market?: string;
  trace_id?: string;
  span_id?: string;
}

/** What a line says besides ids and payload, in the order of the line. */
export interface Envelope {
  /** Id of the event; the loggers write a UUIDv7. A line without one gets a derived id. */
  event_id: string;
  /** Which event it is; valid says whether it fits the registry. */
  evt: object;
  /** When it happened by the emitter's clock (UTC). */
  occurred_at: string;
  /** The emitter's clock at each attempt to send the line (UTC); beside received_at it shows how far that clock is off. */
  sent_at?: string | undefined;
  /** Service or robot program that logged it. */
  service: string;
  /** Environment it ran in. */
  env: string;
  /** Version of the service. */
  version: string;
  /** One run of one service on one host: service/host/boot. */
  emitter_id: string;
  /** Number of the event among those of the emitter, from 1. */
  seq: number;
  /** Milliseconds since boot by a clock that is never set (robots). */
  mono_ms?: number | undefined;
  /** Severity of the event. */
  status: string;
  /** The event in one readable line. */
  message: string;
  /** Trace the event belongs to. */
  dd?: object | undefined;
  /** Version of the registry the event was checked against. */
  registry_version: string;
  /** When the log transport got it (UTC); absent on lines that passed none. */
  received_at?: string | undefined;
  /** Of a line of history, the day from which its times are believed; without it the var of the same name says so. */
  earliest_credible_at?: string | undefined;
}

/** The events a program may log. */
export const Events = {
  /** An order entered our system. */
  ORDER_CREATED: "order.created",
  /** It was decided whether a robot can take the order. */
  ORDER_ELIGIBILITY_DECIDED: "order.eligibility_decided",
  /** The order was cancelled before it was completed. */
  ORDER_CANCELLED: "order.cancelled",
  /** The customer has the goods. */
  ORDER_COMPLETED: "order.completed",
  /** The merchant accepted the order. */
  MERCHANT_ORDER_CONFIRMED: "merchant.order_confirmed",
  /** The merchant refused the order. */
  MERCHANT_ORDER_REJECTED: "merchant.order_rejected",
  /** The goods are ready to be loaded. */
  MERCHANT_ORDER_READY: "merchant.order_ready",
  /** The merchant paused or resumed taking orders. */
  MERCHANT_AVAILABILITY_CHANGED: "merchant.availability_changed",
  /** A delivery was created and a robot is being sought. */
  DISPATCH_REQUESTED: "dispatch.requested",
  /** The delivery was offered to a robot. */
  DISPATCH_OFFER_SENT: "dispatch.offer_sent",
  /** The robot declined the offer or did not answer in time. */
  DISPATCH_OFFER_DECLINED: "dispatch.offer_declined",
  /** A robot took the delivery. */
  DISPATCH_ASSIGNED: "dispatch.assigned",
  /** The robot was taken off the delivery before its end. */
  DISPATCH_UNASSIGNED: "dispatch.unassigned",
  /** No robot could be found and the search was given up. */
  DISPATCH_FAILED: "dispatch.failed",
  /** The robot set out for the merchant. */
  DELIVERY_PICKUP_EN_ROUTE: "delivery.pickup_en_route",
  /** The robot reached the merchant. */
  DELIVERY_PICKUP_ARRIVED: "delivery.pickup_arrived",
  /** The merchant loaded the robot and the lid locked. */
  DELIVERY_PICKUP_COMPLETED: "delivery.pickup_completed",
  /** The robot left the merchant without the goods. */
  DELIVERY_PICKUP_FAILED: "delivery.pickup_failed",
  /** The robot left the merchant with the goods. */
  DELIVERY_DROPOFF_EN_ROUTE: "delivery.dropoff_en_route",
  /** The robot reached the customer. */
  DELIVERY_DROPOFF_ARRIVED: "delivery.dropoff_arrived",
  /** A message was sent to the customer. */
  DELIVERY_CUSTOMER_NOTIFIED: "delivery.customer_notified",
  /** Someone tried to unlock the lid at the customer. */
  DELIVERY_UNLOCK_ATTEMPTED: "delivery.unlock_attempted",
  /** The customer took the goods. */
  DELIVERY_DROPOFF_COMPLETED: "delivery.dropoff_completed",
  /** The goods could not be handed over. */
  DELIVERY_DROPOFF_FAILED: "delivery.dropoff_failed",
  /** The delivery was cancelled. */
  DELIVERY_CANCELLED: "delivery.cancelled",
  /** The goods are back at the merchant. */
  DELIVERY_RETURN_COMPLETED: "delivery.return_completed",
  /** The robot went from one state to another, or tells its state again with another reason or dispatchable. */
  ROBOT_STATE_CHANGED: "robot.state_changed",
  /** The robot is alive; sent every 60 s. */
  ROBOT_HEARTBEAT: "robot.heartbeat",
  /** The robot raised an error. */
  ROBOT_ERROR: "robot.error",
  /** An error the robot had raised is over. */
  ROBOT_ERROR_CLEARED: "robot.error_cleared",
  /** The gateway no longer hears the robot. */
  ROBOT_CONNECTION_LOST: "robot.connection_lost",
  /** The gateway hears the robot again. */
  ROBOT_CONNECTION_RESTORED: "robot.connection_restored",
  /** The robot makes no progress. */
  ROBOT_STUCK: "robot.stuck",
  /** The lid of the compartment moved or its lock did. */
  ROBOT_LID_CHANGED: "robot.lid_changed",
  /** Something affected safety; never sampled. */
  ROBOT_SAFETY_EVENT: "robot.safety_event",
  /** Work on the robot began. */
  ROBOT_MAINTENANCE_STARTED: "robot.maintenance_started",
  /** Work on the robot is done. */
  ROBOT_MAINTENANCE_COMPLETED: "robot.maintenance_completed",
  /** A software update of the robot ended. */
  ROBOT_SOFTWARE_UPDATED: "robot.software_updated",
  /** The robot asked for a pilot. */
  PILOT_HELP_REQUESTED: "pilot.help_requested",
  /** A pilot connected to the robot. */
  PILOT_SESSION_STARTED: "pilot.session_started",
  /** Control of the robot went from one mode to another. */
  PILOT_CONTROL_CHANGED: "pilot.control_changed",
  /** The pilot left the robot. */
  PILOT_SESSION_ENDED: "pilot.session_ended",
  /** A pilot came on shift, took a break or went off. */
  PILOT_SHIFT_CHANGED: "pilot.shift_changed",
  /** A version of a service or of the robot software went live or was rolled back. */
  RELEASE_DEPLOYED: "release.deployed",
  /** The logger was given an event that does not fit the registry. */
  TELEMETRY_EVENT_REJECTED: "telemetry.event_rejected",
  /** A program began to log under a new emitter_id and says how far it had come under the one before. */
  TELEMETRY_EMITTER_RESTARTED: "telemetry.emitter_restarted",
} as const;

export type EventName = (typeof Events)[keyof typeof Events];

/** An order entered our system. */
export interface OrderCreated {
  /** The customer's order. */
  order_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Where the order was placed. */
  channel: "app" | "web" | "partner_api" | "phone";
  /** Number of items ordered. */
  items: number;
  /** Value of the goods (cents). */
  value_cents?: number;
  /** ISO 4217 code of value_cents. */
  currency?: string;
  /** When the customer may expect the goods. */
  promised_at?: Timestamp;
  /** Planned distance from merchant to customer (meters). */
  route_m?: number;
}

/** It was decided whether a robot can take the order. */
export interface OrderEligibilityDecided {
  /** The customer's order. */
  order_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Whether a robot may take the order. */
  eligible: boolean;
  /** Why not; none when eligible. */
  reason: "range" | "hours" | "weather" | "size" | "none";
}

/** The order was cancelled before it was completed. */
export interface OrderCancelled {
  /** The customer's order. */
  order_id: string;
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Who cancelled. */
  cancelled_by: "customer" | "merchant" | "operations" | "system";
  /** How far the order had come. */
  stage: "before_dispatch" | "before_pickup" | "before_dropoff";
  /** Why it was cancelled. */
  reason: "customer_request" | "merchant_unavailable" | "out_of_stock" | "too_late" | "robot_failure" | "weather" | "fraud" | "other";
}

/** The customer has the goods. */
export interface OrderCompleted {
  /** The customer's order. */
  order_id: string;
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Whether a robot or the fallback brought the goods. */
  fulfilled_by: "robot" | "fallback";
  /** From order placed to goods handed over (seconds). */
  total_s: number;
  /** After the promised time; negative when early (seconds). */
  late_s?: number;
}

/** The merchant accepted the order. */
export interface MerchantOrderConfirmed {
  /** The customer's order. */
  order_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Preparation time the merchant expects (seconds). */
  prep_estimate_s?: number;
}

/** The merchant refused the order. */
export interface MerchantOrderRejected {
  /** The customer's order. */
  order_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Why the merchant refused. */
  reason: "closed" | "too_busy" | "out_of_stock" | "other";
}

/** The goods are ready to be loaded. */
export interface MerchantOrderReady {
  /** The customer's order. */
  order_id: string;
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** From order confirmed to goods ready (seconds). */
  prep_s?: number;
}

/** The merchant paused or resumed taking orders. */
export interface MerchantAvailabilityChanged {
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Whether the merchant takes orders from now on. */
  available: boolean;
  /** Why it changed. */
  reason?: "opening_hours" | "too_busy" | "staff" | "technical" | "other";
}

/** A delivery was created and a robot is being sought. */
export interface DispatchRequested {
  /** The customer's order. */
  order_id: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Robots considered. */
  candidates?: number;
  /** When the robot should be at the merchant. */
  requested_for_at?: Timestamp;
}

/** The delivery was offered to a robot. */
export interface DispatchOfferSent {
  /** The customer's order. */
  order_id: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** The offer. */
  offer_id: string;
  /** Which offer of this delivery it is, from 1. */
  attempt: number;
  /** Expected time to reach the merchant (seconds). */
  eta_pickup_s?: number;
  /** Charge of the battery (percent). */
  battery_pct?: number;
}

/** The robot declined the offer or did not answer in time. */
export interface DispatchOfferDeclined {
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** The offer. */
  offer_id: string;
  /** Which offer of this delivery it was, from 1. */
  attempt: number;
  /** Why it was declined. */
  reason: "timeout" | "battery_low" | "busy" | "fault" | "distance" | "other";
}

/** A robot took the delivery. */
export interface DispatchAssigned {
  /** The customer's order. */
  order_id: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** The offer that was accepted. */
  offer_id?: string;
  /** Which offer of this delivery was accepted, from 1. */
  attempt?: number;
  /** Expected time to reach the merchant (seconds). */
  eta_pickup_s?: number;
  /** Expected time to reach the customer (seconds). */
  eta_dropoff_s?: number;
}

/** The robot was taken off the delivery before its end. */
export interface DispatchUnassigned {
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Why the robot was taken off. */
  reason: "robot_fault" | "robot_blocked" | "robot_unreachable" | "battery_low" | "better_match" | "order_cancelled" | "pilot_decision" | "other";
  /** Who took the robot off. */
  by?: "dispatcher" | "robot" | "pilot";
}

/** No robot could be found and the search was given up. */
export interface DispatchFailed {
  /** The customer's order. */
  order_id: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Why it was given up. */
  reason: "no_robot" | "timeout" | "merchant_closed" | "weather" | "other";
  /** Offers made. */
  attempts?: number;
  /** How the order goes on. */
  fallback?: "courier" | "customer_pickup" | "refund" | "none";
}

/** The robot set out for the merchant. */
export interface DeliveryPickupEnRoute {
  /** The customer's order. */
  order_id?: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Distance to the merchant (meters). */
  distance_m?: number;
  /** Who drives. */
  autonomy_mode?: "autonomous" | "assisted" | "remote";
}

/** The robot reached the merchant. */
export interface DeliveryPickupArrived {
  /** The customer's order. */
  order_id?: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** From setting out to arrival (seconds). */
  travel_s?: number;
  /** Actual minus expected arrival (seconds). */
  eta_error_s?: number;
}

/** The merchant loaded the robot and the lid locked. */
export interface DeliveryPickupCompleted {
  /** The customer's order. */
  order_id: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** From arrival to lid locked (seconds). */
  wait_s: number;
  /** Who loaded the robot. */
  loaded_by?: "merchant" | "field_ops" | "unknown";
  /** Version of the robot's software, as the robot last reported it. */
  software_version?: string;
}

/** The robot left the merchant without the goods. */
export interface DeliveryPickupFailed {
  /** The customer's order. */
  order_id?: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Why nothing was loaded. */
  reason: "no_food" | "no_staff" | "merchant_closed" | "lid_fault" | "robot_fault" | "other";
  /** From arrival to giving up (seconds). */
  wait_s?: number;
  /** Version of the robot's software, as the robot last reported it. */
  software_version?: string;
}

/** The robot left the merchant with the goods. */
export interface DeliveryDropoffEnRoute {
  /** The customer's order. */
  order_id?: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Distance to the customer (meters). */
  distance_m?: number;
  /** Who drives. */
  autonomy_mode?: "autonomous" | "assisted" | "remote";
}

/** The robot reached the customer. */
export interface DeliveryDropoffArrived {
  /** The customer's order. */
  order_id?: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** From leaving the merchant to arrival (seconds). */
  travel_s?: number;
  /** Distance driven from the merchant (meters). */
  distance_m?: number;
  /** Actual minus expected arrival (seconds). */
  eta_error_s?: number;
}

/** A message was sent to the customer. */
export interface DeliveryCustomerNotified {
  /** The customer's order. */
  order_id?: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id?: string;
  /** Service area, such as la. */
  market?: string;
  /** How the message was sent. */
  channel: "push" | "sms" | "email" | "call";
  /** Whether the provider accepted the message. */
  delivered_ok?: boolean;
}

/** Someone tried to unlock the lid at the customer. */
export interface DeliveryUnlockAttempted {
  /** The customer's order. */
  order_id?: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** How it was tried. */
  method: "pin" | "app" | "remote";
  /** Whether the lid unlocked. */
  success: boolean;
  /** Which attempt it was, from 1. */
  attempt?: number;
}

/** The customer took the goods. */
export interface DeliveryDropoffCompleted {
  /** The customer's order. */
  order_id: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** From arrival to goods taken (seconds). */
  wait_s?: number;
  /** From assignment to goods taken (seconds). */
  total_s?: number;
  /** Distance driven from the merchant (meters). */
  distance_m?: number;
  /** Times a pilot took over on the way. */
  assists?: number;
  /** Version of the robot's software, as the robot last reported it. */
  software_version?: string;
}

/** The goods could not be handed over. */
export interface DeliveryDropoffFailed {
  /** The customer's order. */
  order_id?: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Why the goods were not handed over. */
  reason: "customer_absent" | "no_access" | "lid_fault" | "robot_fault" | "robot_blocked" | "theft" | "other";
  /** What happens to the goods; retry keeps the delivery open. */
  disposition: "return" | "discard" | "retry";
  /** Version of the robot's software, as the robot last reported it. */
  software_version?: string;
}

/** The delivery was cancelled. */
export interface DeliveryCancelled {
  /** The customer's order. */
  order_id: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id?: string;
  /** Service area, such as la. */
  market?: string;
  /** Who cancelled. */
  cancelled_by: "customer" | "merchant" | "operations" | "system";
  /** How far the delivery had come. */
  stage: "before_dispatch" | "before_pickup" | "before_dropoff";
  /** Why it was cancelled. */
  reason: "customer_request" | "merchant_unavailable" | "out_of_stock" | "too_late" | "robot_failure" | "weather" | "fraud" | "other";
}

/** The goods are back at the merchant. */
export interface DeliveryReturnCompleted {
  /** The customer's order. */
  order_id?: string;
  /** The delivery that fulfils an order. */
  delivery_id: string;
  /** The robot. */
  robot_id: string;
  /** The merchant the goods are picked up from. */
  merchant_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Why the goods were returned. */
  reason?: "dropoff_failed" | "cancelled" | "other";
  /** From turning back to goods returned (seconds). */
  total_s?: number;
}

/** The robot went from one state to another, or tells its state again with another reason or dispatchable. */
export interface RobotStateChanged {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** The state left; not given when the robot does not know it. */
  from_state?: RobotState;
  /** The state entered. */
  to_state: RobotState;
  /** Why the robot is not usable. */
  reason?: DowntimeReason;
  /** Charge of the battery (percent). */
  battery_pct?: number;
  /** Latitude in degrees, 4 decimals. */
  lat?: number;
  /** Longitude in degrees, 4 decimals. */
  lon?: number;
  /** Whether a returning robot takes offers already. */
  dispatchable?: boolean;
  /** Counts the robot's transitions. */
  state_seq?: number;
  /** Hardware the robot was built to. */
  hardware_version?: string;
}

/** The robot is alive; sent every 60 s. */
export interface RobotHeartbeat {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** The state the robot is in. */
  state: RobotState;
  /** Charge of the battery (percent). */
  battery_pct?: number;
  /** Strength of the mobile signal (dBm). */
  signal_dbm?: number;
  /** Latitude in degrees, 4 decimals. */
  lat?: number;
  /** Longitude in degrees, 4 decimals. */
  lon?: number;
  /** Number of the last event the robot logged. */
  last_seq?: number;
  /** Whether a returning robot takes offers already. */
  dispatchable?: boolean;
  /** Hardware the robot was built to. */
  hardware_version?: string;
}

/** The robot raised an error. */
export interface RobotError {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Code of the error, such as DRV-104. */
  error_code: string;
  /** Part of the robot the error is of. */
  component: "drive" | "sensor" | "compute" | "lid" | "battery" | "comms" | "localization" | "perception" | "planning" | "control";
  /** How bad it is. */
  severity: "minor" | "major" | "critical";
  /** Whether the robot cannot do its work; only these count for MTBF. */
  is_failure: boolean;
  /** Whether the robot may clear the error itself. */
  recoverable?: boolean;
  /** What the software says about it. */
  detail?: string;
  /** Hardware the robot was built to. */
  hardware_version?: string;
}

/** An error the robot had raised is over. */
export interface RobotErrorCleared {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Code of the error, such as DRV-104. */
  error_code: string;
  /** event_id of the robot.error that is over. */
  error_event_id?: string;
  /** Who or what cleared it. */
  resolution: "self" | "pilot" | "field" | "update";
  /** From error to clearance (seconds). */
  down_s?: number;
}

/** The gateway no longer hears the robot. */
export interface RobotConnectionLost {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** When the gateway last heard the robot. */
  last_seen_at: Timestamp;
  /** Number of the last event the gateway got. */
  last_seq?: number;
  /** emitter_id that last_seq counts in. */
  last_emitter_id?: string;
}

/** The gateway hears the robot again. */
export interface RobotConnectionRestored {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** How long the robot was not heard (seconds). */
  gap_s: number;
  /** Number of the first event after the gap. */
  first_seq?: number;
}

/** The robot makes no progress. */
export interface RobotStuck {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** What stops the robot. */
  cause: "obstacle" | "crowd" | "parked_vehicle" | "construction" | "curb" | "terrain" | "crossing" | "localization" | "unknown";
  /** Latitude in degrees, 4 decimals. */
  lat?: number;
  /** Longitude in degrees, 4 decimals. */
  lon?: number;
  /** Who drives. */
  autonomy_mode?: "autonomous" | "assisted" | "remote";
  /** Without progress so far (seconds). */
  stuck_s?: number;
}

/** The lid of the compartment moved or its lock did. */
export interface RobotLidChanged {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** What the lid is now. */
  to: "open" | "closed" | "locked" | "unlocked";
  /** Who moved it. */
  actor?: "merchant" | "customer" | "pilot" | "field_ops" | "robot" | "unknown";
}

/** Something affected safety; never sampled. */
export interface RobotSafetyEvent {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** The remote pilot. */
  pilot_id?: string;
  /** Service area, such as la. */
  market?: string;
  /** What happened. */
  kind: "collision" | "tip_over" | "e_stop" | "tamper" | "near_miss";
  /** How bad it is. */
  severity: "minor" | "major" | "critical";
  /** Speed at that moment (meters_per_second). */
  speed_mps?: number;
  /** Latitude in degrees, 4 decimals. */
  lat?: number;
  /** Longitude in degrees, 4 decimals. */
  lon?: number;
}

/** Work on the robot began. */
export interface RobotMaintenanceStarted {
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** What kind of work. */
  work_type: "preventive" | "corrective" | "cleaning";
  /** The work order. */
  ticket_id?: string;
  /** Where the work is done. */
  location?: "depot" | "merchant" | "street";
}

/** Work on the robot is done. */
export interface RobotMaintenanceCompleted {
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** What kind of work. */
  work_type: "preventive" | "corrective" | "cleaning";
  /** The work order. */
  ticket_id?: string;
  /** From start to end of the work (seconds). */
  duration_s?: number;
  /** Parts replaced or repaired. */
  components?: readonly string[];
}

/** A software update of the robot ended. */
export interface RobotSoftwareUpdated {
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** Software that was updated. */
  component: string;
  /** Version before. */
  from_version?: string;
  /** Version the update was to bring. */
  to_version: string;
  /** How it ended. */
  result: "succeeded" | "rolled_back" | "failed";
}

/** The robot asked for a pilot. */
export interface PilotHelpRequested {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** The request. */
  help_id: string;
  /** Why the robot asks. */
  cause: "stuck" | "crossing" | "obstacle" | "localization_lost" | "low_confidence" | "lid" | "customer" | "safety" | "unknown";
  /** How soon it is needed. */
  priority?: "low" | "normal" | "high" | "urgent";
}

/** A pilot connected to the robot. */
export interface PilotSessionStarted {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** The remote pilot. */
  pilot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** The pilot's session. */
  session_id: string;
  /** The request it answers. */
  help_id?: string;
  /** Why the pilot connected. */
  cause?: "stuck" | "crossing" | "obstacle" | "localization_lost" | "low_confidence" | "lid" | "customer" | "safety" | "unknown";
  /** From request to connection (seconds). */
  queue_s?: number;
}

/** Control of the robot went from one mode to another. */
export interface PilotControlChanged {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** The remote pilot. */
  pilot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** The pilot's session. */
  session_id: string;
  /** Mode left. */
  from_mode: "autonomous" | "assisted" | "remote";
  /** Mode entered. */
  to_mode: "autonomous" | "assisted" | "remote";
  /** Why it changed. */
  cause?: "stuck" | "crossing" | "obstacle" | "localization_lost" | "low_confidence" | "lid" | "customer" | "safety" | "resolved" | "unknown";
  /** Round trip between pilot and robot (milliseconds). */
  latency_ms?: number;
  /** Version of the robot's software, as the robot last reported it. */
  software_version?: string;
}

/** The pilot left the robot. */
export interface PilotSessionEnded {
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id: string;
  /** The remote pilot. */
  pilot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** The pilot's session. */
  session_id: string;
  /** From connection to leaving (seconds). */
  duration_s?: number;
  /** Of it in remote mode (seconds). */
  remote_s?: number;
  /** How it ended. */
  outcome: "resolved" | "unresolved" | "handed_over" | "dropped";
}

/** A pilot came on shift, took a break or went off. */
export interface PilotShiftChanged {
  /** The remote pilot. */
  pilot_id: string;
  /** Service area, such as la. */
  market?: string;
  /** What the pilot is now. */
  status: "on" | "break" | "off";
  /** Where the pilot works. */
  site?: string;
}

/** A version of a service or of the robot software went live or was rolled back. */
export interface ReleaseDeployed {
  /** Service area, such as la. */
  market?: string;
  /** What was released; the same name as `service` on its log lines. */
  component: string;
  /** The version released. */
  version: string;
  /** The version before. */
  previous_version?: string;
  /** Forward or back. */
  kind: "deploy" | "rollback";
  /** Where it went, such as all, canary or a market. */
  scope?: string;
}

/** The logger was given an event that does not fit the registry. */
export interface TelemetryEventRejected {
  /** The customer's order. */
  order_id?: string;
  /** The delivery that fulfils an order. */
  delivery_id?: string;
  /** The robot. */
  robot_id?: string;
  /** The merchant the goods are picked up from. */
  merchant_id?: string;
  /** The remote pilot. */
  pilot_id?: string;
  /** Service area, such as la. */
  market?: string;
  /** Name of the event as it was given. */
  rejected_name: string;
  /** What does not fit, one sentence per field; never a value. */
  reasons: readonly string[];
  /** Hash of the payload, to group equal ones; the payload itself is not copied. */
  sample_hash?: string;
}

/** A program began to log under a new emitter_id and says how far it had come under the one before. */
export interface TelemetryEmitterRestarted {
  /** The robot. */
  robot_id?: string;
  /** Service area, such as la. */
  market?: string;
  /** emitter_id of the run before on the same host. */
  last_emitter_id: string;
  /** Number of the last event of that run. */
  last_seq: number;
}

/** The payload that each event takes. */
export interface Payloads {
  "order.created": OrderCreated;
  "order.eligibility_decided": OrderEligibilityDecided;
  "order.cancelled": OrderCancelled;
  "order.completed": OrderCompleted;
  "merchant.order_confirmed": MerchantOrderConfirmed;
  "merchant.order_rejected": MerchantOrderRejected;
  "merchant.order_ready": MerchantOrderReady;
  "merchant.availability_changed": MerchantAvailabilityChanged;
  "dispatch.requested": DispatchRequested;
  "dispatch.offer_sent": DispatchOfferSent;
  "dispatch.offer_declined": DispatchOfferDeclined;
  "dispatch.assigned": DispatchAssigned;
  "dispatch.unassigned": DispatchUnassigned;
  "dispatch.failed": DispatchFailed;
  "delivery.pickup_en_route": DeliveryPickupEnRoute;
  "delivery.pickup_arrived": DeliveryPickupArrived;
  "delivery.pickup_completed": DeliveryPickupCompleted;
  "delivery.pickup_failed": DeliveryPickupFailed;
  "delivery.dropoff_en_route": DeliveryDropoffEnRoute;
  "delivery.dropoff_arrived": DeliveryDropoffArrived;
  "delivery.customer_notified": DeliveryCustomerNotified;
  "delivery.unlock_attempted": DeliveryUnlockAttempted;
  "delivery.dropoff_completed": DeliveryDropoffCompleted;
  "delivery.dropoff_failed": DeliveryDropoffFailed;
  "delivery.cancelled": DeliveryCancelled;
  "delivery.return_completed": DeliveryReturnCompleted;
  "robot.state_changed": RobotStateChanged;
  "robot.heartbeat": RobotHeartbeat;
  "robot.error": RobotError;
  "robot.error_cleared": RobotErrorCleared;
  "robot.connection_lost": RobotConnectionLost;
  "robot.connection_restored": RobotConnectionRestored;
  "robot.stuck": RobotStuck;
  "robot.lid_changed": RobotLidChanged;
  "robot.safety_event": RobotSafetyEvent;
  "robot.maintenance_started": RobotMaintenanceStarted;
  "robot.maintenance_completed": RobotMaintenanceCompleted;
  "robot.software_updated": RobotSoftwareUpdated;
  "pilot.help_requested": PilotHelpRequested;
  "pilot.session_started": PilotSessionStarted;
  "pilot.control_changed": PilotControlChanged;
  "pilot.session_ended": PilotSessionEnded;
  "pilot.shift_changed": PilotShiftChanged;
  "release.deployed": ReleaseDeployed;
  "telemetry.event_rejected": TelemetryEventRejected;
  "telemetry.emitter_restarted": TelemetryEmitterRestarted;
}

export const SPECS: { readonly [Name in EventName]: Spec } = {
  "order.created": {
    version: 1,
    status: "info",
    ids: {
      order_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      channel: { required: true, type: "enum", of: ["app", "web", "partner_api", "phone"] },
      items: { required: true, type: "int", min: 1, max: 500 },
      value_cents: { required: false, type: "int", min: 0, max: 10000000 },
      currency: { required: false, type: "string", length: 3 },
      promised_at: { required: false, type: "timestamp" },
      route_m: { required: false, type: "number", min: 0, max: 100000 },
    },
    summary: (data) =>
      "Order placed: " +
      number(data.items) +
      " items by " +
      data.channel,
  },
  "order.eligibility_decided": {
    version: 1,
    status: "info",
    ids: {
      order_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      eligible: { required: true, type: "bool" },
      reason: { required: true, type: "enum", of: ["range", "hours", "weather", "size", "none"] },
    },
    summary: (data) =>
      "Robot fit decided: eligible " +
      yesNo(data.eligible) +
      ", reason " +
      data.reason,
  },
  "order.cancelled": {
    version: 1,
    status: "warn",
    ids: {
      order_id: true,
      delivery_id: false,
      merchant_id: true,
      market: false,
    },
    fields: {
      cancelled_by: { required: true, type: "enum", of: ["customer", "merchant", "operations", "system"] },
      stage: { required: true, type: "enum", of: ["before_dispatch", "before_pickup", "before_dropoff"] },
      reason: { required: true, type: "enum", of: ["customer_request", "merchant_unavailable", "out_of_stock", "too_late", "robot_failure", "weather", "fraud", "other"] },
    },
    summary: (data) =>
      "Order cancelled by " +
      data.cancelled_by +
      " (" +
      data.stage +
      "): " +
      data.reason,
  },
  "order.completed": {
    version: 1,
    status: "info",
    ids: {
      order_id: true,
      delivery_id: false,
      merchant_id: true,
      market: false,
    },
    fields: {
      fulfilled_by: { required: true, type: "enum", of: ["robot", "fallback"] },
      total_s: { required: true, type: "number", min: 0, max: 172800 },
      late_s: { required: false, type: "number", min: -172800, max: 172800 },
    },
    summary: (data) =>
      "Order completed by " +
      data.fulfilled_by +
      " after " +
      number(data.total_s) +
      " s" +
      ("late_s" in data ? ", " + number(data.late_s) + " s late" : ""),
  },
  "merchant.order_confirmed": {
    version: 1,
    status: "info",
    ids: {
      order_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      prep_estimate_s: { required: false, type: "number", min: 0, max: 14400 },
    },
    summary: (data) =>
      "Merchant confirmed" +
      ("prep_estimate_s" in data ? ", ready in about " + number(data.prep_estimate_s) + " s" : ""),
  },
  "merchant.order_rejected": {
    version: 1,
    status: "warn",
    ids: {
      order_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      reason: { required: true, type: "enum", of: ["closed", "too_busy", "out_of_stock", "other"] },
    },
    summary: (data) =>
      "Merchant rejected the order: " +
      data.reason,
  },
  "merchant.order_ready": {
    version: 1,
    status: "info",
    ids: {
      order_id: true,
      delivery_id: false,
      merchant_id: true,
      market: false,
    },
    fields: {
      prep_s: { required: false, type: "number", min: 0, max: 14400 },
    },
    summary: (data) =>
      "Goods ready" +
      ("prep_s" in data ? " after " + number(data.prep_s) + " s" : ""),
  },
  "merchant.availability_changed": {
    version: 1,
    status: "info",
    ids: {
      merchant_id: true,
      market: false,
    },
    fields: {
      available: { required: true, type: "bool" },
      reason: { required: false, type: "enum", of: ["opening_hours", "too_busy", "staff", "technical", "other"] },
    },
    summary: (data) =>
      "Merchant taking orders: " +
      yesNo(data.available) +
      ("reason" in data ? " (" + data.reason + ")" : ""),
  },
  "dispatch.requested": {
    version: 1,
    status: "info",
    ids: {
      order_id: true,
      delivery_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      candidates: { required: false, type: "int", min: 0, max: 10000 },
      requested_for_at: { required: false, type: "timestamp" },
    },
    summary: (data) =>
      "Robot sought" +
      ("candidates" in data ? " among " + number(data.candidates) + " candidates" : ""),
  },
  "dispatch.offer_sent": {
    version: 1,
    status: "info",
    ids: {
      order_id: true,
      delivery_id: true,
      robot_id: true,
      market: false,
    },
    fields: {
      offer_id: { required: true, type: "id" },
      attempt: { required: true, type: "int", min: 1, max: 1000 },
      eta_pickup_s: { required: false, type: "number", min: 0, max: 86400 },
      battery_pct: { required: false, type: "number", min: 0, max: 100 },
    },
    summary: (data) =>
      "Offer " +
      number(data.attempt) +
      " sent to " +
      data.robot_id +
      ("eta_pickup_s" in data ? ", " + number(data.eta_pickup_s) + " s to the merchant" : ""),
  },
  "dispatch.offer_declined": {
    version: 1,
    status: "warn",
    ids: {
      delivery_id: true,
      robot_id: true,
      market: false,
    },
    fields: {
      offer_id: { required: true, type: "id" },
      attempt: { required: true, type: "int", min: 1, max: 1000 },
      reason: { required: true, type: "enum", of: ["timeout", "battery_low", "busy", "fault", "distance", "other"] },
    },
    summary: (data) =>
      "Offer " +
      number(data.attempt) +
      " declined by " +
      data.robot_id +
      ": " +
      data.reason,
  },
  "dispatch.assigned": {
    version: 1,
    status: "info",
    ids: {
      order_id: true,
      delivery_id: true,
      robot_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      offer_id: { required: false, type: "id" },
      attempt: { required: false, type: "int", min: 1, max: 1000 },
      eta_pickup_s: { required: false, type: "number", min: 0, max: 86400 },
      eta_dropoff_s: { required: false, type: "number", min: 0, max: 86400 },
    },
    summary: (data) =>
      "Assigned to " +
      data.robot_id +
      ("attempt" in data ? " on attempt " + number(data.attempt) : "") +
      ("eta_pickup_s" in data ? ", " + number(data.eta_pickup_s) + " s to the merchant" : ""),
  },
  "dispatch.unassigned": {
    version: 1,
    status: "warn",
    ids: {
      delivery_id: true,
      robot_id: true,
      market: false,
    },
    fields: {
      reason: { required: true, type: "enum", of: ["robot_fault", "robot_blocked", "robot_unreachable", "battery_low", "better_match", "order_cancelled", "pilot_decision", "other"] },
      by: { required: false, type: "enum", of: ["dispatcher", "robot", "pilot"] },
    },
    summary: (data) =>
      data.robot_id +
      " taken off the delivery" +
      ("by" in data ? " by " + data.by : "") +
      ": " +
      data.reason,
  },
  "dispatch.failed": {
    version: 1,
    status: "error",
    ids: {
      order_id: true,
      delivery_id: true,
      market: false,
    },
    fields: {
      reason: { required: true, type: "enum", of: ["no_robot", "timeout", "merchant_closed", "weather", "other"] },
      attempts: { required: false, type: "int", min: 0, max: 1000 },
      fallback: { required: false, type: "enum", of: ["courier", "customer_pickup", "refund", "none"] },
    },
    summary: (data) =>
      "Dispatch given up" +
      ("attempts" in data ? " after " + number(data.attempts) + " attempts" : "") +
      ": " +
      data.reason +
      ("fallback" in data ? "; fallback " + data.fallback : ""),
  },
  "delivery.pickup_en_route": {
    version: 1,
    status: "info",
    ids: {
      order_id: false,
      delivery_id: true,
      robot_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      distance_m: { required: false, type: "number", min: 0, max: 100000 },
      autonomy_mode: { required: false, type: "enum", of: ["autonomous", "assisted", "remote"] },
    },
    summary: (data) =>
      "Set out for the merchant" +
      ("distance_m" in data ? ", " + number(data.distance_m) + " m away" : ""),
  },
  "delivery.pickup_arrived": {
    version: 1,
    status: "info",
    ids: {
      order_id: false,
      delivery_id: true,
      robot_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      travel_s: { required: false, type: "number", min: 0, max: 86400 },
      eta_error_s: { required: false, type: "number", min: -86400, max: 86400 },
    },
    summary: (data) =>
      "At the merchant" +
      ("travel_s" in data ? " after " + number(data.travel_s) + " s" : ""),
  },
  "delivery.pickup_completed": {
    version: 1,
    status: "info",
    ids: {
      order_id: true,
      delivery_id: true,
      robot_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      wait_s: { required: true, type: "number", min: 0, max: 7200 },
      loaded_by: { required: false, type: "enum", of: ["merchant", "field_ops", "unknown"] },
      software_version: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      "Loaded" +
      ("loaded_by" in data ? " by " + data.loaded_by : "") +
      " after " +
      number(data.wait_s) +
      " s at the merchant",
  },
  "delivery.pickup_failed": {
    version: 1,
    status: "error",
    ids: {
      order_id: false,
      delivery_id: true,
      robot_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      reason: { required: true, type: "enum", of: ["no_food", "no_staff", "merchant_closed", "lid_fault", "robot_fault", "other"] },
      wait_s: { required: false, type: "number", min: 0, max: 7200 },
      software_version: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      "Pickup failed" +
      ("wait_s" in data ? " after " + number(data.wait_s) + " s at the merchant" : "") +
      ": " +
      data.reason,
  },
  "delivery.dropoff_en_route": {
    version: 1,
    status: "info",
    ids: {
      order_id: false,
      delivery_id: true,
      robot_id: true,
      market: false,
    },
    fields: {
      distance_m: { required: false, type: "number", min: 0, max: 100000 },
      autonomy_mode: { required: false, type: "enum", of: ["autonomous", "assisted", "remote"] },
    },
    summary: (data) =>
      "Set out for the customer" +
      ("distance_m" in data ? ", " + number(data.distance_m) + " m away" : ""),
  },
  "delivery.dropoff_arrived": {
    version: 1,
    status: "info",
    ids: {
      order_id: false,
      delivery_id: true,
      robot_id: true,
      market: false,
    },
    fields: {
      travel_s: { required: false, type: "number", min: 0, max: 86400 },
      distance_m: { required: false, type: "number", min: 0, max: 100000 },
      eta_error_s: { required: false, type: "number", min: -86400, max: 86400 },
    },
    summary: (data) =>
      "At the customer" +
      ("travel_s" in data ? " after " + number(data.travel_s) + " s" : "") +
      ("distance_m" in data ? ", " + number(data.distance_m) + " m driven" : ""),
  },
  "delivery.customer_notified": {
    version: 1,
    status: "info",
    ids: {
      order_id: false,
      delivery_id: true,
      robot_id: false,
      market: false,
    },
    fields: {
      channel: { required: true, type: "enum", of: ["push", "sms", "email", "call"] },
      delivered_ok: { required: false, type: "bool" },
    },
    summary: (data) =>
      "Customer notified by " +
      data.channel +
      ("delivered_ok" in data ? ", accepted: " + yesNo(data.delivered_ok) : ""),
  },
  "delivery.unlock_attempted": {
    version: 1,
    status: "info",
    ids: {
      order_id: false,
      delivery_id: true,
      robot_id: true,
      market: false,
    },
    fields: {
      method: { required: true, type: "enum", of: ["pin", "app", "remote"] },
      success: { required: true, type: "bool" },
      attempt: { required: false, type: "int", min: 1, max: 1000 },
    },
    summary: (data) =>
      "Unlock attempt" +
      ("attempt" in data ? " " + number(data.attempt) : "") +
      " by " +
      data.method +
      ", success: " +
      yesNo(data.success),
  },
  "delivery.dropoff_completed": {
    version: 1,
    status: "info",
    ids: {
      order_id: true,
      delivery_id: true,
      robot_id: true,
      market: false,
    },
    fields: {
      wait_s: { required: false, type: "number", min: 0, max: 7200 },
      total_s: { required: false, type: "number", min: 0, max: 172800 },
      distance_m: { required: false, type: "number", min: 0, max: 100000 },
      assists: { required: false, type: "int", min: 0, max: 1000 },
      software_version: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      "Goods taken" +
      ("wait_s" in data ? " after " + number(data.wait_s) + " s at the customer" : "") +
      ("total_s" in data ? ", " + number(data.total_s) + " s in all" : "") +
      ("assists" in data ? ", " + number(data.assists) + " assists" : ""),
  },
  "delivery.dropoff_failed": {
    version: 1,
    status: "error",
    ids: {
      order_id: false,
      delivery_id: true,
      robot_id: true,
      market: false,
    },
    fields: {
      reason: { required: true, type: "enum", of: ["customer_absent", "no_access", "lid_fault", "robot_fault", "robot_blocked", "theft", "other"] },
      disposition: { required: true, type: "enum", of: ["return", "discard", "retry"] },
      software_version: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      "Dropoff failed: " +
      data.reason +
      "; goods: " +
      data.disposition,
  },
  "delivery.cancelled": {
    version: 1,
    status: "warn",
    ids: {
      order_id: true,
      delivery_id: true,
      robot_id: false,
      market: false,
    },
    fields: {
      cancelled_by: { required: true, type: "enum", of: ["customer", "merchant", "operations", "system"] },
      stage: { required: true, type: "enum", of: ["before_dispatch", "before_pickup", "before_dropoff"] },
      reason: { required: true, type: "enum", of: ["customer_request", "merchant_unavailable", "out_of_stock", "too_late", "robot_failure", "weather", "fraud", "other"] },
    },
    summary: (data) =>
      "Delivery cancelled by " +
      data.cancelled_by +
      " (" +
      data.stage +
      "): " +
      data.reason,
  },
  "delivery.return_completed": {
    version: 1,
    status: "info",
    ids: {
      order_id: false,
      delivery_id: true,
      robot_id: true,
      merchant_id: true,
      market: false,
    },
    fields: {
      reason: { required: false, type: "enum", of: ["dropoff_failed", "cancelled", "other"] },
      total_s: { required: false, type: "number", min: 0, max: 172800 },
    },
    summary: (data) =>
      "Goods back at the merchant" +
      ("total_s" in data ? " after " + number(data.total_s) + " s" : "") +
      ("reason" in data ? ": " + data.reason : ""),
  },
  "robot.state_changed": {
    version: 1,
    status: "info",
    ids: {
      delivery_id: false,
      robot_id: true,
      market: false,
    },
    fields: {
      from_state: { required: false, type: "enum", of: ROBOT_STATES },
      to_state: { required: true, type: "enum", of: ROBOT_STATES },
      reason: { required: false, type: "enum", of: DOWNTIME_REASONS },
      battery_pct: { required: false, type: "number", min: 0, max: 100 },
      lat: { required: false, type: "number", min: -90, max: 90 },
      lon: { required: false, type: "number", min: -180, max: 180 },
      dispatchable: { required: false, type: "bool" },
      state_seq: { required: false, type: "int", min: 0, max: 9007199254740991 },
      hardware_version: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      "State " +
      ("from_state" in data ? data.from_state + " to " : "") +
      data.to_state +
      ("reason" in data ? ", reason " + data.reason : ""),
  },
  "robot.heartbeat": {
    version: 1,
    status: "info",
    ids: {
      delivery_id: false,
      robot_id: true,
      market: false,
    },
    fields: {
      state: { required: true, type: "enum", of: ROBOT_STATES },
      battery_pct: { required: false, type: "number", min: 0, max: 100 },
      signal_dbm: { required: false, type: "number", min: -200, max: 0 },
      lat: { required: false, type: "number", min: -90, max: 90 },
      lon: { required: false, type: "number", min: -180, max: 180 },
      last_seq: { required: false, type: "int", min: 0, max: 9007199254740991 },
      dispatchable: { required: false, type: "bool" },
      hardware_version: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      "Alive in state " +
      data.state +
      ("battery_pct" in data ? ", battery " + number(data.battery_pct) + " %" : ""),
  },
  "robot.error": {
    version: 1,
    status: "error",
    ids: {
      delivery_id: false,
      robot_id: true,
      market: false,
    },
    fields: {
      error_code: { required: true, type: "string", length: 64 },
      component: { required: true, type: "enum", of: ["drive", "sensor", "compute", "lid", "battery", "comms", "localization", "perception", "planning", "control"] },
      severity: { required: true, type: "enum", of: ["minor", "major", "critical"] },
      is_failure: { required: true, type: "bool" },
      recoverable: { required: false, type: "bool" },
      detail: { required: false, type: "string", length: 1024 },
      hardware_version: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      "Error " +
      data.error_code +
      " of " +
      data.component +
      ", " +
      data.severity +
      ", failure: " +
      yesNo(data.is_failure),
  },
  "robot.error_cleared": {
    version: 1,
    status: "info",
    ids: {
      delivery_id: false,
      robot_id: true,
      market: false,
    },
    fields: {
      error_code: { required: true, type: "string", length: 64 },
      error_event_id: { required: false, type: "id" },
      resolution: { required: true, type: "enum", of: ["self", "pilot", "field", "update"] },
      down_s: { required: false, type: "number", min: 0, max: 31536000 },
    },
    summary: (data) =>
      "Error " +
      data.error_code +
      " cleared by " +
      data.resolution +
      ("down_s" in data ? " after " + number(data.down_s) + " s" : ""),
  },
  "robot.connection_lost": {
    version: 1,
    status: "warn",
    ids: {
      delivery_id: false,
      robot_id: true,
      market: false,
    },
    fields: {
      last_seen_at: { required: true, type: "timestamp" },
      last_seq: { required: false, type: "int", min: 0, max: 9007199254740991 },
      last_emitter_id: { required: false, type: "string", length: 256 },
    },
    summary: (data) =>
      "Unreachable, last seen " +
      second(data.last_seen_at),
  },
  "robot.connection_restored": {
    version: 1,
    status: "info",
    ids: {
      delivery_id: false,
      robot_id: true,
      market: false,
    },
    fields: {
      gap_s: { required: true, type: "number", min: 0, max: 31536000 },
      first_seq: { required: false, type: "int", min: 0, max: 9007199254740991 },
    },
    summary: (data) =>
      "Reachable again after " +
      number(data.gap_s) +
      " s",
  },
  "robot.stuck": {
    version: 1,
    status: "warn",
    ids: {
      delivery_id: false,
      robot_id: true,
      market: false,
    },
    fields: {
      cause: { required: true, type: "enum", of: ["obstacle", "crowd", "parked_vehicle", "construction", "curb", "terrain", "crossing", "localization", "unknown"] },
      lat: { required: false, type: "number", min: -90, max: 90 },
      lon: { required: false, type: "number", min: -180, max: 180 },
      autonomy_mode: { required: false, type: "enum", of: ["autonomous", "assisted", "remote"] },
      stuck_s: { required: false, type: "number", min: 0, max: 86400 },
    },
    summary: (data) =>
      "Stuck" +
      ("stuck_s" in data ? " for " + number(data.stuck_s) + " s" : "") +
      ": " +
      data.cause,
  },
  "robot.lid_changed": {
    version: 1,
    status: "info",
    ids: {
      delivery_id: false,
      robot_id: true,
      market: false,
    },
    fields: {
      to: { required: true, type: "enum", of: ["open", "closed", "locked", "unlocked"] },
      actor: { required: false, type: "enum", of: ["merchant", "customer", "pilot", "field_ops", "robot", "unknown"] },
    },
    summary: (data) =>
      "Lid " +
      data.to +
      ("actor" in data ? " by " + data.actor : ""),
  },
  "robot.safety_event": {
    version: 1,
    status: "error",
    ids: {
      delivery_id: false,
      robot_id: true,
      pilot_id: false,
      market: false,
    },
    fields: {
      kind: { required: true, type: "enum", of: ["collision", "tip_over", "e_stop", "tamper", "near_miss"] },
      severity: { required: true, type: "enum", of: ["minor", "major", "critical"] },
      speed_mps: { required: false, type: "number", min: 0, max: 20 },
      lat: { required: false, type: "number", min: -90, max: 90 },
      lon: { required: false, type: "number", min: -180, max: 180 },
    },
    summary: (data) =>
      "Safety: " +
      data.kind +
      ", " +
      data.severity,
  },
  "robot.maintenance_started": {
    version: 1,
    status: "info",
    ids: {
      robot_id: true,
      market: false,
    },
    fields: {
      work_type: { required: true, type: "enum", of: ["preventive", "corrective", "cleaning"] },
      ticket_id: { required: false, type: "id" },
      location: { required: false, type: "enum", of: ["depot", "merchant", "street"] },
    },
    summary: (data) =>
      data.work_type +
      " work began" +
      ("location" in data ? " at " + data.location : ""),
  },
  "robot.maintenance_completed": {
    version: 1,
    status: "info",
    ids: {
      robot_id: true,
      market: false,
    },
    fields: {
      work_type: { required: true, type: "enum", of: ["preventive", "corrective", "cleaning"] },
      ticket_id: { required: false, type: "id" },
      duration_s: { required: false, type: "number", min: 0, max: 31536000 },
      components: { required: false, type: "list", length: 64 },
    },
    summary: (data) =>
      data.work_type +
      " work done" +
      ("duration_s" in data ? " after " + number(data.duration_s) + " s" : ""),
  },
  "robot.software_updated": {
    version: 1,
    status: "info",
    ids: {
      robot_id: true,
      market: false,
    },
    fields: {
      component: { required: true, type: "string", length: 64 },
      from_version: { required: false, type: "string", length: 64 },
      to_version: { required: true, type: "string", length: 64 },
      result: { required: true, type: "enum", of: ["succeeded", "rolled_back", "failed"] },
    },
    summary: (data) =>
      "Update of " +
      data.component +
      ("from_version" in data ? " from " + data.from_version : "") +
      " to " +
      data.to_version +
      ": " +
      data.result,
  },
  "pilot.help_requested": {
    version: 1,
    status: "info",
    ids: {
      delivery_id: false,
      robot_id: true,
      market: false,
    },
    fields: {
      help_id: { required: true, type: "id" },
      cause: { required: true, type: "enum", of: ["stuck", "crossing", "obstacle", "localization_lost", "low_confidence", "lid", "customer", "safety", "unknown"] },
      priority: { required: false, type: "enum", of: ["low", "normal", "high", "urgent"] },
    },
    summary: (data) =>
      "Pilot asked for: " +
      data.cause +
      ("priority" in data ? ", priority " + data.priority : ""),
  },
  "pilot.session_started": {
    version: 1,
    status: "info",
    ids: {
      delivery_id: false,
      robot_id: true,
      pilot_id: true,
      market: false,
    },
    fields: {
      session_id: { required: true, type: "id" },
      help_id: { required: false, type: "id" },
      cause: { required: false, type: "enum", of: ["stuck", "crossing", "obstacle", "localization_lost", "low_confidence", "lid", "customer", "safety", "unknown"] },
      queue_s: { required: false, type: "number", min: 0, max: 86400 },
    },
    summary: (data) =>
      data.pilot_id +
      " connected" +
      ("queue_s" in data ? " after " + number(data.queue_s) + " s" : "") +
      ("cause" in data ? ": " + data.cause : ""),
  },
  "pilot.control_changed": {
    version: 1,
    status: "info",
    ids: {
      delivery_id: false,
      robot_id: true,
      pilot_id: true,
      market: false,
    },
    fields: {
      session_id: { required: true, type: "id" },
      from_mode: { required: true, type: "enum", of: ["autonomous", "assisted", "remote"] },
      to_mode: { required: true, type: "enum", of: ["autonomous", "assisted", "remote"] },
      cause: { required: false, type: "enum", of: ["stuck", "crossing", "obstacle", "localization_lost", "low_confidence", "lid", "customer", "safety", "resolved", "unknown"] },
      latency_ms: { required: false, type: "number", min: 0, max: 60000 },
      software_version: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      "Control " +
      data.from_mode +
      " to " +
      data.to_mode +
      ("cause" in data ? ": " + data.cause : ""),
  },
  "pilot.session_ended": {
    version: 1,
    status: "info",
    ids: {
      delivery_id: false,
      robot_id: true,
      pilot_id: true,
      market: false,
    },
    fields: {
      session_id: { required: true, type: "id" },
      duration_s: { required: false, type: "number", min: 0, max: 86400 },
      remote_s: { required: false, type: "number", min: 0, max: 86400 },
      outcome: { required: true, type: "enum", of: ["resolved", "unresolved", "handed_over", "dropped"] },
    },
    summary: (data) =>
      data.pilot_id +
      " left" +
      ("duration_s" in data ? " after " + number(data.duration_s) + " s" : "") +
      ("remote_s" in data ? ", " + number(data.remote_s) + " s driven remotely" : "") +
      ": " +
      data.outcome,
  },
  "pilot.shift_changed": {
    version: 1,
    status: "info",
    ids: {
      pilot_id: true,
      market: false,
    },
    fields: {
      status: { required: true, type: "enum", of: ["on", "break", "off"] },
      site: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      data.pilot_id +
      " is " +
      data.status +
      ("site" in data ? " at " + data.site : ""),
  },
  "release.deployed": {
    version: 1,
    status: "info",
    ids: {
      market: false,
    },
    fields: {
      component: { required: true, type: "string", length: 64 },
      version: { required: true, type: "string", length: 64 },
      previous_version: { required: false, type: "string", length: 64 },
      kind: { required: true, type: "enum", of: ["deploy", "rollback"] },
      scope: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      data.kind +
      " of " +
      data.component +
      " " +
      data.version +
      ("previous_version" in data ? ", before " + data.previous_version : ""),
  },
  "telemetry.event_rejected": {
    version: 1,
    status: "warn",
    ids: {
      order_id: false,
      delivery_id: false,
      robot_id: false,
      merchant_id: false,
      pilot_id: false,
      market: false,
    },
    fields: {
      rejected_name: { required: true, type: "string", length: 128 },
      reasons: { required: true, type: "list", length: 256 },
      sample_hash: { required: false, type: "string", length: 64 },
    },
    summary: (data) =>
      "Event " +
      data.rejected_name +
      " does not fit the registry",
  },
  "telemetry.emitter_restarted": {
    version: 1,
    status: "info",
    ids: {
      robot_id: false,
      market: false,
    },
    fields: {
      last_emitter_id: { required: true, type: "string", length: 256 },
      last_seq: { required: true, type: "int", min: 0, max: 9007199254740991 },
    },
    summary: (data) =>
      "Logging restarted after event " +
      number(data.last_seq) +
      " of " +
      data.last_emitter_id,
  },
};
