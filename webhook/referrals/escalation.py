"""Escalation: alert, reminder, next contact, supervisor, the truth. Rows are the truth, DBOS is the alarm clock.

:meth:`Escalation.advance` looks at one referral, does what is due in one transaction, and says when to look again.
Calling it twice, late, or from two processes changes nothing: every alert has its step number, which is unique.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.referral.directory import Contact, Directory, LiveDirectory
from bot.referral.routing import Case, Plan, plan
from webhook.clock import Clock, milliseconds, utc_now
from webhook.database import Database
from webhook.delivery import Delivery
from webhook.referrals.ledger import ALERTABLE, Alert, Ledger, Referral
from webhook.referrals.patience import Patience
from webhook.referrals.wording import Wording
from webhook.security import Vault

LOOK_AT_DELIVERY = timedelta(seconds=20)
"""When to look whether an alert could be delivered at all; if it failed the contact's next address is tried."""
DANGER_STEPS = 1000
"""Alerts of danger are numbered from here, apart from the escalation."""
REFUSED = ("failed", "stopped")
SAFE_TIMES = {"morning": (8, 12), "afternoon": (12, 17), "evening": (17, 21), "any": (8, 21)}
"""Hours (from, to) on the contacts' clock in which a knock may reach the person."""
PAUSE_AFTER_ACCIDENT_S = 30.0

log = logging.getLogger(__name__)
Queued = tuple[str, int]
"""Lane and ``seq`` of an outbox row."""


@dataclass(frozen=True)
class Desk:
    """What the parts of the referral desk share."""

    database: Database
    vault: Vault
    delivery: Delivery
    directory: LiveDirectory
    wording: Wording
    patience: Patience
    number: str
    """Ours, for contacts to call; empty without one."""
    link: str
    clock: Clock = utc_now


