"""``hankali serve`` itself, with the real engine: start, refusal of a second one, a kill, draining."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import requests
from twilio.request_validator import RequestValidator
from urllib3.util import Retry

ROOT = Path(__file__).resolve().parents[3]
START_S = 240


class Server:
    """One installation; ``start`` may be called again after a kill."""

    def __init__(self, var: Path, database_url: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.sqlite = database_url.startswith("sqlite")
        self.environment = {
            **os.environ,
            "HANKALI_VAR": str(var),
            "HANKALI_DATABASE_URL": database_url,
            "HANKALI_RATE_LIMIT": "0",
            "TWILIO_AUTH_TOKEN": "12345",
        }
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "import sys; from webhook.cli import main; sys.exit(main())", "serve"]
        process = subprocess.Popen(
            [*command, "--port", str(self.port), *more],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def wait_until_ready(self) -> dict[str, str]:
        session = requests.Session()
        retry = Retry(START_S * 5, backoff_factor=0.2, backoff_max=0.2)
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
        answer: dict[str, str] = session.get(f"{self.url}/readyz", timeout=START_S).json()
        return answer

    def sms(self, text: str) -> list[str]:
        parameters = {"MessageSid": uuid4().hex, "From": "+22790000001", "Body": text}
        signature = RequestValidator("12345").compute_signature(f"{self.url}/twilio/sms", parameters)
        headers = {"X-Twilio-Signature": signature}
        response = requests.post(f"{self.url}/twilio/sms", parameters, headers=headers, timeout=30)
        assert response.status_code == 200
        return [element.text or "" for element in ElementTree.fromstring(response.content)]

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=40)


@pytest.fixture
def server(model: Path, tmp_path: Path, database_url: str) -> Iterator[Server]:
    made = Server(tmp_path / "var", database_url)
    yield made
    made.close()


def test_a_life(server: Server) -> None:
    serving = server.start()
    assert server.wait_until_ready() == {"status": "ready", "mode": "demo"}
    assert server.sms("Bonjour")

    if server.sqlite:
        # The same on PostgreSQL, where the kills of tests/webhook/referrals/test_kill.py are: a start costs seconds.
        second = server.start("--port", "0")
        _, said = second.communicate(timeout=30)
        assert second.returncode == 1
        assert said.startswith("hankali serve: another hankali serves the state in ")
        assert len(said.splitlines()) == 1

        serving.kill()
        serving.communicate(timeout=30)
        serving = server.start()
        assert server.wait_until_ready()["status"] == "ready"
        assert server.sms("Bonjour")

    serving.send_signal(signal.SIGTERM)
    out, said = serving.communicate(timeout=40)
    assert serving.returncode == 0
    assert f"Hankali (demo mode) on {server.url}" in out
    assert "Bonjour" not in out + said
