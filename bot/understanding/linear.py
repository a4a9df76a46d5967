"""Linear models over n-gram features, stored as arrays and JSON. Training needs scikit-learn, answering only numpy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.understanding.concepts import Concepts, concept_features
from bot.understanding.spelling import ngrams


@dataclass(frozen=True)
class Features:
    """A message as a sparse unit vector of length ``size``: ``indices`` (int32) and their ``values`` (float32)."""

    indices: np.ndarray
    values: np.ndarray
    size: int


class Vocabulary:
    """n-gram or concept → column, with inverse document frequencies."""

    def __init__(self, terms: Sequence[str], idf: np.ndarray, concepts: Concepts) -> None:
        self._columns = {term: column for column, term in enumerate(terms)}
        self.idf = idf
        self.concepts = concepts

    def __len__(self) -> int:
        return len(self._columns)

    @classmethod
    def learn(cls, messages: Iterable[list[str]], min_count: int, concepts: Concepts) -> Vocabulary:
        """Keeps n-grams that stand in at least ``min_count`` messages."""
        counts: Counter[str] = Counter()
        total = 0
        for tokens in messages:
            counts.update(set(_terms(tokens, concepts)))
            total += 1
        terms = sorted(term for term, count in counts.items() if count >= min_count)
        idf = np.array([np.log((1 + total) / (1 + counts[term])) + 1 for term in terms], dtype=np.float32)
        return cls(terms, idf, concepts)

    def features(self, tokens: list[str]) -> Features:
        """Terms outside the vocabulary are dropped; a message without any gives empty arrays."""
        columns = self._columns
        found = {columns[term] for term in _terms(tokens, self.concepts) if term in columns}
        indices = np.fromiter(found, dtype=np.int32, count=len(found))
        values = self.idf[indices]
        norm = float(np.sqrt((values * values).sum()))
        return Features(indices, values / norm if norm else values, len(columns))

    def save(self, folder: Path) -> None:
        """Writes ``vocabulary.json``, ``concepts.json`` and ``idf.npy``."""
        terms = sorted(self._columns, key=self._columns.__getitem__)
        (folder / "vocabulary.json").write_text(json.dumps(terms, ensure_ascii=False), encoding="utf-8")
        (folder / "concepts.json").write_text(json.dumps(self.concepts.tables, ensure_ascii=False), encoding="utf-8")
        np.save(folder / "idf.npy", self.idf, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Reads what :meth:`save` wrote."""
        terms = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        concepts = Concepts(json.loads((folder / "concepts.json").read_text(encoding="utf-8")))
        return cls(terms, np.load(folder / "idf.npy", allow_pickle=False), concepts)


def _terms(tokens: list[str], concepts: Concepts) -> Iterator[str]:
    yield from ngrams(tokens)
    yield from concept_features(concepts.find(tokens))


def matrix(rows: Sequence[Features]) -> Any:
    """Rows of features as a scipy CSR matrix (training only)."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    starts = np.cumsum([0] + [len(row.indices) for row in rows])
    return csr_matrix(
        (np.concatenate([r.values for r in rows]), np.concatenate([r.indices for r in rows]), starts),
        shape=(len(rows), rows[0].size),
    )


@dataclass(frozen=True)
class LinearModel:
    """``weights`` (features × labels, float32), ``bias`` (labels,), ``labels``. ``kind``: softmax or sigmoid."""

    labels: list[str]
    weights: np.ndarray
    bias: np.ndarray
    kind: str

    def probabilities(self, features: Features) -> np.ndarray:
        """One number per label; softmax sums to 1, sigmoid labels are independent."""
        scores = self.bias + features.values @ self.weights[features.indices]
        if self.kind == "softmax":
            scores = np.exp(scores - scores.max())
            return scores / scores.sum()
        return 1 / (1 + np.exp(-scores))

    def save(self, folder: Path, name: str) -> None:
        """Writes ``<name>.json`` and ``<name>.npz``; nothing is pickled."""
        head = {"labels": self.labels, "kind": self.kind}
        (folder / f"{name}.json").write_text(json.dumps(head), encoding="utf-8")
        np.savez_compressed(folder / f"{name}.npz", weights=self.weights.astype(np.float16), bias=self.bias)

    @classmethod
    def load(cls, folder: Path, name: str) -> LinearModel:
        """Reads what :meth:`save` wrote."""
        head = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
            return cls(head["labels"], arrays["weights"].astype(np.float32), arrays["bias"], head["kind"])


def train_softmax(rows: Any, targets: Sequence[str], strength: float, weights: Any = None) -> LinearModel:
    """Multinomial logistic regression; ``strength`` is scikit-learn's C (larger: less regularised)."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    model = LogisticRegression(C=strength, max_iter=300, tol=1e-3, solver="lbfgs")
    model.fit(rows, list(targets), sample_weight=weights)
    coefficients, bias = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients, bias = np.vstack([-coefficients, coefficients]) / 2, np.hstack([-bias, bias]) / 2
    return LinearModel(
        [str(label) for label in model.classes_],
        np.ascontiguousarray(coefficients.T, dtype=np.float32),
        bias.astype(np.float32),
        "softmax",
    )


def train_sigmoid(rows: Any, targets: dict[str, np.ndarray], strength: float, balance: float = 1.0) -> LinearModel:
    """One binary logistic regression per label; ``balance`` multiplies the weight of the positives."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    labels = sorted(targets)
    columns, bias = [], []
    for label in labels:
        model = LogisticRegression(C=strength, solver="liblinear", class_weight={0: 1.0, 1: balance})
        model.fit(rows, targets[label].astype(int))
        columns.append(model.coef_[0])
        bias.append(model.intercept_[0])
    return LinearModel(
        labels,
        np.ascontiguousarray(np.array(columns).T, dtype=np.float32),
        np.array(bias, dtype=np.float32),
        "sigmoid",
    )