class Escalation:
    """Moves referrals on. ``alarm(referral, workflow)`` starts the durable clock (set by webhook.referrals.durable)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="alerts")
        self._working: set[Future[None]] = set()
        self.alarm: Callable[[str, str], None] = lambda referral, workflow: None

    def begin(self, referral: str) -> None:
        """A referral was opened or has news: the alert leaves at once, the clock starts. Returns at once."""
        self._submit(self._begin, referral)

    def push(self, queued: list[Queued]) -> None:
        """Sends what a transaction has queued. Returns at once."""
        for lane, seq in queued:
            self._submit(self._desk.delivery.push, lane, seq, True)

    def settle(self) -> None:
        """Waits until what was begun so far is done."""
        while self._working:
            wait(self._working)

    def _submit(self, work: Callable[..., None], *arguments: object) -> None:
        future = self._pool.submit(work, *arguments)
        self._working.add(future)
        future.add_done_callback(self._working.discard)

    def close(self) -> None:
        """Finishes what is being sent."""
        self._pool.shutdown(wait=True)

    def sweep(self) -> None:
        """Starts the clock of everything for which something is to be done (a process died before it could)."""
        for referral in self.due():
            self._alarm(referral)

    def due(self) -> list[str]:
        """Ids of referrals that are not done with."""
        with self._desk.database.reading() as transaction:
            return Ledger(transaction, self._desk.vault, self._desk.clock()).due()

    def advance(self, referral: str) -> float | None:
        """Does what is due; returns the seconds until the next look, None when there will be nothing to do."""
        now = self._desk.clock()
        queued: list[Queued] = []
        with self._desk.database.writing() as transaction:
            ledger = Ledger(transaction, self._desk.vault, now)
            row = ledger.locked(referral)
            if row is None or row.secret is None:
                return None
            waits = [self._escalate(ledger, row, queued), self._danger(ledger, row, queued)]
            # Escalation may just have made news.
            row = ledger.by_id(referral) or row
            waits.append(self._knock(ledger, row, queued))
        for lane, seq in queued:
            self._desk.delivery.push(lane, seq, urgent=True)
        due = [delay for delay in waits if delay is not None]
        return max(1.0, min(due).total_seconds()) if due else None

    def _begin(self, referral: str) -> None:
        try:
            self.advance(referral)
        except Exception as error:
            log.error("an alert failed: %s", type(error).__name__)
        self._alarm(referral)

    def _alarm(self, referral: str) -> None:
        """One clock for the escalation; each later piece of news has one of its own."""
        with self._desk.database.reading() as transaction:
            row = Ledger(transaction, self._desk.vault, self._desk.clock()).by_id(referral)
        if row is None:
            return
        if row.state in ALERTABLE:
            self.alarm(referral, f"referral:{referral}")
        elif row.news == "waiting":
            self.alarm(referral, f"news:{referral}:{row.state}:{row.unlocked_ms}")
        if row.danger_ms:
            self.alarm(referral, f"danger:{referral}:{row.danger_ms}")

    # ---- alerts

    def _escalate(self, ledger: Ledger, row: Referral, queued: list[Queued]) -> timedelta | None:
        if row.state not in ALERTABLE:
            return None
        directory, now = self._desk.directory.current(), ledger.now
        whom = plan_of(directory, row, now)
        alerts = [a for a in ledger.alerts(row.id) if a.kind != "danger"]
        if not alerts:
            for skipped in whom.skipped:
                ledger.event(row.id, "service", "skipped", f"{skipped} expired")
            return self._next(ledger, row, whom, alerts, queued)
        last = alerts[-1]
        contact = directory.by_id(last.contact)
        patience = self._desk.patience.of(row.urgency)
        since = now - _moment(last.at_ms, now)
        if contact is not None and last.way + 1 < len(contact.alert) and ledger.fate(last) in REFUSED:
            return self._alert(ledger, row, contact, kind=last.kind, step=len(alerts), way=last.way + 1, queued=queued)
        if since < patience:
            return _look_again(since, patience)
        if contact is not None and last.kind != "reminder":
            if self._may_alert(directory, row, contact, now):
                return self._alert(ledger, row, contact, kind="reminder", step=len(alerts), way=last.way, queued=queued)
            return directory.next_open(contact, now) - now
        return self._next(ledger, row, whom, alerts, queued)

    def _next(
        self, ledger: Ledger, row: Referral, whom: Plan, alerts: list[Alert], queued: list[Queued]
    ) -> timedelta | None:
        """The next contact in order that works now; the supervisor comes last."""
        directory, now = self._desk.directory.current(), ledger.now
        alerted = {alert.contact for alert in alerts}
        left = [step for step in whom.steps if step.contact.id not in alerted]
        if not left:
            ledger.set_state(row, "unanswered")
            ledger.set_news(row.id, "waiting")
            ledger.event(row.id, "service", "unanswered")
            return None
        others = [step for step in left if step.contact.id != directory.supervisor]
        working = [s for s in others or left if self._may_alert(directory, row, s.contact, now)]
        if not working:
            return min(directory.next_open(s.contact, now) for s in others or left) - now
        step = working[0]
        kind = "alert" if not alerts else "supervisor" if step.contact.id == directory.supervisor else "next"
        ledger.event(row.id, "service", "chosen", f"{step.contact.id}: {step.why}")
        if row.state == "open":
            ledger.set_state(row, "notified")
        return self._alert(ledger, row, step.contact, kind=kind, step=len(alerts), queued=queued)

    def _may_alert(self, directory: Directory, row: Referral, contact: Contact, now: datetime) -> bool:
        """Hours are respected, except for immediate danger."""
        return row.immediate or directory.open_at(contact, now)

    def _alert(
        self,
        ledger: Ledger,
        row: Referral,
        contact: Contact,
        *,
        kind: str,
        step: int,
        queued: list[Queued],
        way: int = 0,
    ) -> timedelta:
        channel, address = contact.alert[way]
        text = self._text(row, contact, kind, channel)
        queued.append(
            ledger.alert(row, step=step, contact=contact.id, kind=kind, way=(way, channel, address), text=text)
        )
        return min(LOOK_AT_DELIVERY, self._desk.patience.of(row.urgency))

    def _text(self, row: Referral, contact: Contact, kind: str, channel: str) -> str:
        """Reference, urgency, region, language and how to acknowledge: never the story."""
        assert row.record is not None
        key = {"reminder": "alert_reminder", "next": "alert_next", "supervisor": "alert_supervisor",
               "danger": "alert_danger"}.get(kind, "alert")  # fmt: skip
        return self._desk.wording.text(
            key,
            language_for(contact, row.record.language),
            channel,
            reference=row.reference,
            urgency={"key": f"urgency_{row.urgency}"},
            region={"key": f"region_{row.record.region or 'unknown'}"},
            language={"language": row.record.language},
            number=self._desk.number,
            link=self._desk.link,
        )

    def _danger(self, ledger: Ledger, row: Referral, queued: list[Queued]) -> timedelta | None:
        """A danger said in the conversation that its contact has not reacted to: the next one is alerted too."""
        if not row.danger_ms:
            return None
        patience = self._desk.patience.of("immediate")
        since = ledger.now - _moment(row.danger_ms, ledger.now)
        if since < patience:
            return patience - since
        ledger.set_danger(row.id, 0)
        everybody = ledger.alerts(row.id)
        told = {alert.contact for alert in everybody if alert.kind == "danger"} | {row.holder}
        for step in plan_of(self._desk.directory.current(), row, ledger.now).steps:
            if step.contact.id not in told:
                self._alert(ledger, row, step.contact, kind="danger", step=DANGER_STEPS + len(everybody), queued=queued)
                ledger.set_danger(row.id, ledger.now_ms)
                return patience
        return None

    def danger(self, ledger: Ledger, row: Referral) -> list[Queued]:
        """Danger was said to a contact's ears: that contact is alerted at once. Returns what was queued."""
        queued: list[Queued] = []
        contact = self._desk.directory.current().by_id(row.holder)
        everybody = ledger.alerts(row.id)
        if contact is not None and contact.alert:
            self._alert(ledger, row, contact, kind="danger", step=DANGER_STEPS + len(everybody), queued=queued)
        ledger.set_danger(row.id, ledger.now_ms)
        return queued

    def message_waits(self, ledger: Ledger, row: Referral) -> list[Queued]:
        """A caller left a message: whoever has the case is told, by reference only. Returns what was queued."""
        contact = self._desk.directory.current().by_id(row.holder)
        if row.state != "acknowledged" or row.record is None or contact is None or not contact.alert:
            return []
        channel, address = contact.alert[0]
        language = language_for(contact, row.record.language)
        text = self._desk.wording.text(
            "alert_message", language, channel, reference=row.reference, number=self._desk.number
        )
        ledger.event(row.id, "service", "told of a message", f"{contact.id} by {channel}")
        return [ledger.write_to(channel, address, text)]

    # ---- news

    def _knock(self, ledger: Ledger, row: Referral, queued: list[Queued]) -> timedelta | None:
        """A neutral knock, by the way and at the time that the person allowed; the news itself waits for the code."""
        record = row.record
        if row.news != "waiting" or record is None or row.secret is None:
            return None
        channel = record.contact_permission
        if channel not in ("sms", "telegram"):
            # Never contacted, or to be called by a person: the news waits until they come back.
            ledger.set_news(row.id, "knocked")
            return None
        delay = until_safe(self._desk.directory.current().local(ledger.now), record.safe_time)
        if delay:
            return delay
        words = self._desk.wording.text("knock", record.language, channel, number=self._desk.number)
        queued.append(ledger.write_to(channel, row.secret["sender"], words, unsolicited=True))
        ledger.set_news(row.id, "knocked")
        ledger.event(row.id, "service", "knocked", channel)
        return None


