"""kill -9 at random moments of a traffic of referrals. ``HANKALI_KILLS`` sets how often (the issue asks for 200)."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from twilio.request_validator import RequestValidator

from tests.webhook.providers import TelegramServer, TwilioServer
from tests.webhook.referrals.conftest import AGADEZ, ROOT
from webhook.database import Database, sql

KILLS = int(os.environ.get("HANKALI_KILLS", "12"))
SEED = int(os.environ.get("HANKALI_SEED", "1"))
TOKEN, SECRET = "kill-test-token", "kill-test-secret"
SCRIPT = ("il a un couteau il va nous tuer venez vite", "1", "1", "Tahoua", "1", "1")
PEOPLE_AT_ONCE = 3
LIFE_S = (0.02, 1.0)
"""How long the service lives between two kills."""
READ_WITHIN_S = 1.0
RECORDED_WITHIN_S = 5.0
"""How long our record of what Telegram accepted may take, on a busy machine."""
ANSWER_WITHIN_S = 90
SETTLE_S = 60
REFERENCE = re.compile(r"férence : (\d{3}) (\d{3})")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class Victim:
    """The service: started, killed, started."""

    def __init__(self, environment: dict[str, str], contacts: Path, port: int) -> None:
        command = [sys.executable, "-m", "tests.webhook.referrals.kill_server", str(port), str(contacts)]
        environment = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
        self.parent = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.parent.stdout
        while self.parent.stdout.readline().strip() != "parent":
            assert self.parent.poll() is None
        self.pid = 0
        self.up = threading.Event()
        self.kills: list[float] = []

    def start(self) -> float:
        """Seconds until it answers."""
        assert self.parent.stdin
        assert self.parent.stdout
        begun = time.monotonic()
        self.parent.stdin.write("start\n")
        self.parent.stdin.flush()
        self.pid = int(self.parent.stdout.readline())
        self.up.set()
        return time.monotonic() - begun

    def kill(self) -> None:
        self.up.clear()
        self.kills.append(time.monotonic())
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGTERM)
        self.parent.kill()
        self.parent.wait()


class Traffic:
    """People who ask for help by SMS and Telegram, and a contact who confirms every second referral.

    A request that breaks is repeated, as the providers do.
    """

    def __init__(self, victim: Victim, port: int, twilio: TwilioServer, telegram: TelegramServer) -> None:
        self.victim = victim
        self.url = f"http://127.0.0.1:{port}"
        self.twilio = twilio
        self.telegram = telegram
        self.references: dict[str, str] = {}
        self.heard: Counter[tuple[str, str]] = Counter()
        """(SMS sender, words) that came in a response."""
        self.unanswered: list[str] = []
        self.messages = 0
        self.over = threading.Event()
        self.numbers = iter(range(10_000_000, 99_999_999))
        self.guard = threading.Lock()

    def number(self) -> int:
        with self.guard:
            self.messages += 1
            return next(self.numbers)

    def sms(self, text: str, sender: str) -> str:
        """One message until it is answered: in the response or through the API."""
        data = {"MessageSid": f"SM{self.number():032d}", "From": sender, "To": "+22710000000", "Body": text,
                "NumMedia": "0"}  # fmt: skip
        address = f"{self.url}/twilio/sms"
        signature = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(address, data)}
        before = len(self.texts(sender))

        def once() -> str:
            response = requests.post(address, data, headers=signature, timeout=20)
            if response.status_code != 200:
                return ""
            inline = [e.text or "" for e in ElementTree.fromstring(response.text).iter("Message")]
            self.heard.update((sender, words) for words in inline)
            return "\n".join(inline)

        return self.until_answered(text, once, self.twilio, lambda: self.texts(sender)[before:])

    def chat(self, text: str, chat: int) -> str:
        """The same by Telegram, where every answer comes through the API."""
        person = {"id": chat, "is_bot": False, "first_name": "Awa"}
        message = {"message_id": 1, "date": 1_700_000_000, "chat": {"id": chat, "type": "private"}, "from": person,
                   "text": text}  # fmt: skip
        update = {"update_id": self.number(), "message": message}
        before = len(self.chats(chat))
        accepted = threading.Event()

        def once() -> str:
            headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
            response = requests.post(f"{self.url}/telegram", json=update, headers=headers, timeout=20)
            if response.status_code == 200:
                accepted.set()
            return ""

        def by_api() -> list[str]:
            # What comes before that may be the rest of the answer before.
            return self.chats(chat)[before:] if accepted.is_set() else []

        return self.until_answered(text, once, self.telegram, by_api)

    def until_answered(self, text: str, once: Any, provider: Any, by_api: Any) -> str:
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while time.monotonic() < deadline:
            self.victim.up.wait(deadline - time.monotonic())
            try:
                inline = once()
            except requests.RequestException:
                inline = ""
            if inline:
                return str(inline)
            with provider.changed:
                if provider.changed.wait_for(by_api, 0.2):
                    return "\n".join(by_api())
        self.unanswered.append(text)
        return ""

    def texts(self, number: str) -> list[str]:
        return [m["Body"] for m in self.twilio.accepted("Messages") if m["To"] == number]

    def chats(self, chat: int) -> list[str]:
        return [m["text"] for m in self.telegram.accepted("sendMessage") if int(m["chat_id"]) == chat]

    def person(self, index: int) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            # No contact has such a number.
            sender = f"+2279{index}{number:06d}"
            self.ask(sender, lambda text, sender=sender: self.sms(text, sender))  # type: ignore[misc]

    def chatter(self) -> None:
        chat = 80_000_000
        while not self.over.is_set():
            chat += 1
            self.ask(str(chat), lambda text, chat=chat: self.chat(text, chat))  # type: ignore[misc]

    def ask(self, who: str, say: Any) -> None:
        answers = [say(text) for text in SCRIPT]
        found = REFERENCE.search(answers[-1])
        # By Telegram an answer may be two messages, of which the first was seen.
        found = found or REFERENCE.search(" ".join(self.chats(int(who)) if who.isdigit() else self.texts(who)))
        if found is None and who.isdigit():
            with self.telegram.changed:
                self.telegram.changed.wait_for(lambda: REFERENCE.search(" ".join(self.chats(int(who)))), 30)
            found = REFERENCE.search(" ".join(self.chats(int(who))))
        assert found, answers
        self.references[who] = found[1] + found[2]

    def contact(self) -> None:
        done = 0
        while not self.over.wait(0.05):
            known = list(self.references.values())
            if len(known) > done:
                if done % 2 == 0:
                    self.sms(f"OK {known[done]} 0000", AGADEZ)
                done += 1

    def told(self) -> str:
        return " ".join(m["Body"] for m in self.twilio.accepted("Messages") if m["To"] not in self.references)

    def without_alert(self) -> list[str]:
        told = self.told()
        return [reference for reference in list(self.references.values()) if reference not in told]

    def repeated(self) -> list[tuple[str, str]]:
        """SMS that came twice. Twilio keeps a list, and delivery looks into it: even the one window repeats nothing."""
        sms = Counter((m["To"], m["Body"]) for m in self.twilio.accepted("Messages") if "confirmé" not in m["Body"])
        return [which for which, times in (sms + self.heard).items() if times > 1 and "confirmé" not in which[1]]

    def repeated_chats(self) -> list[tuple[float, float]]:
        """When a chat message came, and came again."""
        first: dict[tuple[str, str], float] = {}
        again = []
        for call in self.telegram.calls:
            if call.name == "sendMessage" and call.accepted:
                which = str(call.parameters["chat_id"]), str(call.parameters["text"])
                if which in first:
                    again.append((first[which], call.at))
                first[which] = call.at
        return again


@pytest.mark.usefixtures("model")
def test_nothing_is_lost_and_nothing_is_said_twice(
    database_url: str, tmp_path: Path, contacts: Path, twilio_server: TwilioServer, telegram_server: TelegramServer
) -> None:
    port = _free_port()
    environment = {
        "HANKALI_VAR": str(tmp_path / "var"),
        "HANKALI_DATABASE_URL": database_url,
        "HANKALI_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HANKALI_RATE_LIMIT": "0",
        "HANKALI_PATIENCE": "immediate=1",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_API_BASE_URL": twilio_server.url,
        "TWILIO_SMS_FROM": "+22710000000",
        "TELEGRAM_BOT_TOKEN": "123456789:AAtest-token_of-the-bot",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_API_BASE_URL": f"{telegram_server.url}/bot",
    }
    victim = Victim(environment, contacts, port)
    traffic = Traffic(victim, port, twilio_server, telegram_server)
    dice = random.Random(SEED)
    threads = [threading.Thread(target=traffic.person, args=(index,)) for index in range(PEOPLE_AT_ONCE)]
    threads += [threading.Thread(target=traffic.chatter), threading.Thread(target=traffic.contact)]
    restarts = []
    try:
        victim.start()
        for thread in threads:
            thread.start()
        for _ in range(KILLS):
            # The random moment itself; nothing waits for something else here.
            time.sleep(dice.uniform(*LIFE_S))
            victim.kill()
            restarts.append(victim.start())
        traffic.over.set()
        for thread in threads:
            thread.join(ANSWER_WITHIN_S * len(SCRIPT))
        assert not any(thread.is_alive() for thread in threads)
        with twilio_server.changed:
            twilio_server.changed.wait_for(lambda: not traffic.without_alert(), SETTLE_S)
        # Every state can continue: whoever asked says one thing more.
        for who in list(traffic.references):
            assert traffic.chat("0", int(who)) if who.isdigit() else traffic.sms("0", who)
    finally:
        traffic.over.set()
        victim.end()
    # Telegram keeps no list: a death between its acceptance and our record of it repeats that message, and only that.
    repeats = traffic.repeated_chats()
    # What the dead had written to the socket may be read a little after the death.
    before = [min((kill - first for kill in victim.kills if first - READ_WITHIN_S < kill < again), default=99.0)
              for first, again in repeats]  # fmt: skip
    longest = max(before, default=0.0)
    print(
        f"{KILLS} kills, restart {sum(restarts) / len(restarts):.2f} s (longest {max(restarts):.2f} s),"
        f" {traffic.messages} messages, {len(traffic.references)} referrals,"
        f" {sum('Rappel' in m['Body'] for m in twilio_server.accepted('Messages'))} reminders,"
        f" {len(twilio_server.accepted('Messages'))} SMS and {len(telegram_server.accepted('sendMessage'))} chats sent,"
        f" repeated by Telegram {len(repeats)}, longest {1000 * longest:.0f} ms before a kill"
    )
    assert traffic.unanswered == []
    assert len(traffic.references) >= min(4, KILLS)
    assert traffic.without_alert() == []
    assert traffic.repeated() == []
    assert longest < RECORDED_WITHIN_S
    assert left_over(database_url) == {"unanswered": 0, "open without alert": 0, "error texts": 0}


def left_over(database_url: str) -> dict[str, int]:
    """What is stored and will never be answered or alerted, and how often the dialogue failed."""
    database = Database(database_url)
    unanswered = sql("SELECT COUNT(*) FROM inbox WHERE answered_ms IS NULL")
    without = sql(
        "SELECT COUNT(*) FROM referrals r WHERE NOT EXISTS (SELECT 1 FROM referral_alerts a WHERE a.referral_id = r.id)"
    )
    errors = sql("SELECT COALESCE(SUM(n), 0) FROM counts WHERE what = 'error'")
    with database.reading() as transaction:
        counts = [int((transaction.one(statement) or (0,))[0]) for statement in (unanswered, without, errors)]
    database.close()
    return {"unanswered": counts[0], "open without alert": counts[1], "error texts": counts[2]}
