"""A referral that waits goes on when the service comes back with other code, however the one before ended."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.webhook.providers import TwilioServer
from tests.webhook.referrals.conftest import ROOT
from tests.webhook.referrals.waiting_server import REFERENCE
from webhook.settings import Settings


def serve(code: Path, environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.webhook.referrals.waiting_server", *arguments],
        cwd=code,
        env={**os.environ, **environment, "PYTHONPATH": str(code)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def changed(tmp_path: Path) -> Path:
    """The code after an update that touches the durable functions themselves."""
    code = tmp_path / "code"
    for part in ("bot", "webhook", "tests", "content"):
        shutil.copytree(ROOT / part, code / part, ignore=shutil.ignore_patterns("__pycache__", "*.wav", "evaluation"))
    durable = code / "webhook" / "referrals" / "durable.py"
    text = durable.read_text(encoding="utf-8")
    edited = text.replace("    while True:\n", "    log.debug('the clock of a newer version')\n    while True:\n")
    edited = edited.replace(
        "    try:\n        advance_now", "    log.debug('a newer look')\n    try:\n        advance_now"
    )
    assert edited.count("newer") == 2
    durable.write_text(edited, encoding="utf-8")
    return code


def restarted_often(environment: dict[str, str]) -> None:
    """As if the service had been killed five hundred times while the referral waited."""
    settings = Settings.load(environment, Path("/nonexistent"))
    engine = create_engine(settings.durable_url)
    table = "workflow_status" if settings.sqlite else "dbos.workflow_status"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET recovery_attempts = 500")
    engine.dispose()


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_a_waiting_referral_survives_a_change_of_the_code(
    environment: dict[str, str], tmp_path: Path, contacts: Path, twilio_server: TwilioServer, end: str
) -> None:
    def texts() -> list[str]:
        return [m["Body"] for m in twilio_server.accepted("Messages") if REFERENCE in m["Body"]]

    first = serve(ROOT, environment, str(contacts), "open")
    assert len(texts()) == 1
    if end == "killed":
        first.kill()
        first.wait()
        restarted_often(environment)
    else:
        said, _ = first.communicate("stop\n", timeout=30)
        assert said == "closed\n"
    second = serve(changed(tmp_path), environment, str(contacts))
    twilio_server.wait_for(lambda: len(texts()) >= 2)
    second.kill()
    second.wait()
    assert ["Rappel" in text for text in texts()] == [False, True]
