"""Spoken dates: "in 99999999999 days", "on the 31st of February", any words at all."""

from __future__ import annotations

from datetime import UTC, date, datetime

from assistant.language import dates, periods
from assistant.memory.base import ANY, with_when

NAME = "when"
SEEDS = [
    b"in 3 days", b"in two weeks' time", b"12 years ago", b"next Friday", b"since Monday",
    b"on the 3rd of May, 2026", b"on 2026-11-27", b"May the 4th 2031", b"in March 2024",
    b"in the last 3 months", b"a couple of weeks ago", b"the day before yesterday, in August",
    b"2026-11-23/2026-11-29", b"this weekend", b"in 99999999999 days", b"9999 years ago",
]  # fmt: skip
_DAYS = (date(2026, 11, 29), date(2024, 2, 29), date.min, date.max)


def one(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    dates.parse_iso(text)
    for today in _DAYS:
        if found := dates.find_date(text, today):
            assert found.first <= found.last
            assert 0 <= found.start <= found.end <= len(text)
            assert dates.parse_iso(found.iso) == (found.first, found.last)
            assert found.spoken
        now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
        if span := periods.find_period(text, now):
            assert span.since < span.until
        with_when(text, ANY, now)
