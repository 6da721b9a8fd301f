"""Dates that a document tells of: what has happened to goods has not happened in the future."""

from __future__ import annotations

import datetime as dt
import json

from emitter.errors import Reason, Refused

TOLERANCE = dt.timedelta(days=1)
"""How far a date may be ahead of the civil day in Asia/Almaty: clocks and zones of stations."""

_PAST = {"productionDate": "production_date", "sourceDocDate": "document_date"}


def require_past(today: dt.date, dated_on: dt.date | None, details: str) -> None:
    """Refuse a document of the future: its day, its goods' production, its primary document.

    ``details`` is JSON as it is kept (`api.report_values.DETAILS`); what is no date is passed over,
    and any day of the past will do.
    """
    dates = [("event_date", dated_on)]
    kept = _object(json.loads(details)) if details else {}
    for said in (kept, _object(kept.get("attributes"))):
        dates += [(field, _date(said.get(word))) for word, field in _PAST.items()]
    for field, date in dates:
        if date is not None and date > today + TOLERANCE:
            raise Refused(
                Reason.FIELD_INVALID,
                field=field,
                rule=f"{date} is in the future: today is {today}",
                rule_ru=f"{date} – в будущем: сегодня {today}",
            )


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _date(text: object) -> dt.date | None:
    """Return the date that a text begins with, None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None
