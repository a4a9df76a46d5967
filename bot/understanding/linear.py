"""Linear models over n-gram features, stored as arrays and JSON. Training needs scikit-learn, answering only numpy."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

CALIBRATION_FOLDS = 3
BLOCKS = {"n": 0, "w": 0, "b": 0, "c": 1, "k": 2, "o": 2, "p": 2, "x": 3}
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

    def with_more(self, more: Features) -> Features:
        """The columns of ``more`` behind these."""
        return Features(
            np.concatenate((self.indices, more.indices + self.size)),
            np.concatenate((self.values, more.values)),
            self.size + more.size,
        )


class Vocabulary:
    """Term → column, with inverse document frequencies.

    Terms are kept as their CRC-32 only, sorted: a megabyte where a dictionary of strings takes thirty. Of 200,000 terms
    about five pairs share a number, and then count as one term.
    """

    def __init__(self, numbers: np.ndarray, blocks: np.ndarray, idf: np.ndarray) -> None:
        self._numbers = numbers
        self._blocks = blocks
        self._idf = idf

    def __len__(self) -> int:
        return len(self._numbers)

    @classmethod
    def learn(cls, messages: Iterable[Iterable[str]], min_count: int) -> Vocabulary:
        """From the terms of each message; keeps those of at least ``min_count`` messages."""
        counts: Counter[str] = Counter()
        total = 0
        for terms in messages:
            counts.update(set(terms))
            total += 1
        kept = {checksum(term): term for term, count in counts.items() if count >= min_count}
        numbers = sorted(kept)
        idf = [np.log((1 + total) / (1 + counts[kept[number]])) + 1 for number in numbers]
        return cls(
            np.array(numbers, dtype=np.uint32),
            np.array([BLOCKS[kept[number][0]] for number in numbers], dtype=np.uint8),
            np.array(idf, dtype=np.float32),
        )

    def features(self, terms: Iterable[str]) -> Features:
        """Terms outside the vocabulary are dropped; a message without any gives empty arrays."""
        said = np.array(sorted({checksum(term) for term in terms}), dtype=np.uint32)
        places = np.searchsorted(self._numbers, said)
        places = places[places < len(self._numbers)]
        indices = places[self._numbers[places] == said[: len(places)]].astype(np.int32)
        values = self._idf[indices]
        blocks = self._blocks[indices]
        norms = np.sqrt(np.bincount(blocks, values * values, minlength=4))
        return Features(indices, (values / norms[blocks]).astype(np.float32), len(self))

    def save(self, folder: Path) -> None:
        """Writes ``vocabulary.npz``."""
        np.savez(folder / "vocabulary.npz", numbers=self._numbers, blocks=self._blocks, idf=self._idf)

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """Reads what :meth:`save` wrote."""
        with np.load(folder / "vocabulary.npz", allow_pickle=False) as arrays:
            return cls(arrays["numbers"], arrays["blocks"], arrays["idf"])


def checksum(term: str) -> int:
    """CRC-32 of a term: four bytes to look it up by, the same on every machine."""
    return zlib.crc32(term.encode())


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
    """``weights`` (features × labels, float16: half the memory, no error seen), ``bias`` (labels,), ``labels``.

    ``kind``: softmax or sigmoid.
    """

    labels: list[str]
    weights: np.ndarray
    bias: np.ndarray
    kind: str

    def probabilities(self, features: Features) -> np.ndarray:
        """One number per label; softmax sums to 1, sigmoid labels are independent."""
        scores = self.bias + features.values @ self.weights[features.indices].astype(np.float32)
        if self.kind == "softmax":
            scores = np.exp(scores - scores.max())
            return np.asarray(scores / scores.sum())
        return np.asarray(1 / (1 + np.exp(-scores)))

    def save(self, folder: Path, name: str) -> None:
        """Writes ``<name>.json`` and ``<name>.npz``; nothing is pickled."""
        head = {"labels": self.labels, "kind": self.kind}
        (folder / f"{name}.json").write_text(json.dumps(head), encoding="utf-8")
        np.savez_compressed(folder / f"{name}.npz", weights=self.weights, bias=self.bias)

    @classmethod
    def load(cls, folder: Path, name: str) -> LinearModel:
        """Reads what :meth:`save` wrote."""
        head = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
            return cls(head["labels"], arrays["weights"], arrays["bias"], head["kind"])


def train_softmax(rows: Any, targets: Sequence[str], strength: float, split: int = 0) -> LinearModel:
    """One-against-the-rest linear support vectors, their scores scaled to probabilities.

    ``strength`` is scikit-learn's C (larger: less regularised). As accurate as multinomial logistic regression here and
    forty times faster to train; the temperature of the softmax is fitted on the scores of a held-out fold.
    ``split``: the columns before it and those from it on are also learned from alone, and the three scores added (still
    one matrix). Neither half can then lean on the other: half a point for intents, one for urgency, slips or not.
    """
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415

    labels = np.array(targets)
    views = [slice(None), slice(0, split), slice(split, None)] if split else [slice(None)]
    # One part held out is enough to fit one number. A class of one message may be in no other part.
    fold, rest = next(StratifiedKFold(CALIBRATION_FOLDS, shuffle=True, random_state=0).split(rows, labels))
    rest = rest[np.isin(labels[rest], labels[fold])]
    parts = [(rows, labels), (rows[fold], labels[fold])]
    with ThreadPoolExecutor() as pool:  # liblinear runs outside the interpreter's lock
        fits = [[pool.submit(_planes, part[:, view], gold, strength) for view in views] for part, gold in parts]
        (weights, bias), (fold_weights, fold_bias) = (_added([fit.result() for fit in of]) for of in fits)
    gold = np.searchsorted(np.unique(labels[fold]), labels[rest])
    scale = _best_scale(rows[rest] @ fold_weights + fold_bias, gold)
    return LinearModel(
        [str(name) for name in np.unique(labels)],
        np.ascontiguousarray(scale * weights, dtype=np.float16),
        (scale * bias).astype(np.float32),
        "softmax",
    )


def _planes(rows: Any, labels: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights (features × classes) and bias (classes,) of linear support vectors."""
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    model = LinearSVC(C=strength, random_state=0, tol=1e-2).fit(rows, labels)
    weights, bias = model.coef_.T, model.intercept_
    if len(model.classes_) == 2:
        weights, bias = np.hstack([-weights, weights]), np.hstack([-bias, bias])
    return weights, bias


def _added(views: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """All columns together plus, when there are any, those learned from alone."""
    (weights, bias), *alone = views
    if alone:
        weights = weights + np.vstack([part for part, _ in alone])
        bias = bias + sum(part for _, part in alone)
    return weights, bias


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

    def fit(label: str) -> Any:
        model = LinearSVC(C=strength, random_state=0, tol=1e-2, class_weight={0: 1.0, 1: balance})
        return model.fit(rows, targets[label].astype(int))

    with ThreadPoolExecutor() as pool:
        models = list(pool.map(fit, labels))
    return LinearModel(
        labels,
        np.ascontiguousarray(np.array([model.coef_[0] for model in models]).T, dtype=np.float16),
        np.array([model.intercept_[0] for model in models], dtype=np.float32),
        "sigmoid",
    )
