"""Reads ``nlu/`` for Rasa: its own reader with libyaml, each file once (Rasa's takes minutes over our examples)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Self

import yaml
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import cached_method


class Example(Message):
    """A training example. What identifies it never changes, so it is compared and copied cheaply."""

    def fingerprint(self) -> str:
        """Of text, intent and block, whatever features are added later."""
        known: str | None = getattr(self, "_identity", None)
        if known is None:
            said = repr((self.get(TEXT), self.get(INTENT), self.get("metadata"), self.get("entities")))
            known = self._identity = hashlib.md5(said.encode(), usedforsecurity=False).hexdigest()
        return known

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class Reader(RasaYAMLReader):
    """Rasa's reader of training data, with the C parser. Raises ValueError naming file and block."""

    def reads(self, string: str, **kwargs: Any) -> TrainingData:
        """As Rasa's, but the checks of its slow schema are those that our files need."""
        content = yaml.load(string, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        blocks = content.get("nlu") if isinstance(content, dict) else None
        if not isinstance(blocks, list):
            raise ValueError(f"{self.filename}: a list under 'nlu' was expected")
        for number, block in enumerate(blocks, 1):
            if not isinstance(block, dict) or not isinstance(block.get("examples"), str):
                raise ValueError(f"{self.filename}: block {number} has no 'examples: |'")
        self._parse_nlu(blocks)
        return TrainingData(
            [Example(message.data) for message in self.training_examples],
            self.entity_synonyms,
            self.regex_features,
            self.lookup_tables,
        )


class Importer(RasaFileImporter):
    """``importers:`` of config.yml: everything as Rasa's file importer, except that examples are read quickly."""

    @cached_method
    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """All examples and lookup tables."""
        parts = []
        for file in sorted(self._nlu_files):
            reader = Reader()
            reader.filename = file
            try:
                parts.append(reader.reads(Path(file).read_text(encoding="utf-8")))
            except yaml.YAMLError as error:
                raise ValueError(f"{file}: {error}") from error
        return TrainingData().merge(*parts)
