"""Recordings of the voice prompts: which are missing, the words to read out, and taking over what was recorded.

Hausa and Zarma have no provider voice: what is not recorded is heard in the fallback language. Words that change with
each call (a number, a place, choices made at that moment) cannot be recorded; those stay with the provider's voice.
"""

from __future__ import annotations

import io
import re
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

import numpy as np

from bot.catalogue import AUDIO_SUFFIXES, RECORDED_FILE, Catalogue, ContentError, recorded_words, spoken_digest
from bot.messages import Say
from bot.rendering import render

MIN_SECONDS = 0.4
TEXT_SECONDS = 25.0
CHOICE_SECONDS = 5.0
"""A recording may take TEXT_SECONDS, and CHOICE_SECONDS for each key that it names."""
MAX_INPUT_BYTES = 30_000_000
MAX_COMPRESSED_BYTES = 1_500_000
PEAK_TOO_SILENT = 0.02
"""Of full scale: about -34 dB."""
LOUDNESS = 0.1
"""Root mean square that a recording is brought to: -20 dB of full scale."""
PEAK_MAX = 0.89
WORDS_PER_MINUTE = 135
_PLACEHOLDER = re.compile(r"\{\w+\}")
_NEVER_ALONE = re.compile(
    r"(alert|relay|sign|region|kind|when|urgency|choice|contact|voice_choice|voice_person|fictional)(_.*)?"
    r"|ask_(who_pays|what_is_owed|employer|in_writing)"
    r"|help_(where_.*|regions|contact_how)"
)
"""Keys that are said inside others, only in writing, or with choices made at that moment."""


@dataclass(frozen=True)
class Prompt:
    """One thing to record: ``state`` is recorded, outdated (other words were recorded), or missing."""

    key: str
    words: str
    choices: int
    state: str
    reviewed: bool

    @property
    def max_seconds(self) -> float:
        """How long the recording may be."""
        return TEXT_SECONDS + CHOICE_SECONDS * (self.choices + 1 if self.choices else 0)

    @property
    def about_seconds(self) -> int:
        """How long reading takes, roughly."""
        return max(1, round(len(self.words.split()) * 60 / WORDS_PER_MINUTE))


class AudioError(ContentError):
    """A file is no usable recording; the message says why."""


def spoken_keys(catalogue: Catalogue, language: str) -> Iterator[str]:
    """The keys that a recording can say."""
    for (key, code), entry in catalogue.entries.items():
        if code == language and not _NEVER_ALONE.fullmatch(key) and not _PLACEHOLDER.search(entry.voice):
            yield key


def prompts(folder: Path, language: str) -> tuple[Prompt, ...]:
    """Everything to record in a language, in the order of the files. Raises ContentError for an unknown language."""
    catalogue = Catalogue.load(folder)
    if language not in catalogue.languages:
        raise ContentError(f"there is no language '{language}' in languages.yml")
    recorded = recorded_words(folder / language / "audio")
    files = {path.stem for path in (folder / language / "audio").glob("*") if path.suffix in AUDIO_SUFFIXES}
    # The words in this very language, as if it had a voice.
    alone = replace(catalogue.languages[language], say=language, fallback=())
    speaking = replace(catalogue, languages={**catalogue.languages, language: alone})
    found = []
    for key in spoken_keys(catalogue, language):
        entry = catalogue.entries[key, language]
        reply = render([Say(key)], speaking, language, "voice")[0]
        late = key in recorded and recorded[key] != spoken_digest(entry, catalogue.languages)
        state = "missing" if key not in files else "outdated" if late else "recorded"
        found.append(Prompt(key, reply.text, len(reply.choices), state, entry.reviewed))
    return tuple(found)


# ---- the script


def script(name: str, language: str, items: tuple[Prompt, ...], html: bool) -> str:
    """What to read out, as text or as a page to print. ``name`` is the language's own."""
    drafts = sum(not item.reviewed for item in items)
    intro = [
        "Un fichier par texte, nommé comme indiqué, WAV de préférence. Lieu calme, voix posée, la même pour tout.",
        "One file per text, named as shown, WAV if possible. A quiet place, a calm voice, the same voice throughout.",
    ]
    if drafts:
        intro.append(
            f"{drafts} textes sont des brouillons : à faire relire avant d'enregistrer. / {drafts} texts are drafts:"
            " have them read by a speaker before recording."
        )
    if not html:
        lines = [f"{name} ({language}): {len(items)}", *intro, ""]
        for number, item in enumerate(items, 1):
            mark = "" if item.reviewed else ", brouillon / draft"
            lines += [f"{number}. {item.key}.wav (~{item.about_seconds} s, max {item.max_seconds:.0f} s{mark})",
                      item.words, ""]  # fmt: skip
        return "\n".join(lines)
    rows = "".join(
        f"<section><h2>{number}. {escape(item.key)}.wav <small>~{item.about_seconds} s, max {item.max_seconds:.0f} s"
        f"{'' if item.reviewed else ', brouillon / draft'}</small></h2>"
        f'<p lang="{escape(language)}">{escape(item.words)}</p></section>\n'
        for number, item in enumerate(items, 1)
    )
    opening = "".join(f"<p>{escape(line)}</p>" for line in intro)
    return (
        f'<!DOCTYPE html>\n<html lang="fr"><meta charset="utf-8"><title>{escape(name)}</title>\n'
        "<style>body{font:18px/1.5 sans-serif;max-width:44em;margin:2em auto;padding:0 1em}"
        "section{break-inside:avoid;border-top:1px solid #999}h2{font:bold 14px monospace}"
        "section p{font-size:22px}small{font-weight:normal}</style>\n"
        f"<h1>{escape(name)}: {len(items)}</h1>{opening}\n{rows}</html>\n"
    )


