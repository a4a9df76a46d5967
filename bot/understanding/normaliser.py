"""Pipeline step 1: the folded words of a message, and their n-gram features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.component import FEATURES, WORDS, UnderstandingComponent
from bot.understanding.concepts import Concepts
from bot.understanding.linear import Vocabulary
from bot.understanding.spelling import words


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class Normaliser(GraphComponent):
    """Sets ``words``: the message in one spelling."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Normaliser:
        """Creates the component (Rasa's interface)."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets ``words`` on each message."""
        for message in messages:
            message.set(WORDS, words(message.get(TEXT) or ""))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """The same for training examples."""
        self.process(training_data.training_examples)
        return training_data


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class NgramFeaturizer(UnderstandingComponent):
    """Sets ``ngram_features``, the sparse vector that every model below shares."""

    vocabulary: Vocabulary

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``min_count``: n-grams seen in fewer messages are dropped."""
        return {"min_count": 2}

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the vocabulary."""
        self.vocabulary = Vocabulary.learn(
            (message.get(WORDS) for message in training_data.training_examples if message.get(WORDS)),
            self.config["min_count"],
            Concepts.from_lookup_tables(training_data.lookup_tables),
        )
        self.persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the features of each message."""
        for message in messages:
            message.set(FEATURES, self.vocabulary.features(message.get(WORDS) or []))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """The same for training examples."""
        self.process([message for message in training_data.training_examples if message.get(WORDS) is not None])
        return training_data

    def _save(self, folder: Path) -> None:
        self.vocabulary.save(folder)

    def _load(self, folder: Path) -> None:
        self.vocabulary = Vocabulary.load(folder)
