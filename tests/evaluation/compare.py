"""Classifier set-ups that fit Rasa's pipeline offline, compared on the same examples (``make evaluate``).

Writes docs/classifiers.md: accuracy per language, milliseconds per message, size, training time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import ComplementNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from bot.evaluation import Labelled, read
from bot.understanding.concepts import Concepts, concept_features
from bot.understanding.lexicon import Lexicon, count_words
from bot.understanding.linear import Vocabulary, matrix, train_softmax
from bot.understanding.spelling import fold, ngrams, words
from tests.evaluation.examples import LANGUAGES, ROOT, Example, concept_tables, examples
from tests.evaluation.hold_out import BLIND, HELD_OUT
from tests.evaluation.noise import noisy_rows

FRENCH_IN = {"ha": ["fr"], "dje": ["fr"]}
STRENGTH = 0.5
URGENT = "|urgent"


@dataclass
class Result:
    """One line of the table."""

    name: str
    predict: Callable[[list[Labelled]], list[str]]
    seconds: float
    megabytes: float


def svm(rows: Any, gold: list[str]) -> LinearSVC:
    return LinearSVC(C=STRENGTH, tol=1e-3, random_state=0).fit(rows, gold)


def without_urgency(classes: Any) -> list[str]:
    return [str(name).removesuffix(URGENT) for name in classes]


class Features:
    """Rows of features for examples or messages (both have ``language`` and ``text``)."""

    def __init__(self, train: list[Any], *, with_concepts: bool, with_speller: bool) -> None:
        said = ((e.language, words(e.text)) for e in train)
        self.lexicon = Lexicon.learn(count_words(said, concept_tables()), 2) if with_speller else None
        self.concepts = Concepts.by_language(concept_tables(), FRENCH_IN) if with_concepts else {}
        self.ngrams = Vocabulary.learn((self._ngrams(e) for e in train), 3)
        self.named = Vocabulary.learn((self._concepts(e) for e in train), 3) if with_concepts else None

    def _words(self, row: Any) -> tuple[list[str], list[str]]:
        typed = words(row.text)
        return (self.lexicon.corrected(typed) if self.lexicon else typed), typed

    def _ngrams(self, row: Any) -> list[str]:
        spelled, typed = self._words(row)
        return list(ngrams(spelled, typed=typed))

    def _concepts(self, row: Any) -> list[str]:
        # The language is given (it is identified nearly always).
        return list(concept_features(self.concepts[row.language].read(self._words(row)[0])))

    def __call__(self, rows: list[Any]) -> Any:
        found = [self.ngrams.features(self._ngrams(row)) for row in rows]
        if self.named is not None:
            named = [self.named.features(self._concepts(row)) for row in rows]
            found = [f.with_more(n) for f, n in zip(found, named, strict=True)]
        return matrix(found)


def set_ups(train: list[Example]) -> Iterator[Result]:
    """Trains each set-up when it is asked for."""
    gold = [e.intent for e in train]
    joint = [e.intent + (URGENT if e.urgent else "") for e in train]

    begun = time.perf_counter()
    counter = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=3)
    stock = svm(normalize(counter.fit_transform([fold(e.text) for e in train])), gold)
    yield Result(
        "character n-grams alone, linear SVM",
        lambda part: list(stock.predict(normalize(counter.transform([fold(r.text) for r in part])))),
        time.perf_counter() - begun,
        stock.coef_.nbytes / 2**21,
    )

    begun = time.perf_counter()
    plain = Features(train, with_concepts=False, with_speller=False)
    words_only = svm(plain(train), gold)
    yield Result("words + character n-grams, linear SVM", lambda part: list(words_only.predict(plain(part))),
                 time.perf_counter() - begun, words_only.coef_.nbytes / 2**22)  # fmt: skip

    begun = time.perf_counter()
    named = Features(train, with_concepts=True, with_speller=False)
    with_concepts = svm(named(train), gold)
    yield Result("the same + concepts, and words and concepts in one line",
                 lambda part: list(with_concepts.predict(named(part))),
                 time.perf_counter() - begun, with_concepts.coef_.nbytes / 2**22)  # fmt: skip

    begun = time.perf_counter()
    full = Features(train, with_concepts=True, with_speller=True)
    rows = full(train)
    apart = svm(rows, joint)
    yield Result("the same + slips mended, classes told apart by urgency",
                 lambda part: without_urgency(apart.predict(full(part))),
                 time.perf_counter() - begun, apart.coef_.nbytes / 2**22)  # fmt: skip

    begun = time.perf_counter()
    used = train_softmax(rows, joint, STRENGTH, len(full.ngrams))
    classes = np.array(used.labels)

    def scores_of(these: Any) -> Any:
        return these @ used.weights.astype(np.float32) + used.bias

    yield Result("the same, n-grams and concepts also learned from alone (used)",
                 lambda part: without_urgency(classes[scores_of(full(part)).argmax(1)]),
                 time.perf_counter() - begun, used.weights.nbytes / 2**20)  # fmt: skip

    begun = time.perf_counter()
    bayes = ComplementNB(alpha=0.3).fit(rows, gold)
    yield Result("the same features: naive Bayes", lambda part: list(bayes.predict(full(part))),
                 time.perf_counter() - begun, bayes.feature_log_prob_.nbytes / 2**22)  # fmt: skip

    begun = time.perf_counter()
    reduced = TruncatedSVD(200, random_state=0).fit(rows)
    network = MLPClassifier((256,), early_stopping=True, max_iter=20, random_state=0).fit(reduced.transform(rows), gold)
    yield Result("sub-word embeddings of our own text (SVD) + neural network",
                 lambda part: list(network.predict(reduced.transform(full(part)))),
                 time.perf_counter() - begun, reduced.components_.nbytes / 2**21)  # fmt: skip

    begun = time.perf_counter()
    unit = normalize(rows)
    of_class = np.searchsorted(classes, joint)

    def ensemble(part: list[Labelled]) -> list[str]:
        these = full(part)
        scores = scores_of(these)
        near = (normalize(these) @ unit.T).tocsr()
        votes = np.zeros_like(scores)
        for i in range(len(part)):
            row = near.getrow(i)
            for j in np.argsort(-row.data)[:15]:
                votes[i, of_class[row.indices[j]]] += row.data[j] ** 3
        standard = [(m - m.mean(1, keepdims=True)) / (m.std(1, keepdims=True) + 1e-9) for m in (scores, votes)]
        return without_urgency(classes[(standard[0] + 0.2 * standard[1]).argmax(1)])

    yield Result("ensemble: used + nearest neighbours", ensemble, time.perf_counter() - begun,
                 used.weights.nbytes / 2**20 + (unit.data.nbytes + unit.indices.nbytes) / 2**21)  # fmt: skip


def main() -> None:
    """Trains and measures every set-up."""
    train = examples()
    blind = [r for p in BLIND for r in read(p)]
    sets = {
        "blind": blind,
        "held out": [r for p in sorted(HELD_OUT.glob("*.tsv")) for r in read(p)],
    }
    noise = noisy_rows(blind)
    lines = ["# Classifiers compared", "",
             f"`make evaluate` makes this file. {len(train)} training examples; accuracy of the intent per language on "
             "messages by authors who did not see the examples (*blind*), on the held-out families, and on the blind "
             "messages of all languages without accents and with slips in one letter of twenty (*noisy*).", "",
             "| set-up | " + " | ".join(f"{name} {code}" for name in sets for code in LANGUAGES)
             + " | noisy | ms/message | MB (half precision) | trained in s |",
             "|---|" + "---|" * (len(sets) * len(LANGUAGES) + 4)]  # fmt: skip
    for result in set_ups(train):
        cells = []
        spent = 0.0
        count = 0
        for rows_of_set in sets.values():
            for language in LANGUAGES:
                part = [r for r in rows_of_set if r.language == language]
                begun = time.perf_counter()
                found = result.predict(part) if part else []
                spent += time.perf_counter() - begun
                count += len(part)
                share = np.mean([f in r.intents for f, r in zip(found, part, strict=True)]) if part else float("nan")
                cells.append(f"{share:.3f}")
        found = result.predict(noise)
        cells.append(f"{np.mean([f in r.intents for f, r in zip(found, noise, strict=True)]):.3f}")
        row = f"| {result.name} | " + " | ".join(cells)
        lines.append(f"{row} | {1000 * spent / max(count, 1):.2f} | {result.megabytes:.0f} | {result.seconds:.0f} |")
        print(lines[-1], flush=True)
    (ROOT / "docs" / "classifiers.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
