"""Recordings: what to read, what is taken over, what is refused and why."""

from __future__ import annotations

import io
import shutil
import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from bot.audio import import_folder, mp3_seconds, prompts, read_wav, resampled, script, telephone_wav
from bot.catalogue import Catalogue, ContentError
from bot.messages import Say
from bot.rendering import render
from tests.conftest import ROOT


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy."""
    return Path(shutil.copytree(ROOT / "content", tmp_path / "content"))


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """Where recordings arrive."""
    (tmp_path / "studio").mkdir()
    return tmp_path / "studio"


def tone(seconds: float, rate: int, loud: float = 0.3, hertz: float = 440) -> np.ndarray:
    return loud * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def wav(samples: np.ndarray, rate: int, channels: int = 1, bits: int = 16, form: int = 1) -> bytes:
    """A WAV file of any kind, its header written by hand."""
    interleaved = np.repeat(samples, channels)
    if form == 3:
        body = interleaved.astype(f"<f{bits // 8}").tobytes()
    elif bits == 8:
        body = (interleaved * 127 + 128).astype(np.uint8).tobytes()
    elif bits == 24:
        whole = (interleaved * 8388607).astype("<i4")
        body = whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    else:
        body = (interleaved * (2 ** (bits - 1) - 1)).astype(f"<i{bits // 8}").tobytes()
    width = channels * bits // 8
    head = struct.pack("<HHIIHH", form, channels, rate, rate * width, width, bits)
    chunks = b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"fmt " + struct.pack("<I", 16) + head
    chunks += b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def mp3(seconds: float) -> bytes:
    """Frames of MPEG-1 layer III, 128 kbit/s, 44.1 kHz, with an ID3 tag in front."""
    return (
        b"ID3\x03\x00\x00\x00\x00\x00\x0a"
        + bytes(10)
        + (b"\xff\xfb\x90\x00" + bytes(413)) * round(seconds * 44100 / 1152)
    )


def ogg(seconds: float) -> bytes:
    """First and last page of Ogg Opus."""
    head = b"OggS\0\x02" + bytes(20) + b"\x01\x13" + b"OpusHead\x01\x01" + bytes(9)
    return head + b"OggS\0\x04" + struct.pack("<q", int(seconds * 48000)) + bytes(30)


def reason(content: Path, studio: Path, name: str, data: bytes) -> str:
    (studio / name).write_bytes(data)
    (taken,) = [t for t in import_folder(content, studio, "ha") if t.file == name]
    return taken.problem


@pytest.mark.parametrize(
    ("rate", "channels", "bits", "form", "kept"),
    [(44100, 2, 16, 1, 16000), (48000, 1, 24, 1, 16000), (8000, 1, 8, 1, 8000), (11025, 1, 16, 1, 8000),
     (48000, 2, 32, 3, 16000), (16000, 1, 32, 1, 16000)],
)  # fmt: skip
def test_a_wav_becomes_what_a_telephone_plays(
    content: Path, studio: Path, *, rate: int, channels: int, bits: int, form: int, kept: int
) -> None:
    assert reason(content, studio, "left.wav", wav(tone(2, rate, 0.1), rate, channels, bits, form)) == ""
    with wave.open(str(content / "ha/audio/left.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, kept)
        assert file.getnframes() == 2 * kept
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    assert 0.09 < np.sqrt(np.mean(samples**2)) < 0.11
    assert abs(np.argmax(np.abs(np.fft.rfft(samples))) / 2 - 440) < 2
    assert next(p.state for p in prompts(content, "ha") if p.key == "left") == "recorded"
    (reply,) = render([Say("left")], Catalogue.load(content), "ha", "voice")
    assert reply.audio == "ha/left.wav"


def test_what_is_above_the_new_limit_does_not_fold_back() -> None:
    high = resampled(tone(1, 48000, hertz=12000), 48000, 16000)
    assert np.abs(high).max() < 0.01
    assert len(resampled(np.zeros(0), 48000, 16000)) == 0


def test_a_loud_click_is_not_made_louder_than_full_scale() -> None:
    samples = np.zeros(16000)
    samples[100] = 1.0
    data = telephone_wav(samples, 16000)
    again, rate = read_wav(data)
    assert rate == 16000
    assert np.abs(again).max() <= 0.9


def test_mp3_and_ogg_are_taken_as_they_are(content: Path, studio: Path) -> None:
    (studio / "left.mp3").write_bytes(mp3(3))
    (studio / "greet.ogg").write_bytes(ogg(4))
    taken = {t.file: t for t in import_folder(content, studio, "ha")}
    assert not any(t.problem for t in taken.values())
    assert taken["left.mp3"].seconds == pytest.approx(3, abs=0.05)
    assert taken["greet.ogg"].seconds == pytest.approx(4)
    assert "Twilio does not" in taken["greet.ogg"].note
    assert (content / "ha/audio/left.mp3").read_bytes() == mp3(3)
    # A better one takes its place, also in another format.
    (studio / "left.mp3").unlink()
    assert reason(content, studio, "left.wav", wav(tone(2, 16000), 16000)) == ""
    assert sorted(p.name for p in (content / "ha/audio").iterdir()) == ["greet.ogg", "left.wav", "recorded.yml"]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("left.wav", wav(np.zeros(32000), 16000), "is silent"),
        ("left.wav", wav(tone(2, 16000, 0.005), 16000), "is silent"),
        ("left.wav", wav(tone(40, 8000), 8000), "lasts 40 s, at most 25"),
        ("left.wav", wav(tone(0.1, 16000), 16000), "nothing can be heard"),
        ("left.wav", b"RIFF\x04\0\0\0WAVE", "without sound"),
        ("left.wav", wav(tone(1, 16000), 16000, form=17), "save it as 16 bit PCM"),
        ("left.wav", wav(tone(1, 16000), 0), "without a usable header"),
        ("left.wav", b"<html>", "is no WAV, MP3 or OGG"),
        ("left.mp3", mp3(60), "lasts 60 s"),
        ("left.mp3", b"ID3" + bytes(2_000_000), "at most 1.5"),
        ("left.mp3", b"ID3" + bytes(200), "is no MP3 recording"),
        ("left.ogg", ogg(-1), "was cut off"),
        ("left.ogg", b"OggS" + bytes(60), "without Opus or Vorbis"),
        ("nothing.wav", wav(tone(1, 16000), 16000), "there is no key 'nothing'"),
        ("help_reference.wav", wav(tone(1, 16000), 16000), "never played"),
        ("left.m4a", b"x", "is no .wav, .mp3 or .ogg file"),
    ],
)
def test_what_cannot_be_used_is_refused(content: Path, studio: Path, name: str, data: bytes, says: str) -> None:
    assert says in reason(content, studio, name, data)
    assert not (content / "ha/audio").exists()


def test_one_bad_file_does_not_hold_back_the_others(content: Path, studio: Path) -> None:
    (studio / "greet.wav").write_bytes(b"no")
    (studio / "thank.wav").write_bytes(b"no")
    (studio / "thank.mp3").write_bytes(b"no")
    assert reason(content, studio, "left.wav", wav(tone(1, 16000), 16000)) == ""
    assert {t.file for t in import_folder(content, studio, "ha") if t.problem} == {
        "greet.wav",
        "thank.wav",
        "thank.mp3",
    }
    with pytest.raises(ContentError, match="is no folder"):
        import_folder(content, studio / "none", "ha")


def test_the_script_has_the_words_with_their_keys() -> None:
    items = prompts(ROOT / "content", "ha")
    keys = [item.key for item in items]
    assert {"welcome", "main_menu", "language_menu", "help_in_danger"} <= set(keys)
    assert not {"alert", "help_reference", "sign_secrecy", "help_where_self", "voice_choice"} & set(keys)
    menu = next(item for item in items if item.key == "main_menu")
    assert menu.choices == 4
    catalogue = Catalogue.load(ROOT / "content")
    for choice in catalogue.entries["main_menu", "ha"].choices:
        assert choice.title in menu.words
    assert catalogue.entries["voice_person", "ha"].voice in menu.words
    text, page = (script("Hausa", "ha", items, html) for html in (False, True))
    for item in items:
        assert f"{item.key}.wav" in text
        assert f"{item.key}.wav" in page
        assert item.words in text
    with pytest.raises(ContentError, match="no language 'xx'"):
        prompts(ROOT / "content", "xx")


def test_an_mp3_is_measured_frame_by_frame() -> None:
    assert mp3_seconds(mp3(10)) == pytest.approx(10, abs=0.05)
    assert mp3_seconds(io.BytesIO(b"junk" + mp3(1)[20:]).read()) == pytest.approx(1, abs=0.05)
