"""Places and words that always work follow their files; a broken one never takes the service down."""

from __future__ import annotations

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot.catalogue import ContentError
from bot.keywords import read_keywords
from bot.live_file import LiveFile
from bot.places import Places
from tests.conftest import ROOT


@pytest.fixture
def places(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "content" / "places.yml", tmp_path))


def change(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    at = file.stat().st_mtime_ns + 1_000_000
    os.utime(file, ns=(at, at))


def test_a_new_place_is_known_without_a_restart(places: Path) -> None:
    known = Places(places, poll_seconds=0)
    change(places, places.read_text(encoding="utf-8") + "\nXoxoville: {region: zinder, office: Zinder}\n")
    found = known.find("je suis à Xoxoville")
    assert found is not None
    assert found.office == "Zinder"


@pytest.mark.parametrize("broken", ["ha: [", "Zinder: 5", "Zinder: {office: Zinder}", "- a", "5: {region: zinder}"])
def test_a_broken_file_leaves_the_last_good_one(places: Path, broken: str) -> None:
    known = Places(places, poll_seconds=0)
    assert known.find("Zinder") is not None
    change(places, broken)
    assert known.find("Zinder") is not None
    assert str(places) in known.problem
    # A worker that starts now goes on with what its parent read.
    assert Places(places).find("Zinder") is not None


def test_broken_from_the_start_names_file_and_reason(tmp_path: Path) -> None:
    file = tmp_path / "places.yml"
    change(file, "Zinder: {region: zinder\n")
    with pytest.raises(ContentError, match=r"places\.yml:\d+: "):
        Places(file)


@pytest.mark.parametrize("broken", ["help: [", "stop: [STOP]", "help: []", "halp: [SOS]", ""])
def test_words_for_help_never_vanish(tmp_path: Path, broken: str) -> None:
    file = Path(shutil.copy(ROOT / "content" / "keywords.yml", tmp_path))
    words = LiveFile(file, read_keywords, poll_seconds=0)
    assert words.current()["sos"] == "help"
    change(file, broken)
    assert words.current()["sos"] == "help"
    assert words.problem


class Reader:
    """Reads words when it is let."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.times = 0

    def __call__(self, file: Path) -> Any:
        self.times += 1
        self.begun.set()
        assert self.go_on.wait(10)
        return read_keywords(file)


class TestTwoThreads:
    """Two messages at once: each finds the words, whoever reads the file."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return Path(shutil.copy(ROOT / "content" / "keywords.yml", tmp_path))

    def test_at_the_first_look_both_wait_for_the_words(self, file: Path) -> None:
        reader = Reader()
        words = LiveFile(file, reader)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(words.current)
            assert reader.begun.wait(10)
            second = pool.submit(words.current)
            # Long enough for the second to look where nothing is yet.
            threading.Event().wait(0.1)
            reader.go_on.set()
            assert first.result(10)["sos"] == second.result(10)["sos"] == "help"
        assert reader.times == 1

    def test_at_a_later_look_only_one_reads(self, file: Path) -> None:
        reader = Reader()
        reader.go_on.set()
        words = LiveFile(file, reader, poll_seconds=0)
        words.current()
        reader.begun.clear()
        reader.go_on.clear()
        change(file, file.read_text(encoding="utf-8") + "# changed\n")
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(words.current)
            assert reader.begun.wait(10)
            assert words.current()["sos"] == "help"
            reader.go_on.set()
            other.result(10)
        assert reader.times == 2
