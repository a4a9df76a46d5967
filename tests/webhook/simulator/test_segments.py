from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from webhook.simulator.segments import encoding_and_parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("GSM-7", 1)),
        ("a" * 160, ("GSM-7", 1)),
        ("a" * 161, ("GSM-7", 2)),
        ("€" * 80, ("GSM-7", 1)),
        ("ƙ" * 70, ("UCS-2", 1)),
        ("ƙ" * 71, ("UCS-2", 2)),
    ],
)
def test_limits(text: str, expected: tuple[str, int]) -> None:
    assert encoding_and_parts(text) == expected


def test_as_twilio_counts(specs: Path) -> None:
    with (specs / "sms_segments.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            text = json.loads(row["text_json"])
            assert encoding_and_parts(text) == (row["twilio_encoding"], int(row["twilio_segments"])), text
