"""Pipeline step 1: the folded words of a message, slips mended, their n-grams, and the concepts that they name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.understanding.component import (
    FEATURES,
    KNOWN,
    LANGUAGE,
    NGRAMS,
    SPELLED,
    WORDS,
    UnderstandingComponent,
    block_metadata,
)
from bot.understanding.concepts import Concepts, concept_features
from bot.understanding.lexicon import Lexicon, count_words
from bot.understanding.linear import Vocabulary
from bot.understanding.spelling import ngrams, words


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


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True)
class Speller(UnderstandingComponent):
    """Sets ``spelled``: the words of the message with slips mended. The words as typed stay beside it."""

    lexicon: Lexicon

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``min_count``: a word is known when examples and concepts say it this often."""
        return {"min_count": 2}

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the known words."""
        examples = (
            (block_metadata(message).get("language") or "", message.get(WORDS))
            for message in training_data.intent_examples
            if message.get(WORDS)
        )
        self.lexicon = Lexicon.learn(count_words(examples, training_data.lookup_tables), self.config["min_count"])
        self.persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets ``spelled``, and whether any word was known as typed, on each message."""
        for message in messages:
            message.set(KNOWN, self.lexicon.knows(message.get(WORDS) or []))
            message.set(SPELLED, self.lexicon.corrected(message.get(WORDS) or []))
        return messages

    def _save(self, folder: Path) -> None:
        self.lexicon.save(folder)

    def _load(self, folder: Path) -> None:
        self.lexicon = Lexicon.load(folder)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class NgramFeaturizer(UnderstandingComponent):
    """Sets the features of words and character n-grams."""

    vocabulary: Vocabulary

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``min_count``: n-grams seen in fewer messages are dropped."""
        return {"min_count": 3}

    def train(self, training_data: TrainingData) -> Resource:
        """Learns the vocabulary."""
        self.vocabulary = Vocabulary.learn(
            (self._terms(message) for message in training_data.training_examples if message.get(WORDS)),
            self.config["min_count"],
        )
        self.persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the features of each message."""
        for message in messages:
            message.set(NGRAMS, self.vocabulary.features(self._terms(message)))
        return messages

    @staticmethod
    def _terms(message: Message) -> Iterator[str]:
        return ngrams(message.get(SPELLED) or [], typed=message.get(WORDS))

    def _save(self, folder: Path) -> None:
        self.vocabulary.save(folder)

    def _load(self, folder: Path) -> None:
        self.vocabulary = Vocabulary.load(folder)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class ConceptFeaturizer(UnderstandingComponent):
    """Adds the features of concepts, looked up in the words of the message's language (after LanguageIdentifier)."""

    vocabulary: Vocabulary
    concepts: dict[str, Concepts]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``min_count``: as above. ``also``: languages borrowed from."""
        return {"min_count": 3, "also": {}}

    def train(self, training_data: TrainingData) -> Resource:
        """Learns which concepts and pairs of concepts occur; the languages are those of the lookup tables' names."""
        self.concepts = Concepts.by_language(training_data.lookup_tables, self.config["also"])
        self.vocabulary = Vocabulary.learn(
            (
                self._terms(message, block_metadata(message).get("language"))
                for message in self._examples(training_data)
            ),
            self.config["min_count"],
        )
        self.persist()
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Appends to the features of each message."""
        for message in messages:
            self._add(message, message.get(LANGUAGE))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """The same for training examples, by the language that their block names."""
        for message in self._examples(training_data):
            self._add(message, block_metadata(message).get("language"))
        return training_data

    def _add(self, message: Message, language: str | None) -> None:
        more = self.vocabulary.features(self._terms(message, language))
        message.set(FEATURES, message.get(NGRAMS).with_more(more))

    @staticmethod
    def _examples(training_data: TrainingData) -> list[Message]:
        return [message for message in training_data.training_examples if message.get(NGRAMS) is not None]

    def _terms(self, message: Message, language: str | None) -> list[str]:
        concepts = self.concepts.get(language or "")
        return list(concept_features(concepts.read(message.get(SPELLED) or []))) if concepts else []

    def _save(self, folder: Path) -> None:
        self.vocabulary.save(folder)
        tables = {language: concepts.tables for language, concepts in self.concepts.items()}
        (folder / "concepts.json").write_text(json.dumps(tables, ensure_ascii=False), encoding="utf-8")

    def _load(self, folder: Path) -> None:
        self.vocabulary = Vocabulary.load(folder)
        tables = json.loads((folder / "concepts.json").read_text(encoding="utf-8"))
        self.concepts = {language: Concepts(table) for language, table in tables.items()}