# ---- import


@dataclass(frozen=True)
class Taken:
    """What became of one file: ``problem`` is empty when it was taken over; ``note`` is worth reading."""

    file: str
    problem: str = ""
    note: str = ""
    seconds: float = 0.0


def import_folder(folder: Path, source: Path, language: str) -> list[Taken]:
    """Takes over every good recording of ``source``; the others are left where they are and named."""
    if not source.is_dir():
        raise ContentError(f"{source} is no folder")
    known = {prompt.key: prompt for prompt in prompts(folder, language)}
    catalogue = Catalogue.load(folder)
    target = folder / language / "audio"
    files = sorted(p for p in source.iterdir() if p.is_file() and not p.name.startswith("."))
    stems = [path.stem for path in files]
    results, recorded = [], recorded_words(target)
    for path in files:
        key = path.stem
        try:
            if path.suffix.lower() not in AUDIO_SUFFIXES:
                raise AudioError("is no .wav, .mp3 or .ogg file")
            if (key, language) not in catalogue.entries:
                raise AudioError(f"there is no key '{key}'")
            if key not in known:
                raise AudioError("this key is never played: its words change with each call, or it is only written")
            if stems.count(key) > 1:
                raise AudioError("two files for one key")
            suffix, data, seconds, note = _normalised(path, known[key].max_seconds)
        except AudioError as error:
            results.append(Taken(path.name, str(error)))
            continue
        target.mkdir(parents=True, exist_ok=True)
        _replace(target / f"{key}{suffix}", data)
        for other in AUDIO_SUFFIXES:
            if other != suffix:
                (target / f"{key}{other}").unlink(missing_ok=True)
        recorded[key] = spoken_digest(catalogue.entries[key, language], catalogue.languages)
        results.append(Taken(path.name, "", note, seconds))
    if any(not taken.problem for taken in results):
        lines = ["# Which words each recording says; written by hankali audio import."]
        lines += [f'{key}: "{words}"' for key, words in sorted(recorded.items())]
        _replace(target / RECORDED_FILE, ("\n".join(lines) + "\n").encode())
    return results


