"""Our SMS client against prism, a validating server made from Twilio's own OpenAPI description."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.webhook.conftest import SPECS
from webhook.channels.twilio_api import TwilioSms
from webhook.delivery import NotSentError, Trouble
from webhook.outbox import Outbound
from webhook.settings import Settings

SPEC = SPECS / "twilio_api_v2010.patched.json"
PRISM = "@stoplight/prism-cli@5.14.2"
START_S = 120.0


@pytest.fixture(scope="module")
def prism() -> Iterator[str]:
    if shutil.which("npx") is None:
        pytest.skip("npx is not here: Twilio's specification cannot be served")
    if not SPEC.is_file():
        pytest.skip("../shared/specs is not here: Twilio's specification cannot be served")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["npx", "--yes", PRISM, "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(SPEC)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + START_S
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"{PRISM} does not start here (no package registry?)")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                # Another program's socket: nothing announces it.
                select.select([], [], [], 0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def client(url: str, tmp_path: Path) -> TwilioSms:
    environment = {"HANKALI_VAR": str(tmp_path), "TWILIO_API_BASE_URL": url, "TWILIO_SMS_FROM": "+22710000000",
                   "HANKALI_PUBLIC_URL": "https://hankali.example"}  # fmt: skip
    return TwilioSms(Settings.load(environment, tmp_path / "no.env"))


def test_a_message_is_what_the_specification_asks_for(prism: str, tmp_path: Path) -> None:
    assert client(prism, tmp_path).send("0a", Outbound("+22790000001", "Sannu. Ina kwana?"))


def test_looking_for_a_message_too(prism: str, tmp_path: Path) -> None:
    sender = client(prism, tmp_path)
    try:
        sender.find(Outbound("+22790000001", "Sannu"), 1_700_000_000_000, lambda sid: False)
    except NotSentError:
        # prism's own answer (an example of the description) breaks the description; ours is the request.
        account = str(sender._client().username)
        asked = {"To": "+22790000001", "PageSize": "50"}
        answer = requests.get(
            f"{prism}/2010-04-01/Accounts/{account}/Messages.json", asked, auth=(account, "x"), timeout=30
        ).json()
        assert {problem["location"][0] for problem in answer["validation"]} == {"response"}


def test_what_it_refuses_is_refused_for_good(prism: str, tmp_path: Path) -> None:
    with pytest.raises(NotSentError) as caught:
        client(prism, tmp_path).send("0a", Outbound("not a number", "Sannu"))
    assert caught.value.trouble is Trouble.REFUSED
