"""The directory of contacts: a YAML file (CONTRACT.md, *Directory file*), read strictly: file, line, reason."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from phonenumbers import NumberParseException, is_possible_number, parse

from bot.catalogue import language_codes
from bot.referral.hours import Hours

KINDS = ("referral", "emergency", "legal_aid", "child_protection", "shelter", "health", "return", "asylum")
REGIONS = ("agadez", "diffa", "dosso", "maradi", "niamey", "tahoua", "tillaberi", "zinder", "abroad")
AGES = ("adult", "child")
ALERT_BY = ("sms", "telegram", "email")
ANY = "*"
POLL_SECONDS = 2.0
WEST_AFRICA = timezone(timedelta(hours=1), "WAT")
"""Niger, Nigeria and Algeria; a directory elsewhere sets ``timezone``."""
EXAMPLE = Path(__file__).parent / "example-contacts.yml"
_NEEDED = ("id", "name", "kinds", "serves", "languages", "hours", "verified_by", "verified_until")
_KNOWN = frozenset((*_NEEDED, "alert", "public_phone", "police", "pin", "example"))
_TOP = frozenset(("supervisor", "contacts", "timezone", "holidays"))
_ID = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


class DirectoryError(Exception):
    """The directory cannot be used; the message is ``file:line: reason``."""


@dataclass(frozen=True)
class Contact:
    """One contact. ``alert`` is pairs of channel and address in the order to try; empty sets mean nobody, ``*`` all."""

    id: str
    name: str
    kinds: frozenset[str]
    countries: frozenset[str]
    regions: frozenset[str]
    ages: frozenset[str]
    languages: frozenset[str]
    hours: Hours
    alert: tuple[tuple[str, str], ...]
    public_phone: str
    police: bool
    pin: str
    verified_by: str
    verified_until: date
    example: bool

    def expired(self, today: date) -> bool:
        """Nobody vouches for it any more."""
        return self.verified_until < today

    def serves(self, country: str, region: str, age: str) -> bool:
        """Whether this contact is for a person of ``age`` (adult, child or unknown) there. Empty: not known, any."""
        return (
            _within(country, self.countries)
            and (region == "abroad" or _within(region, self.regions))
            and (age == "unknown" or _within(age, self.ages))
        )


def _within(value: str, allowed: frozenset[str]) -> bool:
    return not value or ANY in allowed or value in allowed


@dataclass(frozen=True)
class Directory:
    """One immutable version of the file."""

    contacts: tuple[Contact, ...]
    supervisor: str
    timezone: ZoneInfo | timezone
    holidays: frozenset[date]
    source: str = ""

    def by_id(self, contact: str) -> Contact | None:
        """The contact of that id."""
        return next((c for c in self.contacts if c.id == contact), None)

    @property
    def fictional(self) -> bool:
        """It holds at least one example."""
        return any(c.example for c in self.contacts)

    def local(self, moment: datetime) -> datetime:
        """``moment`` on the contacts' clocks."""
        return moment.astimezone(self.timezone)

    def open_at(self, contact: Contact, moment: datetime) -> bool:
        """Within its hours and on no holiday of its own."""
        return contact.hours.open_at(self.local(moment), self.holidays)

    def next_open(self, contact: Contact, moment: datetime) -> datetime:
        """When it next works."""
        return contact.hours.next_open(self.local(moment), self.holidays)

    def public(self, kinds: Iterable[str], country: str, region: str, age: str, today: date) -> list[Contact]:
        """Contacts with a number that may be told, the police last and never alone."""
        wanted = frozenset(kinds)
        found = [
            c
            for c in self.contacts
            if c.kinds & wanted and c.public_phone and not c.expired(today) and c.serves(country, region, age)
        ]
        found.sort(key=lambda c: (c.police, ANY in c.regions))
        return without_police_alone(found)

    def emergency(self, country: str, region: str, age: str, today: date) -> list[Contact]:
        """Emergency numbers of a country; of every country when it is not known."""
        return self.public(("emergency",), country, region, age, today)


def without_police_alone(contacts: list[Contact]) -> list[Contact]:
    """The same without the police of a country that has no other contact among them."""
    others = [c for c in contacts if not c.police]
    return [c for c in contacts if not c.police or any(o.countries & c.countries or ANY in o.countries for o in others)]


# ---- reading


