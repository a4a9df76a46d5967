"""Whether the process is up, ready, and what it has done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address

from flask import Blueprint, Request, Response, abort, request

from webhook.clock import Clock, milliseconds, utc_now
from webhook.database import Database, sql
from webhook.security import same_secret
from webhook.settings import Settings

_PING = sql("SELECT 1")
_TOTALS = sql("SELECT what, channel, SUM(n) FROM counts GROUP BY what, channel ORDER BY what, channel")
_OUTBOX = sql("SELECT channel, status, COUNT(*) FROM outbox GROUP BY channel, status ORDER BY channel, status")
_UNANSWERED = sql("SELECT COUNT(*), MIN(accepted_ms) FROM inbox WHERE answered_ms IS NULL")


def create_blueprint(
    settings: Settings, database: Database, problem: Callable[[], str], clock: Clock = utc_now
) -> Blueprint:
    """``/healthz``, ``/readyz``, ``/metrics``. ``problem``: what is wrong with the content, empty when all is well."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "up"}

    @blueprint.get("/readyz")
    def readyz() -> tuple[dict[str, str], int]:
        try:
            with database.reading() as transaction:
                transaction.one(_PING)
        except Exception:
            return {"status": "database unreachable", "mode": settings.mode}, 503
        answer = {"status": "ready", "mode": settings.mode}
        if problem():
            answer["content"] = "changed files cannot be used; the last good ones are in use"
        return answer, 200

    @blueprint.get("/metrics")
    def metrics() -> Response:
        if not may_read(settings, request):
            abort(403)
        text = "".join(f"{line}\n" for line in lines(database, clock))
        return Response(text, mimetype="text/plain; version=0.0.4")

    return blueprint


def may_read(settings: Settings, asked: Request) -> bool:
    """The token, or loopback without a proxy in between (behind one everybody seems to come from loopback)."""
    scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and same_secret(settings.metrics_token, token.strip()):
        return True
    if {"X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"} & {name for name, _ in asked.headers}:
        return False
    try:
        return ip_address(asked.remote_addr or "").is_loopback
    except ValueError:
        return False


def lines(database: Database, clock: Clock) -> Iterator[str]:
    """Prometheus text: totals and queues, nothing about a person."""
    with database.reading() as transaction:
        totals, outbox = transaction.all(_TOTALS), transaction.all(_OUTBOX)
        waiting = transaction.one(_UNANSWERED)
    yield "# HELP hankali_counts_total Counted events by kind and channel."
    yield "# TYPE hankali_counts_total counter"
    for what, channel, n in totals:
        yield f'hankali_counts_total{{what="{what}",channel="{channel}"}} {int(n)}'
    yield "# HELP hankali_outbox Outbound messages by channel and status."
    yield "# TYPE hankali_outbox gauge"
    for channel, status, n in outbox:
        yield f'hankali_outbox{{channel="{channel}",status="{status}"}} {int(n)}'
    number, oldest = waiting or (0, None)
    age = max(0.0, (milliseconds(clock()) - int(oldest)) / 1000) if oldest else 0.0
    yield "# HELP hankali_inbox_unanswered Accepted messages without an answer yet."
    yield "# TYPE hankali_inbox_unanswered gauge"
    yield f"hankali_inbox_unanswered {int(number)}"
    yield "# HELP hankali_inbox_oldest_seconds Age of the oldest of them."
    yield "# TYPE hankali_inbox_oldest_seconds gauge"
    yield f"hankali_inbox_oldest_seconds {age:.3f}"
