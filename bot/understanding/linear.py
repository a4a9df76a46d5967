"""Linear models over n-gram features, stored as arrays and JSON. Training needs scikit-learn, answering only numpy."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

CALIBRATION_FOLDS = 3
BLOCKS = {"n": 0, "w": 0, "b": 0, "c": 1, "k": 2, "o": 2, "p": 2}
"""Which block a term belongs to, by its first letter."""


@dataclass(frozen=True)
class Features:
    """A message as a sparse vector of length ``size``: ``indices`` (int32) and their ``values`` (float32).

    Words, character n-grams and concepts are each a unit vector: together they count alike, however many there are.
    """

    indices: np.ndarray
    values: np.ndarray
    size: int

    def fingerprint(self) -> str:
        """For Rasa's cache, which would otherwise print every array of every example to compare it."""
        return hashlib.md5(self.indices.tobytes(), usedforsecurity=False).hexdigest()

    def times(self, factor: float) -> Features:
        """The same columns, every value multiplied."""
        return Features(self.indices, self.values * np.float32(factor), self.size)

    def with_more(self, more: Features) -> Features:
        """The columns of ``more`` behind these."""
        return Features(
            np.concatenate((self.indices, more.indices + self.size)),
            np.concatenate((self.values, more.values)),
            self.size + more.size,
        )


class Vocabulary:
    """Term → column, with inverse document frequencies."""

    def __init__(self, terms: Sequence[str], idf: np.ndarray) -> None:
        self._columns = {term: column for column, term in enumerate(terms)}
        self._blocks = np.array([BLOCKS[term[0]] for term in terms], dtype=np.int32)
        self.idf = idf

    def __len__(self) -> int:
        return len(self._columns)

    @classmethod
    def learn(cls, messages: Iterable[Iterable[str]], min_count: int) -> Vocabulary:
        """From the terms of each message; keeps those of at least ``min_count`` messages."""
        counts: Counter[str] = Counter()
        total = 0
        for terms in messages:
            counts.update(set(terms))
            total += 1
        kept = sorted(term for term, count in counts.items() if count >= min_count)
        idf = np.array([np.log((1 + total) / (1 + counts[term])) + 1 for term in kept], dtype=np.float32)
        return cls(kept, idf)

    def features(self, terms: Iterable[str]) -> Features:
        """Terms outside the vocabulary are dropped; a message without any gives empty arrays."""
        columns = self._columns
        found = {columns[term] for term in terms if term in columns}
        indices = np.fromiter(found, dtype=np.int32, count=len(found))
        values = self.idf[indices]
        blocks = self._blocks[indices]
        norms = np.sqrt(np.bincount(blocks, values * values, minlength=3))
        return Features(indices, (values / norms[blocks]).astype(np.float32), len(columns))

    def save(self, folder: Path) -> None:
        """Writes ``vocabulary.json`` and ``idf.npy``."""
        terms = sorted(self._columns, key=self._columns.__getitem__)
        (folder / "vocabulary.json").write_text(json.dumps(terms, ensure_ascii=False), encoding="utf-8")
        np.save(folder / "idf.npy", self.idf, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Reads what :meth:`save` wrote."""
        terms = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        return cls(terms, np.load(folder / "idf.npy", allow_pickle=False))


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
            return np.asarray(scores / scores.sum())
        return np.asarray(1 / (1 + np.exp(-scores)))

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


def train_softmax(rows: Any, targets: Sequence[str], strength: float) -> LinearModel:
    """One-against-the-rest linear support vectors, their scores scaled to probabilities.

    ``strength`` is scikit-learn's C (larger: less regularised). As accurate as multinomial logistic regression here and
    forty times faster to train; the temperature of the softmax is fitted on scores of held-out folds.
    """
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    labels = np.array(targets)
    names = np.unique(labels)
    scores = np.zeros((len(labels), len(names)))
    for train, test in StratifiedKFold(CALIBRATION_FOLDS, shuffle=True, random_state=0).split(rows, labels):
        fold = LinearSVC(C=strength, random_state=0, tol=1e-3).fit(rows[train], labels[train])
        found = fold.decision_function(rows[test])
        columns = np.searchsorted(names, fold.classes_)
        scores[np.ix_(test, columns)] = found if found.ndim > 1 else np.stack([-found, found], axis=1)
    scale = _best_scale(scores, np.searchsorted(names, labels))
    model = LinearSVC(C=strength, random_state=0, tol=1e-3).fit(rows, labels)
    weights, bias = model.coef_, model.intercept_
    if len(names) == 2:
        weights, bias = np.vstack([-weights, weights]), np.hstack([-bias, bias])
    return LinearModel(
        [str(name) for name in names],
        np.ascontiguousarray(scale * weights.T, dtype=np.float32),
        (scale * bias).astype(np.float32),
        "softmax",
    )


def _best_scale(scores: np.ndarray, gold: np.ndarray) -> float:
    """The factor under which softmax(scores) has the least cross entropy."""

    def loss(scale: float) -> float:
        scaled = scale * scores
        scaled -= scaled.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(gold)), gold]))

    return min((float(s) for s in np.geomspace(0.5, 12, 40)), key=loss)


def train_labels(rows: Any, targets: dict[str, np.ndarray], strength: float, balance: float) -> LinearModel:
    """One binary linear model per label; ``balance`` multiplies the weight of the positives (they are few).

    The scores are not calibrated: 0.5 is the side of the plane, and the threshold is the configuration's business.
    """
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    labels = sorted(targets)
    columns, bias = [], []
    for label in labels:
        model = LinearSVC(C=strength, random_state=0, tol=1e-2, class_weight={0: 1.0, 1: balance})
        model.fit(rows, targets[label].astype(int))
        columns.append(model.coef_[0])
        bias.append(model.intercept_[0])
    return LinearModel(
        labels,
        np.ascontiguousarray(np.array(columns).T, dtype=np.float32),
        np.array(bias, dtype=np.float32),
        "sigmoid",
    )
