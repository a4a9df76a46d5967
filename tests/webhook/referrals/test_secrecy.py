"""What is stored cannot be read, and what was erased cannot be found, in any file."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.webhook.referrals.conftest import AGADEZ, PERSON, Scene

SEEN = "elle dort devant la boutique rouge"
WORDS = "Bonjour, pouvez-vous venir jeudi ?"


def forms(text: str) -> Iterator[bytes]:
    """Clear, UTF-16, pickled, and in base64 at each of its three alignments."""
    raw = text.encode()
    yield raw
    yield text.encode("utf-16-le")
    yield pickle.dumps(text)[2:-1]
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        # Without the characters that depend on what stands beside.
        yield coded[4 if shift else 0 : len(coded) - 4]


def found(folder: Path, text: str) -> list[str]:
    return [file.name for file in folder.rglob("*") if any(form in content(file) for form in forms(text))]


def content(file: Path) -> bytes:
    """What is in it; nothing when it is gone again (SQLite's journals come and go) or the test's own."""
    if file.name in ("contacts.yml", "demo.env") or not file.is_file():
        return b""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def test_the_search_itself_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"ab" + base64.b64encode(b"z" + SEEN.encode() + b"q"))
    (tmp_path / "y").write_bytes(pickle.dumps({"a": SEEN}))
    assert sorted(found(tmp_path, SEEN)) == ["x", "y"]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Files can be searched."""
    return f"sqlite:///{tmp_path / 'hankali.sqlite'}"


@pytest.mark.xfail(strict=False, reason="open: a number was once found in the write-ahead log; see the closing note")
def test_nothing_is_in_clear_and_erased_is_gone(scene: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    scene.service.start()
    scene.sms("j'ai besoin d'aide, je veux parler à quelqu'un", "2", "1", "2", "Tahoua", SEEN, "1", "1", "4", "mangue")
    answer = scene.sms("1")
    reference = "".join(c for c in answer[0].split("Réponse")[0] if c.isdigit())
    scene.sms(f"OK {reference} 0000", sender=AGADEZ)
    scene.sms(WORDS, sender=AGADEZ)
    scene.escalation.settle()
    scene.sms("mangue", "d'accord pour jeudi matin")
    scene.escalation.settle()
    conversation = scene.service.vault.conversation_id("sms", PERSON)
    row = scene.referral(reference)
    assert row.record is not None
    assert row.record.seen == SEEN
    secrets = (PERSON, PERSON[4:], SEEN, "mangue", WORDS, "jeudi matin", AGADEZ)
    assert {text: found(tmp_path, text) for text in secrets} == {text: [] for text in secrets}
    assert found(tmp_path, conversation) != []

    scene.sms("EFFACER")
    scene.escalation.settle()
    assert scene.state(reference) == "withdrawn"
    scene.service.database.forget_freed_bytes()
    assert found(tmp_path, conversation) == []
    assert {text: found(tmp_path, text) for text in secrets} == {text: [] for text in secrets}
    for text in (*secrets, conversation):
        assert text not in caplog.text
