"""What our Rasa graph components share: how they are created, loaded and where they keep their arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

WORDS = "words"
SPELLED = "spelled"
KNOWN = "some_word_known"
NGRAMS = "ngram_features"
FEATURES = "features_with_concepts"
LANGUAGE = "language"
LANGUAGE_CONFIDENCE = "language_confidence"
SIGNS = "signs"
URGENT = "urgent"
URGENT_SCORE = "urgent_score"
PERHAPS_URGENT = "perhaps_urgent"


class UnderstandingComponent(GraphComponent):
    """Base of the trainable components. Subclasses implement ``_save(folder)`` and ``_load(folder)``."""

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self.config = config
        self._model_storage = model_storage
        self._resource = resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Self:
        """Creates an untrained component (Rasa's interface)."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Self:
        """Loads a trained component (Rasa's interface)."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._load(Path(folder))
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets the component's properties on each message."""
        raise NotImplementedError

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """The same for training examples (those that have words: others stand for actions)."""
        self.process([message for message in training_data.training_examples if message.get(WORDS) is not None])
        return training_data

    def persist(self) -> None:
        """Writes the component's arrays into the model."""
        with self._model_storage.write_to(self._resource) as folder:
            self._save(Path(folder))

    def _save(self, folder: Path) -> None:
        raise NotImplementedError

    def _load(self, folder: Path) -> None:
        raise NotImplementedError


def block_metadata(message: Any) -> dict[str, Any]:
    """The metadata of the training block that ``message`` stands in (docs/understanding.md)."""
    return (message.get("metadata") or {}).get("intent") or {}
