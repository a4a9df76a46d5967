"""Vocabularies of hashed terms, and models written as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding.linear import Features, LinearModel, Vocabulary, matrix, train_softmax

TERMS = st.lists(st.text(min_size=1, max_size=8).map("w:".__add__), max_size=20)
KNOWN = [["w:a", "c:_a", "k:PAY"], ["w:a", "c:_a"], ["w:b", "k:PAY"]]


@given(TERMS, st.randoms())
def test_features_do_not_depend_on_order_or_repetition(terms: list[str], random: object) -> None:
    vocabulary = Vocabulary.learn([terms, terms[:3]], 1)
    once = vocabulary.features(terms)
    shuffled = [*terms, *terms[:2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = vocabulary.features(shuffled)
    assert once.indices.tolist() == again.indices.tolist()
    assert len(once.indices) == len(set(terms))
    assert once.size == len(vocabulary)


def test_rare_and_unknown_terms_are_dropped_and_each_kind_has_length_one() -> None:
    vocabulary = Vocabulary.learn(KNOWN, 2)
    assert len(vocabulary) == 3
    found = vocabulary.features(["w:a", "c:_a", "k:PAY", "w:b", "w:never"])
    assert found.values.tolist() == [1.0, 1.0, 1.0]
    assert vocabulary.features(["w:never"]).indices.tolist() == []


def test_a_vocabulary_comes_back_from_disk(tmp_path: Path) -> None:
    vocabulary = Vocabulary.learn(KNOWN, 1)
    vocabulary.save(tmp_path)
    again = Vocabulary.load(tmp_path).features(KNOWN[0])
    assert again.indices.tolist() == vocabulary.features(KNOWN[0]).indices.tolist()
    assert again.values.tolist() == vocabulary.features(KNOWN[0]).values.tolist()


def test_a_model_comes_back_from_disk_and_softmax_sums_to_one(tmp_path: Path) -> None:
    features = Vocabulary.learn(KNOWN, 1).features(KNOWN[0])
    weights = np.arange(features.size * 3, dtype=np.float16).reshape(-1, 3)
    model = LinearModel(["x", "y", "z"], weights, np.zeros(3, np.float32), "softmax")
    model.save(tmp_path, "intent")
    p = LinearModel.load(tmp_path, "intent").probabilities(features)
    assert p.tolist() == model.probabilities(features).tolist()
    assert abs(p.sum() - 1) < 1e-6


def test_halves_learned_from_alone_do_not_lean_on_each_other() -> None:
    """Where both halves say the same and one is louder, the quiet one is still learned."""
    rows = matrix(
        [
            Features(np.array([label, 2 + label], np.int32), np.array([1, 0.2], np.float32), 4)
            for label in (0, 1)
            for _ in range(30)
        ]
    )
    labels = ["a"] * 30 + ["b"] * 30
    quiet = Features(np.array([2], np.int32), np.array([0.2], np.float32), 4)
    together, also_alone = train_softmax(rows, labels, 1.0), train_softmax(rows, labels, 1.0, split=2)
    assert also_alone.labels == ["a", "b"]
    assert also_alone.probabilities(quiet)[0] > together.probabilities(quiet)[0] + 0.05


def test_a_class_of_one_message_stops_no_training() -> None:
    one = [Features(np.array([column], np.int32), np.array([1], np.float32), 3) for column in (0, 1)]
    alone = Features(np.array([2], np.int32), np.array([1], np.float32), 3)
    model = train_softmax(matrix([*one * 20, alone]), ["a", "b"] * 20 + ["c"], 1.0)
    assert model.labels == ["a", "b", "c"]
    assert model.labels[model.probabilities(one[0]).argmax()] == "a"
