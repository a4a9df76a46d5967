"""The directory file: what it may say, what it must not, and hours."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.referral.directory import EXAMPLE, DirectoryError, LiveDirectory, load_directory
from bot.referral.hours import Hours
from bot.referral.pins import hash_pin, pin_matches
from bot.referral.routing import Case, findings, plan

MONDAY_10 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    copy = tmp_path / "contacts.yml"
    copy.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def change(file: Path, old: str, new: str) -> int:
    """Replaces the first occurrence; returns its line."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("kinds: [referral]", "kinds: [refferal]", "'refferal' is none of"),
        ('hours: "Mo-Fr 08:00-17:30; PH off"', 'hours: "lundi"', "'lundi' is no day or time"),
        ("verified_until: 2099-12-31", "verified_until: soon", "a date was expected"),
        ('public_phone: "+22710000101"', 'public_phone: "call us"', "is no telephone number"),
        ("supervisor: exemple-coordination", "supervisor: nobody", "'nobody' is no contact"),
        ("id: exemple-zinder", "id: exemple-niamey", "stands twice"),
        ('{sms: "+22710000102"}', '{sms: "+22710000101"}', "again"),
        ('{email: "zinder@example.org"}', '{pigeon: "x"}', "one of sms, telegram, email"),
        ("    verified_by: personne (exemple)\n", "", "'verified_by' is missing"),
        ("regions: [niamey, tillaberi, dosso]", "regions: [mars]", "'mars' is none of"),
        ("name: Exemple, equipe de Niamey", "nmae: x", "unknown name 'nmae'"),
    ],
)
def test_an_error_names_file_line_and_reason(file: Path, old: str, new: str, reason: str) -> None:
    line = change(file, old, new)
    with pytest.raises(DirectoryError) as error:
        load_directory(file)
    named, number, said = str(error.value).split(":", 2)
    assert named == str(file)
    assert reason in said
    assert abs(int(number) - line) <= 10


def test_broken_yaml_names_its_line(file: Path) -> None:
    change(file, "contacts:", "contacts: [")
    with pytest.raises(DirectoryError, match=rf"{file}:\d+: "):
        load_directory(file)


def test_the_last_good_directory_stays_in_use(file: Path) -> None:
    live = LiveDirectory(file, poll_seconds=0)
    good = live.current()
    change(file, "kinds: [referral]", "kinds: [nothing]")
    assert live.current() is good
    assert "nothing" in live.problem
    change(file, "kinds: [nothing]", "kinds: [referral]")
    assert live.current() is not good
    assert live.problem == ""
    file.unlink()
    assert live.current().contacts


def test_outside_demo_mode_no_example_is_accepted(file: Path) -> None:
    with pytest.raises(DirectoryError, match="'exemple-niamey' is an example"):
        LiveDirectory(file, allow_examples=False)


def test_the_example_is_fictional_everywhere_and_complete() -> None:
    import phonenumbers

    directory = load_directory(EXAMPLE)
    assert all(c.example for c in directory.contacts)
    for contact in directory.contacts:
        for number in (contact.public_phone, *(a for by, a in contact.alert if by == "sms")):
            assert not number or not phonenumbers.is_valid_number(phonenumbers.parse(number))
        assert not contact.pin or pin_matches("0000", contact.pin)
    assert not [f for f in findings(directory, date(2026, 11, 23)) if f.serious]


def test_an_expired_contact_is_skipped_and_reported(file: Path) -> None:
    change(file, "verified_until: 2099-12-31", "verified_until: 2026-01-31")
    directory = load_directory(file)
    routed = plan(directory, Case("NE", "niamey", "adult", "fr"), MONDAY_10)
    assert [step.contact.id for step in routed.steps] == ["exemple-coordination"]
    assert routed.skipped == ("exemple-niamey",)
    told = [f.text for f in findings(directory, date(2026, 11, 23)) if f.serious]
    assert any("exemple-niamey" in text and "skipped" in text for text in told)
    assert any("niamey" in text and "supervisor" in text for text in told)


@pytest.mark.parametrize(
    ("case", "first"),
    [
        (Case("NE", "zinder", "adult", "ha"), "exemple-zinder"),
        (Case("NE", "zinder", "child", "ha"), "exemple-enfants"),
        (Case("LY", "abroad", "adult", "ha"), "exemple-agadez"),
        (Case("NE", "", "unknown", "fr", immediate=True), "exemple-niamey"),
        (Case("FR", "", "unknown", "fr"), "exemple-coordination"),
    ],
)
def test_whom_to_alert(case: Case, first: str) -> None:
    steps = plan(load_directory(EXAMPLE), case, MONDAY_10).steps
    assert steps[0].contact.id == first
    assert steps[-1].contact.id == "exemple-coordination"


def test_at_night_and_in_danger_who_is_open_comes_first() -> None:
    steps = plan(load_directory(EXAMPLE), Case("NE", "", "unknown", "fr", immediate=True), NIGHT).steps
    assert steps[0].contact.id == "exemple-agadez"


@pytest.mark.parametrize(
    ("hours", "moment", "is_open"),
    [
        ("24/7", "2026-11-22T03:00", True),
        ("Mo-Fr 08:00-17:30", "2026-11-23T08:00", True),
        ("Mo-Fr 08:00-17:30", "2026-11-23T17:30", False),
        ("Mo-Fr 08:00-17:30", "2026-11-22T10:00", False),
        ("Mo,We 08:00-12:00,14:00-16:00", "2026-11-25T15:00", True),
        ("Mo,We 08:00-12:00,14:00-16:00", "2026-11-24T15:00", False),
        ("Mo-Fr 08:00-12:00; Sa 09:00-11:00", "2026-11-28T10:00", True),
        ("Fr-Mo 20:00-02:00", "2026-11-24T01:00", True),
        ("Fr-Mo 20:00-02:00", "2026-11-25T01:00", False),
        ("Mo-Fr 08:00-17:30; PH off", "2026-12-18T10:00", False),
    ],
)
def test_opening_hours(hours: str, moment: str, is_open: bool) -> None:
    holidays = frozenset((date(2026, 12, 18),))
    assert Hours.parse(hours).open_at(datetime.fromisoformat(moment), holidays) is is_open


def test_the_next_opening_steps_over_a_holiday() -> None:
    hours = Hours.parse("Mo-Fr 08:00-17:30; PH off")
    friday_evening = datetime(2026, 12, 17, 19, 0)
    expected = datetime(2026, 12, 21, 8, 0)
    assert hours.next_open(friday_evening, frozenset((date(2026, 12, 18),))) == expected


def test_a_holidays_file_with_a_mistake_names_its_line(file: Path) -> None:
    (file.parent / "holidays.txt").write_text("2026-12-18  # Republic\nchristmas\n")
    file.write_text("holidays: holidays.txt\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(DirectoryError, match=r"holidays\.txt:2: 'christmas' is no date"):
        load_directory(file)


def test_pins() -> None:
    stored = hash_pin("4821")
    assert pin_matches("4821", stored)
    assert not pin_matches("4822", stored)
    assert not pin_matches("", stored)
    assert not pin_matches("4821", "4821")
    assert "4821" not in stored
