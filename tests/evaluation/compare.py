"""Classifier set-ups that fit Rasa's pipeline offline, compared on the same examples (``make evaluate``).

Writes docs/classifiers.md: accuracy per language, milliseconds per message, size, training time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import ComplementNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from bot.evaluation import Labelled, read
from bot.understanding.concepts import Concepts, concept_features
from bot.understanding.linear import Features, Vocabulary, matrix
from bot.understanding.spelling import fold, ngrams, words
from tests.evaluation.examples import LANGUAGES, ROOT, concept_tables, examples
from tests.evaluation.hold_out import BLIND, HELD_OUT

FRENCH_IN = {"ha": ["fr"], "dje": ["fr"]}


@dataclass
class Result:
    """One line of the table."""

    name: str
    predict: Callable[[list[Labelled]], list[str]]
    seconds: float
    megabytes: float


def ngram_rows(texts: list[str]) -> tuple[Any, Vocabulary]:
    tokens = [words(text) for text in texts]
    vocabulary = Vocabulary.learn((ngrams(t) for t in tokens), 2)
    return matrix([vocabulary.features(ngrams(t)) for t in tokens]), vocabulary


def main() -> None:
    """Trains and measures every set-up; the labels of the language are given (it is identified nearly always)."""
    train = examples()
    gold = [e.intent for e in train]
    texts = [e.text for e in train]
    sets = {
        "blind": [r for p in BLIND for r in read(p)],
        "held out": [r for p in sorted(HELD_OUT.glob("*.tsv")) for r in read(p)],
    }
    results: list[Result] = []

    begun = time.perf_counter()
    counter = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2)
    rows = counter.fit_transform([fold(t) for t in texts])
    stock = LinearSVC(C=0.7, tol=1e-3, random_state=0).fit(normalize(rows), gold)
    results.append(
        Result(
            "character n-grams alone, linear SVM",
            lambda part: list(stock.predict(normalize(counter.transform([fold(r.text) for r in part])))),
            time.perf_counter() - begun,
            stock.coef_.nbytes / 2**20,
        )
    )

    begun = time.perf_counter()
    base, vocabulary = ngram_rows(texts)

    def alone(part: list[Labelled]) -> Any:
        return matrix([vocabulary.features(ngrams(words(r.text))) for r in part])

    plain = LinearSVC(C=0.7, tol=1e-3, random_state=0).fit(base, gold)
    results.append(Result("words + character n-grams, linear SVM",
                          lambda part: list(plain.predict(alone(part))),
                          time.perf_counter() - begun, plain.coef_.nbytes / 2**20))  # fmt: skip

    begun = time.perf_counter()
    concepts = Concepts.by_language(concept_tables(), FRENCH_IN)
    terms = [list(concept_features(concepts[e.language].find(words(e.text)))) for e in train]
    named = Vocabulary.learn(terms, 2)

    def both(language: str, text: str) -> Features:
        tokens = words(text)
        more = named.features(concept_features(concepts[language].find(tokens))).times(1.2)
        return vocabulary.features(ngrams(tokens)).with_more(more)

    def joined(part: list[Labelled]) -> Any:
        return matrix([both(r.language, r.text) for r in part])

    full = hstack([base, matrix([named.features(t).times(1.2) for t in terms])]).tocsr()
    ours = LinearSVC(C=0.7, tol=1e-3, random_state=0).fit(full, gold)
    results.append(Result("the same + concepts (used)",
                          lambda part: list(ours.predict(joined(part))),
                          time.perf_counter() - begun, ours.coef_.nbytes / 2**20))  # fmt: skip

    begun = time.perf_counter()
    bayes = ComplementNB(alpha=0.3).fit(full, gold)
    results.append(Result("words, n-grams, concepts: naive Bayes",
                          lambda part: list(bayes.predict(joined(part))),
                          time.perf_counter() - begun, bayes.feature_log_prob_.nbytes / 2**20))  # fmt: skip

    begun = time.perf_counter()
    reduced = TruncatedSVD(200, random_state=0).fit(full)
    network = MLPClassifier((256,), early_stopping=True, max_iter=20, random_state=0).fit(reduced.transform(full), gold)
    results.append(Result("sub-word embeddings of our own text (SVD) + neural network",
                          lambda part: list(network.predict(reduced.transform(joined(part)))),
                          time.perf_counter() - begun, reduced.components_.nbytes / 2**20))  # fmt: skip

    begun = time.perf_counter()
    unit = normalize(full)
    of_class = np.searchsorted(ours.classes_, gold)

    def ensemble(part: list[Labelled]) -> list[str]:
        rows = joined(part)
        scores = ours.decision_function(rows)
        near = (normalize(rows) @ unit.T).toarray()
        votes = np.zeros_like(scores)
        for i, row in enumerate(near):
            for j in np.argpartition(-row, 15)[:15]:
                votes[i, of_class[j]] += row[j] ** 3
        standard = [(m - m.mean(1, keepdims=True)) / (m.std(1, keepdims=True) + 1e-9) for m in (scores, votes)]
        return list(ours.classes_[(standard[0] + 0.2 * standard[1]).argmax(1)])

    results.append(Result("ensemble: used + nearest neighbours", ensemble, time.perf_counter() - begun,
                          (ours.coef_.nbytes + unit.data.nbytes + unit.indices.nbytes) / 2**20))  # fmt: skip

    lines = ["# Classifiers compared", "",
             f"`make evaluate` makes this file. {len(train)} training examples; accuracy of the intent per language on "
             "messages by authors who did not see the examples (*blind*) and on the held-out families.", "",
             "| set-up | " + " | ".join(f"{name} {code}" for name in sets for code in LANGUAGES)
             + " | ms/message | MB | trained in s |",
             "|---|" + "---|" * (len(sets) * len(LANGUAGES) + 3)]  # fmt: skip
    for result in results:
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
        row = f"| {result.name} | " + " | ".join(cells)
        lines.append(f"{row} | {1000 * spent / max(count, 1):.2f} | {result.megabytes:.0f} | {result.seconds:.0f} |")
        print(lines[-1], flush=True)
    (ROOT / "docs" / "classifiers.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
