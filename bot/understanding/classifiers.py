"""Pipeline steps 2 to 4: language, intent, and signs with urgency, each a linear model over the shared features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.component import (
    FEATURES,
    LANGUAGE,
    LANGUAGE_CONFIDENCE,
    NGRAMS,
    PERHAPS_URGENT,
    SIGNS,
    URGENT,
    URGENT_SCORE,
    WORDS,
    UnderstandingComponent,
    block_metadata,
)
from bot.understanding.linear import LinearModel, matrix, train_labels, train_softmax

CLASSIFIER = DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER


def _examples(training_data: TrainingData) -> list[Message]:
    return [m for m in training_data.intent_examples if m.get(WORDS)]


def _rows(messages: list[Message], kind: str = FEATURES) -> Any:
    return matrix([m.get(kind) for m in messages])


@DefaultV1Recipe.register(CLASSIFIER, is_trainable=True)
class LanguageIdentifier(UnderstandingComponent, IntentClassifier):
    """Sets ``language`` and ``language_confidence`` (0…1) from the languages of the training blocks."""

    model: LinearModel

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``strength``: C of the linear support vectors."""
        return {"strength": 1.0}

    def train(self, training_data: TrainingData) -> Resource:
        """Fits one class per language named in the examples' metadata."""
        examples = _examples(training_data)
        targets = [block_metadata(m).get("language") or "" for m in examples]
        if "" in targets:
            example = examples[targets.index("")]
            raise ValueError(f"an example of intent '{example.get(INTENT)}' has no metadata.language")
        self.model = train_softmax(_rows(examples, NGRAMS), targets, self.config["strength"])
        self.persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the two properties on each message."""
        for message in messages:
            p = self.model.probabilities(message.get(NGRAMS))
            best = int(p.argmax())
            message.set(LANGUAGE, self.model.labels[best], add_to_output=True)
            message.set(LANGUAGE_CONFIDENCE, float(p[best]), add_to_output=True)
        return messages

    def _save(self, folder: Path) -> None:
        self.model.save(folder, "language")

    def _load(self, folder: Path) -> None:
        self.model = LinearModel.load(folder, "language")


@DefaultV1Recipe.register(CLASSIFIER, is_trainable=True)
class NgramIntentClassifier(UnderstandingComponent, IntentClassifier):
    """Sets ``intent`` and the three best in ``intent_ranking``."""

    model: LinearModel

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``strength``: C of the linear support vectors."""
        return {"strength": 0.7}

    def train(self, training_data: TrainingData) -> Resource:
        """Fits one class per intent over all languages together."""
        examples = _examples(training_data)
        self.model = train_softmax(_rows(examples), [m.get(INTENT) for m in examples], self.config["strength"])
        self.persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the two properties on each message."""
        labels = self.model.labels
        for message in messages:
            p = self.model.probabilities(message.get(FEATURES))
            order = np.argsort(-p)[:3]
            ranking = [{INTENT_NAME_KEY: labels[i], PREDICTED_CONFIDENCE_KEY: float(p[i])} for i in order]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def _save(self, folder: Path) -> None:
        self.model.save(folder, "intent")

    def _load(self, folder: Path) -> None:
        self.model = LinearModel.load(folder, "intent")


@DefaultV1Recipe.register(CLASSIFIER, is_trainable=True)
class SignRecogniser(UnderstandingComponent, IntentClassifier):
    """Sets ``signs`` (ids of bot/signs.yml said in the text), ``urgent_score`` (0…1), ``urgent`` above the upper
    threshold, and ``perhaps_urgent`` between the two."""

    signs: LinearModel
    urgency: LinearModel

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``sign_threshold``; ``urgent_above`` and ``ask_above``: upper and lower threshold of ``urgent_score``.

        ``silent_share``: one in this many messages without a sign is used to learn the signs.
        """
        return {
            "strength": 0.5,
            "urgent_strength": 0.3,
            "sign_balance": 2.0,
            "sign_threshold": 0.5,
            "silent_share": 3,
            "urgent_above": 0.36,
            "ask_above": 0.08,
        }

    def train(self, training_data: TrainingData) -> Resource:
        """Fits one binary model per sign, and one for urgency."""
        examples = _examples(training_data)
        rows = _rows(examples)
        metadata = [block_metadata(m) for m in examples]
        names = sorted({sign for block in metadata for sign in block.get("signs") or ()})
        targets = {name: np.array([name in (block.get("signs") or ()) for block in metadata]) for name in names}
        # Most messages say no sign at all; one in a few of those is enough to learn from, and forty models are fitted.
        used = [i for i, b in enumerate(metadata) if b.get("signs") or i % self.config["silent_share"] == 0]
        self.signs = train_labels(
            rows[used],
            {name: found[used] for name, found in targets.items()},
            self.config["strength"],
            self.config["sign_balance"],
        )
        urgent = [URGENT if block.get("urgent") else "" for block in metadata]
        self.urgency = train_softmax(rows, urgent, self.config["urgent_strength"])
        self.persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the three properties on each message."""
        threshold, above = self.config["sign_threshold"], self.config["urgent_above"]
        for message in messages:
            features = message.get(FEATURES)
            p = self.signs.probabilities(features)
            score = float(self.urgency.probabilities(features)[self.urgency.labels.index(URGENT)])
            message.set(SIGNS, [self.signs.labels[i] for i in np.flatnonzero(p > threshold)], add_to_output=True)
            message.set(URGENT_SCORE, score, add_to_output=True)
            message.set(URGENT, score > above, add_to_output=True)
            message.set(PERHAPS_URGENT, self.config["ask_above"] < score <= above, add_to_output=True)
        return messages

    def _save(self, folder: Path) -> None:
        self.signs.save(folder, "signs")
        self.urgency.save(folder, "urgency")

    def _load(self, folder: Path) -> None:
        self.signs = LinearModel.load(folder, "signs")
        self.urgency = LinearModel.load(folder, "urgency")
