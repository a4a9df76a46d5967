"""hankali doctor: what is in order, what is not, what would stop production."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from bot.referral.directory import DirectoryError, load_directory
from bot.referral.routing import findings
from webhook.clock import utc_now
from webhook.database import Database, sql, upgrade
from webhook.errors import OperatorError
from webhook.settings import Settings

State = Literal["ok", "note", "stops production", "broken"]


@dataclass(frozen=True)
class Finding:
    """One line. ``broken`` things make the command fail."""

    state: State
    subject: str
    says: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(args: argparse.Namespace) -> int:
    """1 when something is broken in the mode that is set (demo or production)."""
    try:
        settings = Settings.load()
    except OperatorError as error:
        print(f"{'broken':<16}  {'settings':<9}  {error}")
        return 1
    broken = False
    for check in CHECKS:
        for finding in check(settings):
            print(f"{finding.state:<16}  {finding.subject:<9}  {finding.says}", flush=True)
            broken = broken or finding.state == "broken"
    return 1 if broken else 0


def mode(settings: Settings) -> Iterator[Finding]:
    """Mode and address."""
    yield Finding("ok" if not settings.demo else "stops production", "mode", f"HANKALI_MODE is {settings.mode}")
    if not settings.public_url_set:
        yield Finding("stops production", "address", "HANKALI_PUBLIC_URL is not set (SMS and voice need it)")


def channels(settings: Settings) -> Iterator[Finding]:
    """Which doors are open."""
    if settings.telegram_provider:
        yield Finding("ok", "telegram", "webhook" if settings.public_url_set else "polling (no public address)")
    else:
        yield Finding("note", "telegram", "TELEGRAM_BOT_TOKEN is not set")
    if settings.twilio_provider:
        numbers = [n for n in ("twilio_sms_from", "twilio_voice_from") if getattr(settings, n)]
        yield Finding("ok" if numbers else "stops production", "twilio", f"set: {', '.join(numbers) or 'no number'}")
        yield Finding("note", "twilio", "turn the provider's own STOP handling off, or later messages stay blocked")
    else:
        yield Finding("note", "twilio", "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set")


def database(settings: Settings) -> Iterator[Finding]:
    """Reachable, and the schema current."""
    try:
        upgrade(settings.database_url)
        opened = Database(settings.database_url)
        with opened.reading() as transaction:
            transaction.one(sql("SELECT COUNT(*) FROM conversations"))
        opened.close()
    except Exception as error:
        yield Finding("broken", "database", f"HANKALI_DATABASE_URL cannot be used: {type(error).__name__}")
        return
    kind = "SQLite: one process, one machine" if settings.sqlite else "PostgreSQL"
    yield Finding("ok", "database", kind)


def model(settings: Settings) -> Iterator[Finding]:
    """Trained, and from the data as it is now."""
    from bot.training import current_model  # noqa: PLC0415

    found = current_model(settings.models)
    says = "current" if found else "missing or older than its data; hankali serve trains it"
    yield Finding("ok" if found else "note", "model", says)


def content(settings: Settings) -> Iterator[Finding]:
    """Usable as the service would start with it; details are ``hankali content check``'s and ``status``'s."""
    from bot.catalogue import ContentError, usable  # noqa: PLC0415
    from bot.content_status import outdated  # noqa: PLC0415

    try:
        catalogue = usable(settings.content, settings.reviewed_only)
    except ContentError as error:
        yield Finding("broken", "content", str(error))
        return
    drafts = sum(not entry.reviewed for entry in catalogue.entries.values())
    yield Finding("note" if drafts else "ok", "content", f"{len(catalogue.entries)} entries, {drafts} of them drafts")
    late = sum(outdated(catalogue, key, code) for key, code in catalogue.entries)
    if late:
        yield Finding("note", "content", f"{late} translations are older than their French (hankali content status)")
    silent = [code for code, language in catalogue.languages.items() if not language.say]
    recorded = {code: sum(1 for e in catalogue.entries.values() if e.language == code and e.audio) for code in silent}
    for code in silent:
        state: State = "note" if not recorded[code] else "ok"
        yield Finding(state, "audio", f"{code}: {recorded[code]} recordings (no provider voice; the rest falls back)")


def directory(settings: Settings) -> Iterator[Finding]:
    """Set, readable, and not the example."""
    if settings.contacts is None:
        yield Finding("stops production", "directory", "HANKALI_CONTACTS is not set: no referral can be made")
        return
    try:
        found = load_directory(settings.contacts)
    except DirectoryError as error:
        yield Finding("broken", "directory", str(error))
        return
    if found.fictional:
        yield Finding("stops production", "directory", "HANKALI_CONTACTS has fictional contacts (example: true)")
    else:
        yield Finding("ok", "directory", f"{len(found.contacts)} contacts")
    serious = [finding for finding in findings(found, found.local(utc_now()).date()) if finding.serious]
    if serious:
        yield Finding("note", "directory", f"{serious[0].text} ({len(serious)} in all: hankali contacts check)")


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (mode, channels, database, model, content, directory)
