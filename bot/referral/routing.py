"""Whom to alert about a referral, in which order, and why. Pure: a directory, a case and a moment in; a plan out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from bot.catalogue import language_codes
from bot.referral.directory import ANY, REGIONS, Contact, Directory

CHILD_KINDS = ("child_protection", "referral")
ADULT_KINDS = ("referral",)


@dataclass(frozen=True)
class Case:
    """What routing may look at. ``age`` is child, adult or unknown; empty country or region: not known."""

    country: str = ""
    region: str = ""
    age: str = "unknown"
    language: str = "fr"
    immediate: bool = False


@dataclass(frozen=True)
class Step:
    """One contact to alert and the reason, in words for the ledger (no person in it)."""

    contact: Contact
    why: str


@dataclass(frozen=True)
class Plan:
    """``steps`` in order, the supervisor last; ``skipped`` are ids of expired contacts that would have been in it."""

    steps: tuple[Step, ...]
    skipped: tuple[str, ...] = ()


def plan(directory: Directory, case: Case, now: datetime) -> Plan:
    """Contacts for the case: the right kind, place and age; the person's language first, then near, then open.

    A child goes to child protection before anybody else. When the place is not known, contacts for everywhere come
    first. The supervisor is always the last step, expired or not served: somebody must hear of it.
    """
    today = directory.local(now).date()
    kinds = CHILD_KINDS if case.age == "child" else ADULT_KINDS
    chosen: list[tuple[tuple[int, ...], Step]] = []
    skipped: list[str] = []
    for position, contact in enumerate(directory.contacts):
        kind = next((k for k in kinds if k in contact.kinds), None)
        if kind is None or not contact.alert or not contact.serves(case.country, case.region, case.age):
            continue
        if contact.expired(today):
            skipped.append(contact.id)
            continue
        speaks = case.language in contact.languages
        near = case.region in contact.regions if case.region else ANY in contact.regions
        is_open = directory.open_at(contact, now)
        rank = (kinds.index(kind), contact.id == directory.supervisor, not speaks, not near,
                not is_open if case.immediate else 0, position)  # fmt: skip
        why = ", ".join(
            (kind, case.region or "anywhere", "speaks " + case.language if speaks else "no common language",
             "open" if is_open else "closed now")
        )  # fmt: skip
        chosen.append((tuple(int(r) for r in rank), Step(contact, why)))
    steps = [step for _, step in sorted(chosen, key=lambda item: item[0])]
    supervisor = directory.by_id(directory.supervisor)
    steps = [step for step in steps if step.contact.id != directory.supervisor]
    if supervisor is not None and supervisor.alert:
        steps.append(Step(supervisor, "supervisor"))
    return Plan(tuple(steps), tuple(skipped))


@dataclass(frozen=True)
class Finding:
    """One thing ``contacts check`` tells. ``serious``: somebody would not be served."""

    serious: bool
    text: str


def findings(directory: Directory, today: date) -> Iterator[Finding]:
    """Expired contacts, missing PINs, gaps in coverage (region × age × language), a country with the police alone."""
    for contact in directory.contacts:
        if contact.expired(today):
            yield Finding(True, f"{contact.id}: verified until {contact.verified_until}, so it is skipped")
        elif (contact.verified_until - today).days < 30:
            yield Finding(False, f"{contact.id}: verified until {contact.verified_until}, soon over")
        if contact.example:
            yield Finding(False, f"{contact.id}: an example, with a fictional number")
        if contact.alert and not contact.pin and any(by == "sms" for by, _ in contact.alert):
            yield Finding(False, f"{contact.id}: no PIN to acknowledge by SMS or call (hankali contacts pin)")
    yield from _gaps(directory, today)
    yield from _emergency_gaps(directory, today)


def _gaps(directory: Directory, today: date) -> Iterator[Finding]:
    valid = [c for c in directory.contacts if c.alert and not c.expired(today) and c.id != directory.supervisor]
    for age in ("adult", "child"):
        kinds = set(CHILD_KINDS if age == "child" else ADULT_KINDS)
        for region in REGIONS:
            country = "" if region == "abroad" else "NE"
            serving = [c for c in valid if c.kinds & kinds and c.serves(country, region, age)]
            if not serving:
                yield Finding(True, f"{region}: nobody but the supervisor for a person who is {_a(age)}")
                continue
            spoken = {language for c in serving for language in c.languages}
            missing = [language for language in language_codes() if language not in spoken]
            if missing:
                yield Finding(False, f"{region}: nobody speaks {', '.join(missing)} with {_a(age)}")


def _a(age: str) -> str:
    return "an adult" if age == "adult" else "a child"


def _emergency_gaps(directory: Directory, today: date) -> Iterator[Finding]:
    countries = sorted({c for contact in directory.contacts for c in contact.countries if c != ANY} | {"NE"})
    for country in countries:
        if not directory.emergency(country, "", "unknown", today):
            alone = any(c.police and "emergency" in c.kinds and country in c.countries for c in directory.contacts)
            reason = "the police alone is never given" if alone else "none that may be told"
            yield Finding(country == "NE", f"{country}: no emergency number ({reason})")