class _Lines:
    """Line numbers of the YAML nodes, by path."""

    def __init__(self, node: yaml.Node | None) -> None:
        self._lines: dict[tuple[Any, ...], int] = {}
        if node is not None:
            self._walk(node, ())

    def _walk(self, node: yaml.Node, path: tuple[Any, ...]) -> None:
        self._lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._walk(value, (*path, key.value))
                self._lines[(*path, key.value)] = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._walk(value, (*path, index))

    def of(self, path: tuple[Any, ...]) -> int:
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


class _Reader:
    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DirectoryError(f"{file}:1: {getattr(error, 'strerror', None) or error}") from error
        try:
            self.lines = _Lines(yaml.compose(text, Loader=yaml.SafeLoader))
            self.data = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            reason = getattr(error, "problem", None) or "is no YAML"
            raise DirectoryError(f"{file}:{mark.line + 1 if mark else 1}: {reason}") from error

    def fail(self, path: tuple[Any, ...], reason: str) -> DirectoryError:
        return DirectoryError(f"{self.file}:{self.lines.of(path)}: {reason}")

    def names(
        self, path: tuple[Any, ...], value: Any, allowed: tuple[str, ...], wildcard: bool = False
    ) -> frozenset[str]:
        if wildcard and value == ANY:
            return frozenset((ANY,))
        if not isinstance(value, list) or not value:
            raise self.fail(path, f"{path[-1]}: a list was expected" + (' (or "*")' if wildcard else ""))
        found = [str(item) for item in value]
        for index, item in enumerate(found):
            if allowed and item not in allowed and not (wildcard and item == ANY):
                raise self.fail((*path, index), f"{path[-1]}: '{item}' is none of {', '.join(allowed)}")
        return frozenset(found)

    def number(self, path: tuple[Any, ...], value: Any) -> str:
        text = re.sub(r"[ .()-]", "", str(value))
        if text.isdigit() and 2 <= len(text) <= 6:
            return text
        try:
            if is_possible_number(parse(text)):
                return text
        except NumberParseException:
            pass
        raise self.fail(path, f"'{value}' is no telephone number (write +227 and the number, in quotes)")

    def date(self, path: tuple[Any, ...], value: Any) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        raise self.fail(path, f"{path[-1]}: a date was expected (2027-03-31)")


def load_directory(file: Path) -> Directory:
    """Reads the file; raises DirectoryError naming the first mistake."""
    reader = _Reader(file)
    data = reader.data
    if not isinstance(data, dict) or not isinstance(data.get("contacts"), list):
        raise reader.fail((), "a mapping with 'contacts' was expected")
    for name in data:
        if name not in _TOP:
            raise reader.fail((name,), f"unknown name '{name}'")
    contacts: list[Contact] = []
    for index, entry in enumerate(data["contacts"]):
        contact = _contact(reader, ("contacts", index), entry)
        if any(c.id == contact.id for c in contacts):
            raise reader.fail(("contacts", index, "id"), f"id '{contact.id}' stands twice")
        contacts.append(contact)
    addresses: dict[tuple[str, str], str] = {}
    for index, contact in enumerate(contacts):
        for way in contact.alert:
            if way in addresses:
                raise reader.fail(("contacts", index, "alert"), f"the address of '{addresses[way]}' again")
            addresses[way] = contact.id
    supervisor = str(data.get("supervisor") or "")
    if supervisor not in {c.id for c in contacts if c.alert}:
        raise reader.fail(("supervisor",), f"supervisor '{supervisor}' is no contact that can be alerted")
    zone: ZoneInfo | timezone = WEST_AFRICA
    if data.get("timezone"):
        try:
            zone = ZoneInfo(str(data["timezone"]))
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise reader.fail(("timezone",), f"timezone '{data['timezone']}' is not known") from error
    return Directory(tuple(contacts), supervisor, zone, _holidays(reader, data.get("holidays")), str(file))


def _holidays(reader: _Reader, value: Any) -> frozenset[date]:
    """A list of dates, or the name of a file beside this one with one date a line."""
    if not value:
        return frozenset()
    if isinstance(value, list):
        return frozenset(reader.date(("holidays", index), day) for index, day in enumerate(value))
    file = reader.file.parent / str(value)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise reader.fail(("holidays",), f"holidays: {file.name} cannot be read") from error
    days = set()
    for number, line in enumerate(lines, 1):
        word = line.split("#")[0].strip()
        if word:
            try:
                days.add(date.fromisoformat(word.split()[0]))
            except ValueError as error:
                raise DirectoryError(f"{file}:{number}: '{word}' is no date (2027-01-01)") from error
    return frozenset(days)


