from __future__ import annotations

from webhook.simulator.screens import MAX_MESSAGES_PER_PHONE, MAX_PHONES, Screens


def test_screens_are_bounded() -> None:
    screens = Screens()
    first = screens.show("sms", "0", "service", "first")
    for number in range(MAX_MESSAGES_PER_PHONE):
        screens.show("sms", "0", "service", str(number))
    assert screens.find("sms", "0", first.id) is None
    assert len(screens.since("sms", "0", 0)) == MAX_MESSAGES_PER_PHONE
    for number in range(MAX_PHONES):
        screens.show("telegram", str(number), "service", "x")
    assert screens.since("sms", "0", 0) == []


def test_only_what_is_new_is_given() -> None:
    screens = Screens()
    one = screens.show("sms", "a", "person", "one")
    two = screens.show("sms", "a", "service", "two")
    assert [m.text for m in screens.since("sms", "a", one.change)] == ["two"]
    screens.alter("sms", "a", one.id, status="delivered")
    assert [m.text for m in screens.since("sms", "a", two.change)] == ["one"]
    assert screens.since("sms", "a", screens.last_change) == []
    assert screens.delete("sms", "a", one.id)
    assert not screens.delete("sms", "a", one.id)
    assert [(m.text, m.deleted) for m in screens.since("sms", "a", two.change)] == [("", True)]


def test_message_ids_go_on_rising_after_a_restart() -> None:
    before = Screens().show("sms", "a", "person", "x")
    after = Screens().show("sms", "a", "person", "x")
    assert after.id >= before.id > 1_700_000_000
