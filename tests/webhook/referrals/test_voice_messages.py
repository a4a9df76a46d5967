"""A message that a caller leaves: fetched, encrypted, deleted there, heard by its contact, expired, erased."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.webhook.doors import Caller
from tests.webhook.referrals.conftest import AGADEZ, PERSON, Scene
from tests.webhook.referrals.test_telephone import asked_for_a_person, gather, heard
from tests.webhook.searching import found
from webhook.cli import main
from webhook.database import sql
from webhook.retention import purge

SOUND = b"RIFF" + b"a voice that nobody may find again " * 200
RECORDING = "RE" + "a" * 32


@pytest.fixture
def at(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def at_the_tone(scene: Scene) -> Caller:
    """Nobody answers; the caller agrees to leave a message."""
    scene.twilio_server.sounds[RECORDING] = SOUND
    call = asked_for_a_person(scene).dialled("no-answer").dialled("no-answer")
    return call.press("1")


def reference_of(scene: Scene) -> str:
    with scene.service.database.reading() as transaction:
        (row,) = transaction.all(sql("SELECT reference FROM referrals"))
    return str(row[0])


def rows(scene: Scene) -> list[Any]:
    with scene.service.database.reading() as transaction:
        return transaction.all(sql("SELECT id, state, at_provider, audio FROM voice_messages"))


def settle(scene: Scene) -> None:
    scene.service.messages.settle()
    scene.settle()


def later(scene: Scene, **how: float) -> None:
    """Time passes and the clocks of all messages ring."""
    settle(scene)
    scene.wait(**how)
    for message in scene.service.messages.due():
        scene.service.messages.advance(message)
    settle(scene)


def deleted_there(scene: Scene) -> list[str]:
    return [call["sid"] for call in scene.twilio_server.accepted("delete")]


def asked_of_provider(scene: Scene, name: str) -> int:
    return sum(call.name == name for call in scene.twilio_server.calls)


class TestLeaving:
    def test_agreed_recorded_kept_and_the_reference_is_said(self, scene: Scene) -> None:
        call = at_the_tone(scene)
        record = call.document.find("Record")
        assert record is not None
        assert "Après le bip" in heard(call)
        assert (record.attrib["finishOnKey"], record.attrib["playBeep"]) == ("#", "true")
        call.speak(RECORDING)
        reference = reference_of(scene)
        assert "Votre message est gardé" in heard(call)
        assert ", ".join(" ".join(part) for part in (reference[:3], reference[3:])) in heard(call)
        assert call.over
        settle(scene)
        ((_, state, at_provider, audio),) = rows(scene)
        assert (state, at_provider) == ("stored", 0)
        assert SOUND[:20] not in bytes(audio)
        assert deleted_there(scene) == [RECORDING]
        consent = scene.referral(reference).record.consent
        assert (consent.key, consent.answer, consent.language) == ("voice_message_offer", "yes", "fr")
        assert "laisser un message" in consent.text
        assert scene.events(reference)[:3] == ["opened", "consent yes", "left a message"]

    def test_the_contact_is_alerted_by_reference_only(self, scene: Scene) -> None:
        at_the_tone(scene).speak(RECORDING)
        settle(scene)
        reference = reference_of(scene)
        (alert,) = [m for m in scene.twilio_server.accepted("Messages") if reference in m["Body"]]
        assert "message" not in alert["Body"]
        answer = scene.sms(f"OK {reference} 0000", sender=alert["To"])
        assert any("message vocal attend" in text and "+22710000000" in text for text in answer)

    def test_the_reference_said_is_its_own_though_the_drawn_one_was_taken_meanwhile(self, scene: Scene) -> None:
        call = at_the_tone(scene)
        with scene.service.database.reading() as transaction:
            ((opening,),) = transaction.all(sql("SELECT opening FROM voice_messages"))
        drawn = scene.service.vault.unlock(opening)["record"]["reference"]
        other = scene.refer(sender="+22710000998")
        with scene.service.database.writing() as transaction:
            transaction.run(sql("UPDATE referrals SET reference = :drawn WHERE reference = :other"), drawn=drawn,
                            other=other)  # fmt: skip
        call.speak(RECORDING)
        with scene.service.database.reading() as transaction:
            stored = {str(row) for (row,) in transaction.all(sql("SELECT reference FROM referrals"))} - {drawn}
        digits = "".join(c for c in " ".join(call.heard) if c.isdigit())
        assert stored.pop() in digits
        assert drawn not in digits

    def test_a_hang_up_in_the_middle_is_kept_too(self, scene: Scene) -> None:
        call = at_the_tone(scene)
        call.speak(RECORDING, ended_by="hangup")
        settle(scene)
        assert [row[1] for row in rows(scene)] == ["stored"]

    @pytest.mark.parametrize("order", ["status only", "status first", "step first"])
    def test_the_two_reports_of_the_provider_make_one_message(self, scene: Scene, order: str) -> None:
        call = at_the_tone(scene)
        asked = call.document
        if order != "step first":
            assert call.report(RECORDING).status_code == 204
        if order != "status only":
            call.speak(RECORDING)
        if order == "step first":
            call.document = asked
            assert call.report(RECORDING).status_code == 204
        settle(scene)
        assert [row[1] for row in rows(scene)] == ["stored"]
        assert scene.events(reference_of(scene)).count("left a message") == 1
        assert (asked_of_provider(scene, "fetch"), asked_of_provider(scene, "delete")) == (1, 1)
        assert len(scene.to(AGADEZ)) + len(scene.to("+22710000101")) + len(scene.to("+22710000105")) == 1

    def test_neither_report_comes_and_the_provider_is_asked(self, scene: Scene) -> None:
        call = at_the_tone(scene)
        scene.twilio_server.of_call[call.sid] = [RECORDING]
        later(scene, minutes=9)
        assert asked_of_provider(scene, "recordings") == 0
        later(scene, minutes=2)
        later(scene, seconds=1)
        assert [row[1] for row in rows(scene)] == ["stored"]

    def test_who_says_nothing_leaves_nothing(self, scene: Scene) -> None:
        call = at_the_tone(scene).wait()
        assert "À bientôt" in heard(call)
        assert call.over
        later(scene, minutes=11)
        assert rows(scene) == []
        with scene.service.database.reading() as transaction:
            assert transaction.one(sql("SELECT COUNT(*) FROM referrals")) == (0,)

    def test_a_caller_with_a_referral_adds_to_it_and_no_reference_is_said(self, scene: Scene) -> None:
        reference = scene.refer()
        scene.sms(f"OK {reference} 0000", sender=AGADEZ)
        scene.wait(hours=1)
        scene.twilio_server.sounds[RECORDING] = SOUND
        call = scene.call().call().wait().press("5").press("5").dialled("no-answer").press("1").speak(RECORDING)
        assert "référence" not in heard(call)
        settle(scene)
        assert (
            scene.to(AGADEZ)[-1] == f"{reference}: un message vocal attend. Appel +22710000000, puis référence et PIN"
        )
        assert reference_of(scene) == reference

    def test_a_referral_holds_no_endless_messages(self, scene: Scene) -> None:
        reference = scene.refer()
        scene.sms(f"OK {reference} 0000", sender=AGADEZ)
        for number in range(6):
            scene.wait(hours=1)
            recording = f"RE{number:032x}"
            scene.twilio_server.sounds[recording] = SOUND
            call = scene.call().call().wait().press("5").press("5").dialled("no-answer")
            if number == 5:
                assert "Personne ne peut répondre pour le moment" in heard(call)
                break
            call.press("1").speak(recording)
        settle(scene)
        assert len(rows(scene)) == 5

    def test_unsigned_reports_are_refused_and_odd_ones_change_nothing(self, scene: Scene) -> None:
        call = at_the_tone(scene)
        assert call.report(RECORDING, signature="x").status_code == 403
        for message, recording in (("nobody-knows-this", RECORDING), ("../x", RECORDING), ("", RECORDING)):
            target = f"/twilio/voice/recording?message={message}"
            assert scene.twilio.post(target, {"RecordingSid": recording}).status_code == 204
        for recording in ("", "../../Messages", "RE/x", "a" * 99):
            assert call.report(recording).status_code == 204
        assert [row[1] for row in rows(scene)] == ["offered"]
        assert asked_of_provider(scene, "fetch") == 0


class TestFetching:
    @pytest.mark.parametrize("behaviour", ["error", "rate", "truncated"])
    def test_a_provider_that_fails_is_asked_again_until_it_works(self, scene: Scene, behaviour: str) -> None:
        call = at_the_tone(scene)
        scene.twilio_server.behaviour = behaviour
        call.speak(RECORDING)
        assert "Votre message est gardé" in heard(call)
        for _ in range(3):
            later(scene, minutes=1)
            assert [row[1] for row in rows(scene)] == ["taken"]
        scene.twilio_server.behaviour = "ok"
        later(scene, minutes=1)
        assert [row[1:3] for row in rows(scene)] == [("stored", 0)]

    def test_not_ready_yet(self, scene: Scene) -> None:
        call = at_the_tone(scene)
        del scene.twilio_server.sounds[RECORDING]
        call.speak(RECORDING)
        later(scene, seconds=5)
        scene.twilio_server.sounds[RECORDING] = SOUND
        later(scene, minutes=1)
        assert [row[1] for row in rows(scene)] == ["stored"]

    def test_one_that_never_comes_is_lost_and_said_so(self, scene: Scene) -> None:
        call = at_the_tone(scene)
        del scene.twilio_server.sounds[RECORDING]
        call.speak(RECORDING)
        later(scene, minutes=5)
        later(scene, minutes=6)
        later(scene, minutes=1)
        assert rows(scene) == []
        assert "message lost" in scene.events(reference_of(scene))

    def test_one_that_is_too_large_is_not_stored_but_deleted(self, scene: Scene) -> None:
        call = at_the_tone(scene)
        scene.twilio_server.sounds[RECORDING] = bytes(4 * 1024 * 1024 + 1)
        call.speak(RECORDING)
        later(scene, minutes=1)
        later(scene, minutes=1)
        assert rows(scene) == []
        assert deleted_there(scene) == [RECORDING]

    def test_deleting_there_is_tried_again(self, scene: Scene) -> None:
        call = at_the_tone(scene).speak(RECORDING)
        settle(scene)
        assert call.over
        with scene.service.database.writing() as transaction:
            transaction.run(sql("UPDATE voice_messages SET at_provider = 1"))
        scene.twilio_server.behaviour = "error"
        later(scene, minutes=1)
        assert [row[2] for row in rows(scene)] == [1]
        scene.twilio_server.behaviour = "ok"
        later(scene, minutes=1)
        assert [row[1:3] for row in rows(scene)] == [("stored", 0)]

    def test_a_new_process_goes_on_with_it(self, scene: Scene, build: Any, dialogue: Any, contacts: Path) -> None:
        from bot.referral.directory import LiveDirectory

        scene.twilio_server.behaviour = "error"
        at_the_tone(scene).speak(RECORDING)
        settle(scene)
        scene.service.close()
        scene.twilio_server.behaviour = "ok"
        scene.app = build(dialogue=dialogue, directory=LiveDirectory(contacts), clock=lambda: scene.now)
        scene.wait(minutes=1)
        scene.service.start()
        scene.twilio_server.wait_for(lambda: scene.twilio_server.accepted("delete"))
        settle(scene)
        assert [row[1] for row in rows(scene)] == ["stored"]


class TestHearing:
    def kept(self, scene: Scene) -> str:
        at_the_tone(scene).speak(RECORDING)
        settle(scene)
        return reference_of(scene)

    def contact_of(self, scene: Scene, reference: str) -> str:
        (alert,) = [m["To"] for m in scene.twilio_server.accepted("Messages") if reference in m["Body"]]
        return str(alert)

    def test_by_a_call_with_reference_and_pin(self, scene: Scene) -> None:
        reference = self.kept(scene)
        call = scene.call(self.contact_of(scene, reference)).call().press(reference).press("0000")
        (address,) = [element.text or "" for element in call.document.iter("Play")]
        parts = urlsplit(address)
        answer = scene.app.test_client().get(parts.path)
        assert (answer.status_code, answer.data, answer.mimetype) == (200, SOUND, "audio/wav")
        assert answer.headers["Cache-Control"] == "no-store"
        assert gather(call)["finishOnKey"] == "#"
        assert "heard a message" in scene.events(reference)
        scene.wait(minutes=16)
        assert scene.app.test_client().get(parts.path).status_code == 404

    def test_an_address_cannot_be_made_up(self, scene: Scene) -> None:
        reference = self.kept(scene)
        call = scene.call(self.contact_of(scene, reference)).call().press(reference).press("0000")
        (address,) = [element.text or "" for element in call.document.iter("Play")]
        _, _, message, until, proof = urlsplit(address).path.rsplit("/", 4)
        client = scene.app.test_client()
        for other in (
            f"/twilio/voice/message/{message}/{int(until) + 60}/{proof}",
            f"/twilio/voice/message/{'0' * 32}/{until}/{proof}",
            f"/twilio/voice/message/{message}/{until}/{'0' * 64}.wav",
            f"/twilio/voice/message/{message}/x/{proof}",
        ):
            assert client.get(other).status_code == 404

    def test_nothing_is_played_for_a_wrong_pin_or_another_contact(self, scene: Scene) -> None:
        reference = self.kept(scene)
        contact = self.contact_of(scene, reference)
        for number, pin in ((contact, "1111"), ("+22710000102", "0000")):
            call = scene.call(number).call().press(reference).press(pin)
            assert list(call.document.iter("Play")) == []

    @pytest.mark.usefixtures("at")
    def test_on_the_command_line(self, scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        reference = self.kept(scene)
        assert main(["referrals", "show", reference, "--message", "heard.wav"]) == 0
        file = tmp_path / "heard.wav"
        assert file.read_bytes() == SOUND
        assert file.stat().st_mode & 0o777 == 0o600
        assert scene.events(reference)[-1] == "heard a message"
        assert PERSON not in capsys.readouterr().out
        other = scene.refer(sender="+22710000778")
        assert main(["referrals", "show", other, "--message", "none.wav"]) == 1
        assert "has no message" in capsys.readouterr().err


class TestForgetting:
    def test_erase_takes_the_recording_with_it(self, scene: Scene) -> None:
        at_the_tone(scene).speak(RECORDING)
        settle(scene)
        reference = reference_of(scene)
        scene.sms("EFFACER")
        assert scene.state(reference) == "withdrawn"
        assert rows(scene) == []

    def test_withdrawn_before_it_was_fetched_it_is_deleted_there_and_never_stored(self, scene: Scene) -> None:
        call = at_the_tone(scene)
        scene.twilio_server.behaviour = "error"
        call.speak(RECORDING)
        settle(scene)
        scene.sms("EFFACER")
        assert [row[1:] for row in rows(scene)] == [("erased", 1, None)]
        scene.twilio_server.behaviour = "ok"
        later(scene, minutes=1)
        assert rows(scene) == []
        assert deleted_there(scene) == [RECORDING]

    def test_erased_at_the_tone_the_late_report_only_deletes(self, scene: Scene) -> None:
        call = at_the_tone(scene)
        scene.sms("EFFACER")
        with scene.service.database.reading() as transaction:
            assert transaction.one(sql("SELECT opening FROM voice_messages")) == (None,)
        assert call.report(RECORDING).status_code == 204
        settle(scene)
        later(scene, minutes=11)
        assert rows(scene) == []
        assert deleted_there(scene) == [RECORDING]
        with scene.service.database.reading() as transaction:
            assert transaction.one(sql("SELECT COUNT(*) FROM referrals")) == (0,)

    def test_it_expires(self, scene: Scene) -> None:
        at_the_tone(scene).speak(RECORDING)
        settle(scene)
        purge(scene.service.database, scene.now + timedelta(days=13), 180)
        assert len(rows(scene)) == 1
        purge(scene.service.database, scene.now + timedelta(days=15), 180)
        assert rows(scene) == []

    def test_expired_while_the_provider_has_it_it_still_goes_there(self, scene: Scene) -> None:
        at_the_tone(scene).speak(RECORDING)
        settle(scene)
        with scene.service.database.writing() as transaction:
            transaction.run(sql("UPDATE voice_messages SET at_provider = 1"))
        purge(scene.service.database, scene.now + timedelta(days=15), 180)
        assert [row[1:] for row in rows(scene)] == [("erased", 1, None)]
        later(scene, days=15)
        assert rows(scene) == []

    def test_new_keys_read_it(self, scene: Scene, environment: dict[str, str]) -> None:
        from cryptography.fernet import Fernet

        from webhook.referrals.voice_rows import left_for
        from webhook.rekeying import rekey
        from webhook.security import Vault

        at_the_tone(scene).speak(RECORDING)
        settle(scene)
        referral = scene.referral(reference_of(scene)).id
        settings = scene.service.settings
        new = Vault(settings.secret_key, (Fernet.generate_key().decode(), *settings.encryption_keys))
        rekey(scene.service.database, new)
        with scene.service.database.reading() as transaction:
            assert [left.sound for left in left_for(transaction, new, referral)] == [SOUND]

    def test_attempts_at_a_pin_are_not_kept(self, scene: Scene) -> None:
        scene.call(AGADEZ).call().press("1234560000")
        purge(scene.service.database, scene.now + timedelta(hours=3), 180)
        with scene.service.database.reading() as transaction:
            assert transaction.one(sql("SELECT COUNT(*) FROM pin_attempts")) == (0,)


class TestSecrecy:
    @pytest.fixture
    def database_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'hankali.sqlite'}"

    def test_no_sound_no_number_no_address_in_files_or_logs(
        self, scene: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        at_the_tone(scene).speak(RECORDING)
        settle(scene)
        secrets = (SOUND[4:40].decode(), PERSON, PERSON[4:], RECORDING)
        assert found(tmp_path, secrets) == {}
        scene.sms("EFFACER")
        scene.service.database.forget_freed_bytes()
        scene.service.database.compact()
        assert found(tmp_path, secrets) == {}
        # werkzeug is the stand-in for the provider.
        ours = [record for record in caplog.records if not record.name.startswith("werkzeug")]
        assert not any(PERSON[4:] in record.getMessage() or RECORDING in record.getMessage() for record in ours)
