"""Times in the zone that the reader picks. The marts and the queries know UTC alone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from dashboard import address
from fleet.lookup.wording import clock, moment

UTC_ZONE = "UTC"


def pick() -> ZoneInfo:
    """Draw the choice of zone, kept in the address as `tz`, and return it."""
    own = st.context.timezone
    others = sorted(available_timezones() - {UTC_ZONE, "localtime", own})
    options = [UTC_ZONE, *([own] if own in available_timezones() - {UTC_ZONE} else []), *others]
    return ZoneInfo(address.select("Time zone", options, "tz", label_visibility="collapsed"))


def chosen() -> ZoneInfo:
    """The zone that the address names, UTC where it names none."""
    name = address.get("tz")
    return ZoneInfo(name if name in available_timezones() else UTC_ZONE)


def shifted(at: datetime, zone: ZoneInfo) -> datetime:
    """The zone's wall clock, labelled UTC: charts draw UTC, or else the browser's own zone."""
    return at.astimezone(zone).replace(tzinfo=UTC)


def in_zone(at: datetime | None, zone: ZoneInfo) -> str:
    """Day and time of day to the second; a dash for none."""
    return moment(at.astimezone(zone)) if at else "–"


def clock_in_zone(at: datetime | None, zone: ZoneInfo) -> str:
    """Time of day in milliseconds; a dash for none."""
    return clock(at.astimezone(zone) if at else None)


def named(zone: ZoneInfo, at: datetime) -> str:
    """The zone and what it is from UTC at that time, as "America/Los_Angeles (UTC-08:00)"."""
    if zone.key == UTC_ZONE:
        return UTC_ZONE
    offset = f"{at.astimezone(zone):%z}"
    return f"{zone.key} (UTC{offset[:3]}:{offset[3:5]})"