def _replace(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(data)
    draft.replace(path)


def _normalised(path: Path, max_seconds: float) -> tuple[str, bytes, float, str]:
    """(suffix, bytes to keep, seconds, note). The format is judged by content, not by name."""
    size = path.stat().st_size
    if size > MAX_INPUT_BYTES:
        raise AudioError(f"has {size / 1e6:.0f} MB, at most {MAX_INPUT_BYTES / 1e6:.0f}")
    data = path.read_bytes()
    kind = kind_of(data)
    note = ""
    if kind == ".wav":
        samples, rate = read_wav(data)
        seconds = len(samples) / rate
        _check_length(seconds, max_seconds)
        peak = float(np.abs(samples).max(initial=0.0))
        if peak < PEAK_TOO_SILENT:
            raise AudioError("is silent")
        if float(np.mean(np.abs(samples) > 0.985)) > 0.01:
            note = "is overdriven: record it softer if it sounds harsh"
        return kind, telephone_wav(samples, rate), seconds, note
    if size > MAX_COMPRESSED_BYTES:
        raise AudioError(f"has {size / 1e6:.1f} MB, at most {MAX_COMPRESSED_BYTES / 1e6:.1f}")
    seconds = mp3_seconds(data) if kind == ".mp3" else ogg_seconds(data)
    _check_length(seconds, max_seconds)
    if kind == ".ogg":
        note = "not every telephone provider plays OGG (Twilio does not): better WAV or MP3"
    return kind, data, seconds, note


def _check_length(seconds: float, max_seconds: float) -> None:
    if seconds < MIN_SECONDS:
        raise AudioError(f"lasts {seconds:.1f} s: nothing can be heard")
    if seconds > max_seconds:
        raise AudioError(f"lasts {seconds:.0f} s, at most {max_seconds:.0f}")


def kind_of(data: bytes) -> str:
    """.wav, .mp3 or .ogg by the first bytes; raises AudioError for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return ".wav"
    if data[:4] == b"OggS":
        return ".ogg"
    if data[:3] == b"ID3" or _mp3_frame(data, 0) is not None:
        return ".mp3"
    raise AudioError("is no WAV, MP3 or OGG recording, whatever its name says")


def read_wav(data: bytes) -> tuple[np.ndarray, int]:
    """Samples of a WAV file as one channel between -1 and 1, and its rate in Hz. Integer and float PCM."""
    form, channels, rate, bits = 0, 0, 0, 0
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt " and len(body) >= 16:
            form, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
            if form == 0xFFFE and len(body) >= 26:
                form = int.from_bytes(body[24:26], "little")
        elif name == b"data":
            if not (1 <= channels <= 8 and 4000 <= rate <= 200_000):
                raise AudioError("is a WAV without a usable header")
            return _samples(body, form, channels, bits), rate
        at += 8 + size + size % 2
    raise AudioError("is a WAV without sound")


def _samples(body: bytes, form: int, channels: int, bits: int) -> np.ndarray:
    width = bits // 8
    body = body[: len(body) - len(body) % max(1, width * channels)]
    if form == 1 and bits == 8:
        samples = (np.frombuffer(body, np.uint8).astype(np.float64) - 128) / 128
    elif form == 1 and bits == 24:
        raw = np.frombuffer(body, np.uint8).reshape(-1, 3).astype(np.int32)
        whole = raw[:, 0] | (raw[:, 1] << 8) | (raw[:, 2] << 16)
        samples = (whole - ((whole & 0x800000) << 1)) / 8388608
    elif form == 1 and bits in (16, 32):
        samples = np.frombuffer(body, f"<i{width}").astype(np.float64) / 2.0 ** (bits - 1)
    elif form == 3 and bits in (32, 64):
        samples = np.nan_to_num(np.frombuffer(body, f"<f{width}").astype(np.float64))
    else:
        raise AudioError("is a WAV of an unusual kind: save it as 16 bit PCM")
    one: np.ndarray = np.clip(samples.reshape(-1, channels).mean(axis=1), -1.0, 1.0)
    return one


def telephone_wav(samples: np.ndarray, rate: int) -> bytes:
    """A 16 bit WAV in one channel at 16 kHz (8 kHz when less was recorded), brought to an even loudness."""
    wanted = 16000 if rate >= 16000 else 8000
    samples = resampled(samples - samples.mean(), rate, wanted)
    level = float(np.sqrt(np.mean(samples**2)))
    peak = float(np.abs(samples).max(initial=0.0))
    samples = samples * min(LOUDNESS / max(level, 1e-9), PEAK_MAX / max(peak, 1e-9))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(wanted)
        out.writeframes((samples * 32767).round().astype("<i2").tobytes())
    return buffer.getvalue()


def resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """The same sound at another rate: the spectrum cut (or padded) at the new limit."""
    if rate == wanted or not len(samples):
        return samples
    length = max(1, round(len(samples) * wanted / rate))
    spectrum = np.fft.rfft(samples)
    kept = np.zeros(length // 2 + 1, dtype=complex)
    count = min(len(kept), len(spectrum))
    kept[:count] = spectrum[:count]
    cut: np.ndarray = np.fft.irfft(kept, length) * (length / len(samples))
    return cut


_MP3_KBITS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mp3_frame(data: bytes, at: int) -> tuple[int, float] | None:
    """(bytes, seconds) of the MPEG layer III frame at ``at``; None when there is none."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = (data[at + 1] >> 3) & 3, (data[at + 1] >> 1) & 3
    bitrate, rate_index, padding = data[at + 2] >> 4, (data[at + 2] >> 2) & 3, (data[at + 2] >> 1) & 1
    if version == 1 or layer != 1 or bitrate in (0, 15) or rate_index == 3:
        return None
    rate = _MP3_RATES[version][rate_index]
    samples = 1152 if version == 3 else 576
    kbits = _MP3_KBITS[1 if version == 3 else 2][bitrate]
    return samples // 8 * kbits * 1000 // rate + padding, samples / rate


def mp3_seconds(data: bytes) -> float:
    """Length of an MP3, frame by frame. Raises AudioError when there are no frames."""
    at = 0
    if data[:3] == b"ID3" and len(data) > 10:
        at = 10 + ((data[6] & 127) << 21 | (data[7] & 127) << 14 | (data[8] & 127) << 7 | (data[9] & 127))
    seconds, frames = 0.0, 0
    while at < len(data) - 4:
        frame = _mp3_frame(data, at)
        if frame is None:
            at += 1
            continue
        at, seconds, frames = at + frame[0], seconds + frame[1], frames + 1
    if frames < 3:
        raise AudioError("is no MP3 recording")
    return seconds


def ogg_seconds(data: bytes) -> float:
    """Length of an Ogg Opus or Vorbis file, from its last page. Raises AudioError for other contents."""
    head = data[28:128]
    if b"OpusHead" in head:
        rate = 48000
    elif b"\x01vorbis" in head:
        at = head.index(b"\x01vorbis")
        rate = int.from_bytes(head[at + 12 : at + 16], "little")
    else:
        raise AudioError("is an OGG without Opus or Vorbis sound")
    last = data.rfind(b"OggS")
    granule = int.from_bytes(data[last + 6 : last + 14], "little", signed=True)
    if not rate or granule <= 0:
        raise AudioError("is an OGG that was cut off")
    return granule / rate
