"""The quick reader of examples against Rasa's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot import rasa_seams

rasa_seams.install()

from bot.understanding.importer import Importer  # noqa: E402

EXAMPLES = """version: "3.1"
nlu:
- intent: check_offer
  metadata: {language: fr, signs: [free_travel], urgent: true}
  examples: |
    - on part demain, c'est bon ?
    - il paie tout : le voyage aussi
    - il paie tout : le voyage aussi
- intent: greet
  metadata: {language: ha}
  examples: |
    - Sannu ƙwarai
    - 0
- lookup: fr.PAY
  examples: |
    - paie*
    - règle tout
"""


def seen(importer: Any) -> tuple[list[str], list[Any]]:
    data = importer.get_nlu_data()
    return sorted(repr(sorted(message.data.items())) for message in data.training_examples), data.lookup_tables


def test_examples_blocks_and_lookups_are_those_that_rasa_reads(tmp_path: Path) -> None:
    from rasa.shared.importers.rasa import RasaFileImporter

    (tmp_path / "a.yml").write_text(EXAMPLES, encoding="utf-8")
    (tmp_path / "b.yml").write_text(EXAMPLES.replace("greet", "thank").replace("fr.PAY", "ha.PAY"), encoding="utf-8")
    paths = [str(tmp_path)]
    assert seen(Importer(None, None, paths)) == seen(RasaFileImporter(None, None, paths))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("version: '3.1'\nnlu:\n- intent: greet\n  examples: |\n  - x\n   y: [", "a.yml"),
        ("version: '3.1'\nnlu: nothing\n", "a list under 'nlu'"),
        ("version: '3.1'\nnlu:\n- intent: greet\n", "block 1 has no 'examples: |'"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "a.yml"
    file.write_text(text, encoding="utf-8")
    importer = Importer(None, None, [])
    importer._nlu_files = [str(file)]
    with pytest.raises(ValueError, match=re.escape(reason)) as caught:
        importer.get_nlu_data()
    assert str(file) in str(caught.value)
