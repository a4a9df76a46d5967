"""Pipeline steps 2 to 4: language, intent with urgency, and signs, each a linear model over the shared features."""

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
    KNOWN,
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
_URGENT = "|urgent"


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
            # Letters at random are of no language, whichever file has most of their kind.
            sure = float(p[best]) if message.get(KNOWN, True) else 1 / len(p)
            message.set(LANGUAGE_CONFIDENCE, sure, add_to_output=True)
        return messages

    def _save(self, folder: Path) -> None:
        self.model.save(folder, "language")

    def _load(self, folder: Path) -> None:
        self.model = LinearModel.load(folder, "language")


@DefaultV1Recipe.register(CLASSIFIER, is_trainable=True)
class NgramIntentClassifier(UnderstandingComponent, IntentClassifier):
    """Sets ``intent``, the three best in ``intent_ranking``, ``urgent_score`` (0…1), ``urgent`` above the upper
    threshold, and ``perhaps_urgent`` between the two.

    The classes are intents, each once for messages that are urgent and once for those that are not: urgency is found
    better so (1 to 3 points of recall), intents about half a point worse (docs/classifiers.md). ``urgent_score`` is the
    mean of what these classes and a model of urgency alone say, which is better than either where an urgent message
    asks for something else (a lawyer, a bed, to hang up).
    """

    model: LinearModel
    urgency: LinearModel
    intents: list[str]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``strength``: C of the linear support vectors.

        ``urgent_above`` and ``ask_above``: upper and lower threshold of ``urgent_score``.
        """
        return {"strength": 0.5, "urgent_strength": 0.3, "urgent_above": 0.28, "ask_above": 0.11}

    def train(self, training_data: TrainingData) -> Resource:
        """Fits all languages together."""
        examples = _examples(training_data)
        rows = _rows(examples)
        urgent = [_URGENT if block_metadata(m).get("urgent") else "" for m in examples]
        classes = [m.get(INTENT) + mark for m, mark in zip(examples, urgent, strict=True)]
        split = examples[0].get(NGRAMS).size
        self._use(train_softmax(rows, classes, self.config["strength"], split))
        self.urgency = train_softmax(rows, urgent, self.config["urgent_strength"], split)
        self.persist()
        return self._resource

    def _use(self, model: LinearModel) -> None:
        self.model = model
        of_class = [label.removesuffix(_URGENT) for label in model.labels]
        self.intents = sorted(set(of_class))
        self._intent_of_class = np.array([self.intents.index(intent) for intent in of_class])
        self._urgent = np.array([label.endswith(_URGENT) for label in model.labels])

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the properties on each message."""
        for message in messages:
            p = self.model.probabilities(message.get(FEATURES))
            of_intent = np.bincount(self._intent_of_class, p)
            best = np.argsort(-of_intent)[:3]
            ranking = [{INTENT_NAME_KEY: self.intents[i], PREDICTED_CONFIDENCE_KEY: float(of_intent[i])} for i in best]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
            alone = self.urgency.probabilities(message.get(FEATURES))[self.urgency.labels.index(_URGENT)]
            score = float(p[self._urgent].sum() + alone) / 2
            message.set(URGENT_SCORE, score, add_to_output=True)
            message.set(URGENT, score > self.config["urgent_above"], add_to_output=True)
            perhaps = self.config["ask_above"] < score <= self.config["urgent_above"]
            message.set(PERHAPS_URGENT, perhaps, add_to_output=True)
        return messages

    def _save(self, folder: Path) -> None:
        self.model.save(folder, "intent")
        self.urgency.save(folder, "urgency")

    def _load(self, folder: Path) -> None:
        self._use(LinearModel.load(folder, "intent"))
        self.urgency = LinearModel.load(folder, "urgency")


@DefaultV1Recipe.register(CLASSIFIER, is_trainable=True)
class SignRecogniser(UnderstandingComponent, IntentClassifier):
    """Sets ``signs``: ids of bot/signs.yml said in the text."""

    model: LinearModel

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``strength``: C. ``balance``: weight of an example with the sign against one without.

        ``silent_share``: one in this many messages without any sign is used to learn the signs.
        """
        return {"strength": 0.5, "balance": 2.0, "threshold": 0.45, "silent_share": 3}

    def train(self, training_data: TrainingData) -> Resource:
        """Fits one binary model per sign."""
        examples = _examples(training_data)
        signs = [block_metadata(m).get("signs") or () for m in examples]
        # Most messages say no sign at all; one in a few of those is enough to learn from, and forty models are fitted.
        used = [i for i, said in enumerate(signs) if said or i % self.config["silent_share"] == 0]
        names = sorted({name for said in signs for name in said})
        targets = {name: np.array([name in signs[i] for i in used]) for name in names}
        rows = _rows([examples[i] for i in used])
        self.model = train_labels(rows, targets, self.config["strength"], self.config["balance"])
        self.persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the property on each message."""
        for message in messages:
            p = self.model.probabilities(message.get(FEATURES))
            said = [self.model.labels[i] for i in np.flatnonzero(p > self.config["threshold"])]
            message.set(SIGNS, said, add_to_output=True)
        return messages

    def _save(self, folder: Path) -> None:
        self.model.save(folder, "signs")

    def _load(self, folder: Path) -> None:
        self.model = LinearModel.load(folder, "signs")