def _contact(reader: _Reader, path: tuple[Any, ...], entry: Any) -> Contact:
    if not isinstance(entry, dict):
        raise reader.fail(path, "a contact was expected (id, name, kinds …)")
    for name in entry:
        if name not in _KNOWN:
            raise reader.fail((*path, name), f"unknown name '{name}'")
    for name in _NEEDED:
        if not entry.get(name):
            raise reader.fail(path, f"'{name}' is missing")
    identifier = str(entry["id"])
    if not _ID.match(identifier):
        raise reader.fail((*path, "id"), f"id '{identifier}': small letters, digits and '-' only")
    serves = entry["serves"]
    if not isinstance(serves, dict) or set(serves) - {"countries", "regions", "ages"}:
        raise reader.fail((*path, "serves"), "serves: countries, regions and ages were expected")
    for name in ("countries", "regions", "ages"):
        if name not in serves:
            raise reader.fail((*path, "serves"), f"serves: '{name}' is missing")
    try:
        hours = Hours.parse(str(entry["hours"]))
    except ValueError as error:
        raise reader.fail((*path, "hours"), f"hours: {error}") from error
    alert = _alert(reader, (*path, "alert"), entry.get("alert") or [])
    kinds = reader.names((*path, "kinds"), entry["kinds"], KINDS)
    if kinds & {"referral", "child_protection"} and not alert and "emergency" not in kinds:
        raise reader.fail(path, f"'{identifier}' takes referrals but has no 'alert'")
    phone = entry.get("public_phone")
    return Contact(
        id=identifier,
        name=str(entry["name"]),
        kinds=kinds,
        countries=reader.names((*path, "serves", "countries"), serves["countries"], (), wildcard=True),
        regions=reader.names((*path, "serves", "regions"), serves["regions"], REGIONS, wildcard=True),
        ages=reader.names((*path, "serves", "ages"), serves["ages"], AGES, wildcard=True),
        languages=reader.names((*path, "languages"), entry["languages"], language_codes()),
        hours=hours,
        alert=alert,
        public_phone=reader.number((*path, "public_phone"), phone) if phone else "",
        police=entry.get("police") is True,
        pin=str(entry.get("pin") or ""),
        verified_by=str(entry["verified_by"]),
        verified_until=reader.date((*path, "verified_until"), entry["verified_until"]),
        example=entry.get("example") is True,
    )


def _alert(reader: _Reader, path: tuple[Any, ...], value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        raise reader.fail(path, 'alert: a list was expected, e.g. - {sms: "+227..."}')
    ways: list[tuple[str, str]] = []
    for index, item in enumerate(value):
        if not isinstance(item, dict) or len(item) != 1 or next(iter(item)) not in ALERT_BY:
            raise reader.fail((*path, index), f"alert: one of {', '.join(ALERT_BY)} was expected")
        by, address = next(iter(item.items()))
        if by == "sms":
            address = reader.number((*path, index), address)
        elif by == "email" and not _EMAIL.match(str(address)):
            raise reader.fail((*path, index), f"alert: '{address}' is no e-mail address")
        elif by == "telegram" and not re.match(r"^-?\d+$", str(address)):
            raise reader.fail((*path, index), f"alert: '{address}' is no Telegram chat number")
        ways.append((by, str(address)))
    return tuple(ways)


class LiveDirectory:
    """The current directory; takes over a changed file, and keeps the last good one when that is broken."""

    def __init__(self, file: Path, poll_seconds: float = POLL_SECONDS, allow_examples: bool = True) -> None:
        self._file = file
        self._allow_examples = allow_examples
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._stamp = self._look_at_file()
        self._directory = self._load()
        self._next_look = time.monotonic() + poll_seconds
        self.problem = ""
        """Why the file as it is now cannot be used; empty while it can."""

    def current(self) -> Directory:
        """The directory to use for one decision. Looks at the file at most every ``poll_seconds``."""
        if time.monotonic() >= self._next_look and self._lock.acquire(blocking=False):
            try:
                self._next_look = time.monotonic() + self._poll_seconds
                stamp = self._look_at_file()
                if stamp != self._stamp:
                    self._stamp = stamp
                    self._directory = self._load()
                    self.problem = ""
            except DirectoryError as error:
                self.problem = str(error)
            finally:
                self._lock.release()
        return self._directory

    def _load(self) -> Directory:
        directory = load_directory(self._file)
        if directory.fictional and not self._allow_examples:
            example = next(c.id for c in directory.contacts if c.example)
            raise DirectoryError(f"{self._file}:1: '{example}' is an example; outside demo mode none is accepted")
        return directory

    def _look_at_file(self) -> tuple[int, int]:
        try:
            found = self._file.stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_size)
