"""Opening hours of a contact: the part of OpenStreetMap's ``opening_hours`` that a case worker's week needs.

``24/7`` · ``Mo-Fr 08:00-17:30`` · several rules and several spans, separated by ``;`` or ``,`` · ``PH off``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
LOOK_AHEAD_DAYS = 15
MINUTES_A_DAY = 24 * 60
_SPAN = re.compile(r"^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$")
_DAY_LIST = re.compile(r"^(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:-(?:Mo|Tu|We|Th|Fr|Sa|Su))?$")


@dataclass(frozen=True)
class Hours:
    """Spans of one week in minutes: ``spans`` holds (weekday, from, to), ``to`` at most 24:00 of the same day.

    A span over midnight is stored as two. ``closed_on_holidays`` is ``PH off``.
    """

    spans: tuple[tuple[int, int, int], ...]
    closed_on_holidays: bool = False

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Reads the subset above; raises ValueError saying which piece cannot be read."""
        if text.strip() == "24/7":
            return cls(tuple((day, 0, MINUTES_A_DAY) for day in range(7)))
        spans: list[tuple[int, int, int]] = []
        closed, days = False, tuple(range(7))
        for rule in filter(None, (piece.strip() for piece in text.split(";"))):
            if " ".join(rule.split()) == "PH off":
                closed = True
                continue
            fresh: tuple[int, ...] = ()
            timed = False
            for word in rule.replace(",", " ").split():
                if word in ("PH", "off"):
                    closed = True
                elif _DAY_LIST.match(word):
                    fresh = _days(word) if timed or not fresh else (*fresh, *_days(word))
                    days, timed = fresh, False
                elif _SPAN.match(word):
                    spans += _spans(days, word)
                    timed = True
                else:
                    raise ValueError(f"'{word}' is no day or time (write e.g. Mo-Fr 08:00-17:30)")
            if fresh and not timed:
                raise ValueError(f"'{rule}' names days without a time")
        if not spans:
            raise ValueError(f"'{text}' says no opening time (write e.g. Mo-Fr 08:00-17:30, or 24/7)")
        return cls(tuple(sorted(set(spans))), closed)

    def open_at(self, moment: datetime, holidays: frozenset[date] = frozenset()) -> bool:
        """Whether ``moment`` (in the contact's time zone) falls into a span."""
        if self.closed_on_holidays and moment.date() in holidays:
            return False
        minute = moment.hour * 60 + moment.minute
        return any(day == moment.weekday() and start <= minute < end for day, start, end in self.spans)

    def next_open(self, moment: datetime, holidays: frozenset[date] = frozenset()) -> datetime:
        """``moment`` when it is open then, otherwise the next opening (``moment`` when none comes in two weeks)."""
        if self.open_at(moment, holidays):
            return moment
        for ahead in range(LOOK_AHEAD_DAYS):
            day = moment.date() + timedelta(days=ahead)
            if self.closed_on_holidays and day in holidays:
                continue
            for weekday, start, _ in self.spans:
                opening = datetime.combine(day, time(start // 60, start % 60), moment.tzinfo)
                if weekday == day.weekday() and opening > moment:
                    return opening
        return moment


def _days(token: str) -> tuple[int, ...]:
    first, _, last = token.partition("-")
    start, end = DAYS.index(first), DAYS.index(last or first)
    return tuple((start + step) % 7 for step in range((end - start) % 7 + 1))


def _spans(days: tuple[int, ...], word: str) -> list[tuple[int, int, int]]:
    hour, minute, to_hour, to_minute = (int(n) for n in re.findall(r"\d+", word))
    start, end = hour * 60 + minute, to_hour * 60 + to_minute
    if minute > 59 or to_minute > 59 or start >= MINUTES_A_DAY or end > MINUTES_A_DAY:
        raise ValueError(f"'{word}' is no time of a day")
    if end > start:
        return [(day, start, end) for day in days]
    over = [(day, start, MINUTES_A_DAY) for day in days]
    return over + ([((day + 1) % 7, 0, end) for day in days] if end else [])
