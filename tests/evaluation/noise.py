"""Messages as a hurried thumb on a small phone types them: no accents, and slips in one letter of twenty.

python -m tests.evaluation.noise FILE.tsv…   writes the noisy rows of these files to standard output
"""

from __future__ import annotations

import random
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

from bot.evaluation import Labelled, read

SLIPS = 0.05
"""Share of letters that are dropped, doubled, swapped with the next, or another letter of the same key."""
KEYS = ("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz")
SAME_KEY = {letter: [other for other in key if other != letter] for key in KEYS for letter in key}
PLAIN = str.maketrans("ɓɗƙƴŋɲœƁƊƘƳ", "bdkynnoBDKY")


def noisy(text: str, chance: random.Random, slips: float = SLIPS) -> str:
    """``text`` without accents and hooks, and with typing slips."""
    plain = unicodedata.normalize("NFD", text.translate(PLAIN))
    letters = [c for c in plain if not unicodedata.combining(c)]
    typed: list[str] = []
    skip = False
    for letter, after in zip(letters, [*letters[1:], ""], strict=True):
        if skip:
            skip = False
        elif letter.lower() not in SAME_KEY or chance.random() >= slips:
            typed.append(letter)
        else:
            slip = chance.choice(("drop", "double", "swap", "key"))
            if slip == "double":
                typed += [letter, letter]
            elif slip == "swap":
                typed += [after, letter]
                skip = True
            elif slip == "key":
                typed.append(chance.choice(SAME_KEY[letter.lower()]))
    return "".join(typed) or text


def noisy_rows(rows: list[Labelled], seed: int = 0) -> list[Labelled]:
    """The same rows, typed badly; always the same for the same seed."""
    chance = random.Random(seed)
    return [replace(row, text=noisy(row.text, chance)) for row in rows]


def main(files: list[str]) -> None:
    """One table of all rows."""
    for row in noisy_rows([row for file in files for row in read(Path(file))]):
        print("\t".join((row.language, "|".join(row.intents), str(int(row.urgent)), row.text)))


if __name__ == "__main__":
    main(sys.argv[1:])