def plan_of(directory: Directory, row: Referral, now: datetime) -> Plan:
    """Routing for a stored referral."""
    record = row.record
    if record is None:
        return Plan(())
    case = Case(record.country, record.region, record.age_band, record.language, row.immediate)
    return plan(directory, case, now)


def language_for(contact: Contact, language: str) -> str:
    """The person's language when the contact has it, else French, else whatever they have."""
    if language in contact.languages:
        return language
    return "fr" if "fr" in contact.languages else min(contact.languages)


def until_safe(local: datetime, safe_time: str) -> timedelta | None:
    """How long until the person may be knocked for; None: now."""
    start, end = SAFE_TIMES.get(safe_time, SAFE_TIMES["any"])
    if start <= local.hour < end:
        return None
    opening = local.replace(hour=start, minute=0, second=0, microsecond=0)
    if local.hour >= end:
        opening += timedelta(days=1)
    return opening - local


def _look_again(since: timedelta, patience: timedelta) -> timedelta:
    """First when an alert must have left, then at the end of the patience."""
    return (min(LOOK_AT_DELIVERY, patience) if since < LOOK_AT_DELIVERY else patience) - since


def _moment(ms: int, like: datetime) -> datetime:
    return datetime.fromtimestamp(ms / 1000, like.tzinfo)


__all__ = ["Desk", "Escalation", "language_for", "milliseconds", "plan_of", "until_safe"]
