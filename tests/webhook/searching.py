"""Search of files for words in every form in which they could stand there."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Iterable, Iterator
from pathlib import Path


def forms(text: str) -> Iterator[bytes]:
    """Clear, UTF-16, as JSON escapes it, pickled, and in base64 (both alphabets) at each of its three alignments."""
    yield text.encode()
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield json.dumps(text)[1:-1].encode()
    for raw in (text.encode(), pickle.dumps(text)[2:-1], json.dumps(text)[1:-1].encode()):
        for shift in range(3):
            yield from _base64(raw, shift)


def _base64(raw: bytes, shift: int) -> Iterator[bytes]:
    """The characters that depend on nothing but ``raw``, when it begins ``shift`` bytes into a group of three.

    One fewer and a search of encrypted (base64) columns finds what is not there: four characters of it turn up in
    three runs of a hundred.
    """
    first, last = -(-8 * shift // 6), 8 * (shift + len(raw)) // 6
    for coded in (base64.b64encode(b"\0" * shift + raw), base64.urlsafe_b64encode(b"\0" * shift + raw)):
        yield coded[first:last]


def content(file: Path) -> bytes:
    """What is in it, without empty stretches; nothing when it is gone again (SQLite's journals come and go)."""
    try:
        return file.read_bytes().replace(b"\0" * 1024, b"") if file.is_file() else b""
    except FileNotFoundError:
        return b""


def written(file: Path) -> float:
    """When it was last written, in seconds; 0 when it is gone."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def found(
    folder: Path, texts: Iterable[str], apart_from: Iterable[str] = (), since: float = 0.0
) -> dict[str, list[str]]:
    """Text → names of the files that hold it, for texts that are in a file.

    ``apart_from``: names of the test's own. ``since``: files not written since that time (seconds) are passed over.
    """
    everything = [(file.name, content(file)) for file in sorted(folder.rglob("*"))
                  if file.name not in set(apart_from) and written(file) >= since]  # fmt: skip
    where = {text: [name for name, data in everything if any(form in data for form in set(forms(text)))]
             for text in texts}  # fmt: skip
    return {text: names for text, names in where.items() if names}
