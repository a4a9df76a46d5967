"""Content while the service runs: changed files are taken over, broken ones never; a fifth language needs no Python."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from bot.audio import prompts
from bot.catalogue import Catalogue, ContentError, LiveCatalogue, language_codes, spoken_digest
from bot.content_check import check
from bot.messages import CHANNELS, Say
from bot.rendering import render
from bot.translation import export_po, import_po
from tests.conftest import ROOT


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy."""
    return Path(shutil.copytree(ROOT / "content", tmp_path / "content"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def text_of(catalogue: Catalogue, key: str = "left", language: str = "fr") -> str:
    return catalogue.find(key, language).text


def test_a_changed_file_is_taken_over_without_a_restart(content: Path) -> None:
    live = LiveCatalogue(content, poll_seconds=0)
    before = live.current()
    assert live.current() is before
    edit(content / "fr/system.yml", "D'accord. Au revoir.", "D'accord. À bientôt.")
    after = live.current()
    assert text_of(after) == "D'accord. À bientôt."
    # Whoever began with the old version ends with it.
    assert text_of(before) == "D'accord. Au revoir."


def test_one_turn_sees_one_version(content: Path) -> None:
    live = LiveCatalogue(content, poll_seconds=0)
    with live.held() as before:
        edit(content / "fr/system.yml", "D'accord. Au revoir.", "D'accord. À bientôt.")
        assert live.current() is before
    assert text_of(live.current()) == "D'accord. À bientôt."


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("fr/system.yml", "left:", "left: ["),
        ("fr/system.yml", "left:", "left: x\nleft_x:"),
        ("fr/system.yml", "D'accord. Au revoir.\"", '\x00"'),
        ("languages.yml", "name: Zarma", "nom: Zarma"),
        ("languages.yml", "fallback: [fr, ha]", "fallback: 3"),
        ("languages.yml", "dje:\n", "dje: 5\nx:\n"),
        ("fr/system.yml", "  choices:", "  choices: 4\n  more:"),
        ("fr/system.yml", "payload: /check_offer}", "paylod: /check_offer}"),
    ],
)
def test_a_broken_file_is_reported_and_the_last_good_words_go_on(content: Path, name: str, old: str, new: str) -> None:
    live = LiveCatalogue(content, poll_seconds=0)
    good = live.current()
    text = (content / name).read_text(encoding="utf-8")
    edit(content / name, old, new)
    assert live.current() is good
    assert live.problem
    (content / name).write_text(text + "\n# mended\n", encoding="utf-8")
    assert live.current() is not good
    assert not live.problem


def test_bytes_that_are_no_text_and_files_that_vanish_are_survived(content: Path) -> None:
    live = LiveCatalogue(content, poll_seconds=0)
    good = live.current()
    data = (content / "ha/system.yml").read_bytes()
    (content / "ha/system.yml").write_bytes(b"\xff\xfe\x00" + data)
    assert live.current() is good
    assert "ha/system.yml" in live.problem
    (content / "ha/system.yml").unlink()
    # Hausa falls back; nobody is left without words.
    assert text_of(live.current(), "left", "ha") == text_of(good, "left", "fr")
    shutil.rmtree(content)
    now = live.current()
    assert text_of(now)
    assert live.problem


def test_a_file_that_was_cut_short_takes_nothing_away(content: Path) -> None:
    live = LiveCatalogue(content, poll_seconds=0)
    good = live.current()
    for code in good.languages:
        file = content / code / "system.yml"
        file.write_text(file.read_text(encoding="utf-8").split("\nerased:")[0] + "\n", encoding="utf-8")
    assert live.current() is good
    assert "and the program says it" in live.problem


def test_a_worker_that_starts_over_broken_files_goes_on_with_what_its_parent_had(content: Path, tmp_path: Path) -> None:
    LiveCatalogue(content)
    edit(content / "fr/system.yml", "left:", "left: [")
    again = LiveCatalogue(content)
    assert again.problem
    assert text_of(again.current())
    other = Path(shutil.copytree(content, tmp_path / "other"))
    with pytest.raises(ContentError, match=r"fr/system\.yml:\d+"):
        LiveCatalogue(other)


def test_the_service_does_not_start_without_reviewed_text_when_that_is_wanted(content: Path) -> None:
    with pytest.raises(ContentError, match=r"no usable text for 'alert' in ha → fr"):
        LiveCatalogue(content, reviewed_only=True)


def test_one_version_at_a_time_for_many_threads(content: Path) -> None:
    live = LiveCatalogue(content, poll_seconds=0)
    stop, wrong = threading.Event(), []

    def look() -> None:
        while not stop.is_set():
            catalogue = live.current()
            if catalogue.find("left", "fr").text != catalogue.find("left", "fr").text:
                wrong.append(1)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(5):
        (content / "fr/system.yml").touch()
        edit(content / "fr/system.yml", "left:\n", f"left: # {number}\n") if number == 0 else None
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not live.problem


