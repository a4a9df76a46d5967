"""Every document of the telephone door, by the rules of the provider's own builders (verbs, nesting, attributes)."""

from __future__ import annotations

import inspect
import re
from xml.etree import ElementTree

import pytest
from twilio.twiml import voice_response as builders

from bot.effects import Connect, TakeMessage, Turn
from bot.messages import Incoming, Reply
from webhook.channels.voice import VoiceDoor
from webhook.inbox import Arrival

ALLOWED = {"Say", "Play", "Gather", "Record", "Redirect", "Dial", "Number", "Sip", "Hangup", "Reject"}
"""What Twilio and Somleng both run (CHANNELS.md)."""
SAID = Reply("voice_connecting", "fr", "fr", "Restez en ligne & <attendez>")
PLAYED = Reply("voice_message", "fr", "fr", "", audio="/twilio/voice/message/0/1/2.wav")
FACTS = {"base": "https://x.org", "step": 3, "silent": 0}
ARRIVAL = Arrival("+22710000777", "CA1:0", Incoming("voice", "c"), FACTS)
TURNS = [
    Turn((SAID,), None),
    Turn((SAID, PLAYED), None, ends_call=True),
    Turn((Reply("ack_pin", "fr", "fr", "Code"),), None),
    Turn((SAID,), None, line=Connect("+22710000101", "+22710000000")),
    Turn((SAID,), None, line=TakeMessage("0" * 32)),
]


def attributes(builder: type) -> set[str]:
    """Attributes that a verb takes, from the builder's method that appends it."""
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", builder.__name__).lower()
    owners = (builders.VoiceResponse, builders.Dial, builders.Gather)
    named: set[str] = set()
    for owner in owners:
        found = getattr(owner, method, None)
        if found is not None:
            named |= set(inspect.signature(found).parameters)
    return {re.sub(r"_(\w)", lambda m: m[1].upper(), name) for name in named}


@pytest.mark.parametrize("turn", TURNS)
def test_a_document_is_what_the_provider_takes(turn: Turn) -> None:
    root = ElementTree.fromstring(VoiceDoor({"fr": "fr-FR"}).inline(turn, ARRIVAL).encode())
    assert root.tag == "Response"
    for element in root.iter():
        if element is root:
            continue
        assert element.tag in ALLOWED
        assert set(element.attrib) <= attributes(getattr(builders, element.tag)), element.tag
        inside = {"Gather": {"Say", "Play"}, "Dial": {"Number", "Sip"}}.get(element.tag, set())
        assert {child.tag for child in element} <= inside


def test_the_caller_s_number_is_in_no_document() -> None:
    for turn in TURNS:
        assert "10000777" not in VoiceDoor({"fr": "fr-FR"}).inline(turn, ARRIVAL)


def test_hausa_and_zarma_words_are_never_said() -> None:
    for language in ("ha", "dje"):
        said = Reply("voice_connecting", language, language, "Kada ku kashe waya")
        for line in (None, Connect("+22710000101", "+22710000000"), TakeMessage("0" * 32)):
            assert "waya" not in VoiceDoor({"fr": "fr-FR"}).inline(Turn((said,), None, line=line), ARRIVAL)
