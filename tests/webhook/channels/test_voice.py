from __future__ import annotations

from xml.etree import ElementTree

import pytest
from flask import Flask

from tests.webhook.doors import Caller, Twilio
from tests.webhook.fixed_dialogue import FixedDialogue

VERBS = {"Response", "Say", "Play", "Gather", "Record", "Redirect", "Dial", "Number", "Sip", "Hangup", "Reject"}


@pytest.fixture
def caller(app: Flask) -> Caller:
    return Caller(Twilio(app))


def test_a_call_begins_and_keys_are_heard(caller: Caller, fixed: FixedDialogue) -> None:
    assert caller.call().heard == ["1 call"]
    gather = caller.document.find("Gather")
    assert gather is not None
    assert (gather.attrib["input"], gather.attrib["numDigits"], gather.attrib["finishOnKey"]) == ("dtmf", "1", "")
    assert caller.press("#").heard == ["2 #"]
    assert caller.press("1").heard == ["3 1"]
    assert not caller.over
    assert caller.press("*").over
    assert [(i.text, i.media) for i in fixed.seen] == [("", "call"), ("#", ""), ("1", ""), ("*", "")]
    assert {element.tag for element in caller.document.iter()} <= VERBS


def test_four_unanswered_prompts_in_a_row_end_the_call(caller: Caller, fixed: FixedDialogue) -> None:
    caller.call().wait().wait().press("1")
    assert [i.media for i in fixed.seen] == ["call", "silence", "silence", ""]
    caller.wait().wait().wait()
    assert not caller.over
    assert caller.wait().over
    assert [i.media for i in fixed.seen][4:] == ["silence"] * 4


def test_a_repeated_step_gets_the_first_answer_and_the_same_key_later_does_not(app: Flask) -> None:
    caller = Caller(Twilio(app))
    caller.call().press("1")
    first = ElementTree.tostring(caller.document)
    repeated = Caller(caller.twilio, sid=caller.sid)
    assert ElementTree.tostring(repeated._go("/twilio/voice/step/1", Digits="1").document) == first
    assert caller.press("1").heard == ["3 1"]


def test_hidden_numbers_do_not_share_a_conversation(app: Flask) -> None:
    first = Caller(Twilio(app), number="anonymous")
    second = Caller(Twilio(app), number="+266696687")
    assert first.call().heard == ["1 call"]
    assert second.call().heard == ["1 call"]
    assert first.press("1").heard == ["2 1"]


def test_a_call_of_ours_belongs_to_the_one_called(app: Flask, fixed: FixedDialogue) -> None:
    parameters = {"CallSid": "CA1", "From": "+22710000000", "To": "+22790000001", "Direction": "outbound-api"}
    assert Twilio(app).post("/twilio/voice", parameters).status_code == 200
    Caller(Twilio(app)).call()
    assert fixed.seen[0].conversation == fixed.seen[1].conversation


def test_odd_steps_are_answered(app: Flask) -> None:
    for step in ("999999999", "1?silent=x", "1?silent=-1"):
        call = {"CallSid": f"CA{step}", "From": "+22790000001", "Digits": "x"}
        response = Twilio(app).post(f"/twilio/voice/step/{step}", call)
        assert response.status_code == 200
        ElementTree.fromstring(response.data)


def test_a_call_without_an_id_ends(app: Flask) -> None:
    assert b"<Hangup/>" in Twilio(app).post("/twilio/voice", {"From": "+22790000001"}).data
