"""The examples that a model trained without their families gets wrong: what to write new wordings beside.

python -m tests.evaluation.errors fr > errors.txt   one a line: intent, urgent, signs, what it was mistaken for, text
"""

from __future__ import annotations

import sys

import numpy as np

from bot.families import families
from tests.evaluation.compare import Features, svm
from tests.evaluation.examples import Example, examples

FOLDS = 5


def mistaken(rows: list[Example]) -> list[str]:
    """For each example the intent that it is taken for by a model that has seen none of its family."""
    features = Features(rows, with_concepts=True, with_speller=True)(rows)
    gold = np.array([row.intent for row in rows])
    family = np.array(families([row.text for row in rows]))
    fold = np.random.default_rng(0).permutation(family.max() + 1)[family] % FOLDS
    found = np.empty(len(rows), dtype=object)
    for number in range(FOLDS):
        model = svm(features[fold != number], list(gold[fold != number]))
        found[fold == number] = model.predict(features[fold == number])
    return list(found)


def main(language: str) -> None:
    """All languages are learned from; the mistakes of one are printed."""
    rows = examples()
    for row, found in zip(rows, mistaken(rows), strict=True):
        if row.language == language and found != row.intent:
            print(row.intent, "urgent" if row.urgent else "", ",".join(row.signs), found, row.text, sep="\t")


if __name__ == "__main__":
    main(sys.argv[1])