def fifth(content: Path, locale: str = "fr_NE") -> None:
    """What docs/content.md asks for: an entry in languages.yml, and the files of a language copied."""
    with (content / "languages.yml").open("a", encoding="utf-8") as file:
        file.write(f"xx:\n  name: Exemple\n  locale: {locale}\n  fallback: [ha, fr]\n")
    shutil.copytree(content / "en", content / "xx")


def test_a_fifth_language_needs_no_python(content: Path, tmp_path: Path) -> None:
    live = LiveCatalogue(content, poll_seconds=0)
    live.current()
    fifth(content)
    assert [problem.shown(content) for problem in check(content)] == []
    catalogue = live.current()
    assert list(catalogue.languages) == ["ha", "dje", "fr", "en", "xx"]
    for channel in CHANNELS:
        (reply,) = render([Say("greet")], catalogue, "xx", channel)[-1:]
        # No voice and no recording: by phone the fallback is heard.
        assert reply.spoken == ("fr" if channel == "voice" else "xx")
    (menu,) = render([Say("language_menu")], catalogue, "xx", "sms")
    titles = [choice.title for choice in menu.choices]
    assert titles == ["Hausa", "Zarma", "Français", "English", "A person", "Exemple"]
    assert menu.choices[4].payload == "/request_human"
    assert menu.choices[5].payload == '/set_language{"language":"xx"}'
    (spoken,) = render([Say("language_menu")], catalogue, "fr", "voice")
    assert spoken.text.count(" 5") == 1
    assert len(prompts(content, "xx")) > 100
    shutil.rmtree(content / "xx")
    (content / "xx").mkdir()
    export_po(content, tmp_path / "po")
    po = (tmp_path / "po" / "xx.po").read_text(encoding="utf-8")
    at = po.index('msgctxt "left.text"')
    end = po.index('msgstr ""', at)
    (tmp_path / "po" / "xx.po").write_text(po[:end] + 'msgstr "Bye now."' + po[end + 9 :], encoding="utf-8")
    import_po(content, tmp_path / "po")
    assert text_of(live.current(), "left", "xx") == "Bye now."
    assert text_of(live.current(), "greet", "xx") == text_of(live.current(), "greet", "ha")


def test_the_language_menu_of_four_has_no_key_five() -> None:
    catalogue = Catalogue.load(ROOT / "content")
    (reply,) = render([Say("language_menu")], catalogue, "ha", "telegram")
    assert [choice.title for choice in reply.choices] == ["Hausa", "Zarma", "Français", "English"]


# ---- recordings


def record(content: Path, key: str, words: str | None = None) -> None:
    folder = content / "ha/audio"
    folder.mkdir(exist_ok=True)
    (folder / f"{key}.wav").write_bytes(b"RIFF")
    if words is not None:
        with (folder / "recorded.yml").open("a", encoding="utf-8") as file:
            file.write(f'{key}: "{words}"\n')


def test_a_recording_is_played_only_while_it_says_today_s_words(content: Path) -> None:
    entry = Catalogue.load(content).entries["main_menu", "ha"]
    record(content, "main_menu", spoken_digest(entry, []))
    (reply,) = render([Say("main_menu")], Catalogue.load(content), "ha", "voice")
    assert (reply.audio, reply.spoken) == ("ha/main_menu.wav", "ha")
    edit(content / "ha/system.yml", entry.choices[1].title, "Haɗari")
    (reply,) = render([Say("main_menu")], Catalogue.load(content), "ha", "voice")
    assert (reply.audio, reply.spoken) == (None, "fr")
    assert next(p.state for p in prompts(content, "ha") if p.key == "main_menu") == "outdated"


def test_words_that_a_recording_cannot_say_are_heard_in_a_language_with_a_voice(content: Path) -> None:
    for key in ("back_nothing", "main_menu", "help_where_self", "help_reference_no_number"):
        record(content, key)
    catalogue = Catalogue.load(content)
    # Two menus in one turn: the first loses its keys, and its recording would name them.
    first, second = render([Say("back_nothing"), Say("main_menu")], catalogue, "ha", "voice")
    assert (first.audio, first.spoken, first.choices) == (None, "fr", ())
    assert second.audio
    (asked,) = render([Say("help_where_self", choices=(("choice_skip", "/x"),))], catalogue, "ha", "voice")
    assert (asked.audio, asked.spoken) == (None, "fr")
    values = {"reference": {"reference": "123456"}, "when": {"key": "when_day"}}
    (told,) = render([Say("help_reference_no_number", values)], catalogue, "ha", "voice")
    assert (told.audio, told.spoken) == (None, "fr")


def test_the_codes_of_the_languages_outlive_a_broken_file(content: Path) -> None:
    assert language_codes(content) == ("ha", "dje", "fr", "en")
    file = content / "languages.yml"
    words = file.read_text(encoding="utf-8")
    file.write_text("ha: [", encoding="utf-8")
    assert language_codes(content) == ("ha", "dje", "fr", "en")
    file.write_text(words + "ff: {name: Fulfulde, locale: ff, fallback: [fr]}\n", encoding="utf-8")
    assert language_codes(content)[-1] == "ff"
