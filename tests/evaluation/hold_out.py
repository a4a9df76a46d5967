"""Moves a tenth of the examples, whole sentence families, from nlu/ to tests/evaluation/held_out/<language>.tsv.

python -m tests.evaluation.hold_out          says what would move
python -m tests.evaluation.hold_out --move   moves it
Run it after adding examples: new near-copies of a held-out sentence are moved too, so that nothing leaks.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

from bot.evaluation import read
from bot.families import families, held_out
from bot.understanding.spelling import words
from tests.evaluation.examples import LANGUAGES, ROOT, Example, examples

EVALUATION = ROOT / "tests" / "evaluation"
HELD_OUT = EVALUATION / "held_out"
BLIND = tuple(
    folder / f"{language}.tsv" for folder in (EVALUATION, EVALUATION / "blind_later") for language in LANGUAGES
)


def evaluated_texts() -> list[str]:
    """Texts that must not be trained on: those already held out, and the blind evaluation."""
    files = [*BLIND, *sorted(HELD_OUT.glob("*.tsv"))]
    return [row.text for path in files if path.exists() for row in read(path)]


def to_move() -> list[Example]:
    """Examples of the held-out tenth, and near-copies (same family) of what is evaluated already."""
    rows = examples()
    known = evaluated_texts()
    numbers = families([*(row.text for row in rows), *known])
    taken = {number for number, text in zip(numbers[len(rows) :], known, strict=True) if len(words(text)) >= 4}
    chosen = held_out([row.text for row in rows])
    return [
        row
        for row, number, hold in zip(rows, numbers[: len(rows)], chosen, strict=True)
        if words(row.text) and (hold or (number in taken and len(words(row.text)) >= 4))
    ]


def move(rows: list[Example]) -> None:
    """Takes the lines out of their files and appends them to the held-out tables."""
    HELD_OUT.mkdir(exist_ok=True)
    gone: dict[Path, Counter[str]] = defaultdict(Counter)
    for row in rows:
        gone[row.file][row.text] += 1
    for path, texts in gone.items():
        kept = []
        for line in path.read_text(encoding="utf-8").splitlines():
            text = line.strip()[2:].strip() if line.strip().startswith("- ") else ""
            if text and texts[text] > 0 and line.startswith("    "):
                texts[text] -= 1
                continue
            kept.append(line)
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    for language in LANGUAGES:
        file = HELD_OUT / f"{language}.tsv"
        lines = (
            file.read_text(encoding="utf-8").splitlines()
            if file.exists()
            else ["language\tintent\turgent\ttext\tsigns"]
        )
        lines += [
            "\t".join((row.language, row.intent, str(int(row.urgent)), row.text, " ".join(row.signs)))
            for row in rows
            if row.language == language
        ]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    moving = to_move()
    print(f"{len(moving)} examples:", dict(Counter(row.language for row in moving)))
    if "--move" in sys.argv[1:]:
        move(moving)
