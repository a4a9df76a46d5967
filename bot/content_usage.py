"""Which content keys the program says: read from its own source, the domain's responses and the lists of signs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
DOMAIN = ROOT / "bot" / "domain.yml"
_SAYING = {"say": 2, "_say": 1, "Say": 1, "replies": 1, "_tell": 4, "_text": 1, "text": 1}
"""Functions that say a key → among how many first arguments it is the first text."""
_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_MIN_PATTERN_LETTERS = 4


@dataclass(frozen=True)
class Usage:
    """``said``: keys that must exist. ``mentioned``, ``patterns``, ``endings``: where a key may also come from.

    ``places`` gives file and line of each key that is said.
    """

    said: frozenset[str]
    places: dict[str, str]
    mentioned: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    endings: frozenset[str]

    @staticmethod
    def of_code() -> Usage:
        """The program's own usage, read once."""
        return _of_code()

    def unused(self, keys: Iterable[str], named_by_content: Iterable[str]) -> list[str]:
        """The keys that nothing says."""
        everything = set(keys)
        named = self.said | self.mentioned | set(named_by_content)

        def used(key: str) -> bool:
            if key in named or any(pattern.fullmatch(key) for pattern in self.patterns):
                return True
            bases = (key.removesuffix(ending) for ending in self.endings if key.endswith(ending))
            return any(base in everything and used(base) for base in bases)

        return sorted(key for key in everything if not used(key))

    def missing(self, keys: Iterable[str]) -> list[tuple[str, str]]:
        """(place in the code, key) of each key that is said and does not exist."""
        return sorted((self.places[key], key) for key in self.said - set(keys))


@cache
def _of_code() -> Usage:
    said: dict[str, str] = {}
    mentioned: set[str] = set()
    patterns: dict[str, re.Pattern[str]] = {}
    endings: set[str] = set()
    for path in sorted((*(ROOT / "bot").rglob("*.py"), *(ROOT / "webhook").rglob("*.py"))):
        if "simulator" in path.parts or path.parent.name == "understanding":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        shown = path.relative_to(ROOT)
        for node in ast.walk(tree):
            for key in _said(node):
                said.setdefault(key, f"{shown}:{getattr(node, 'lineno', 1)}")
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if _KEY.fullmatch(node.value):
                    mentioned.add(node.value)
                elif node.value.startswith("_") and _KEY.fullmatch(node.value[1:]):
                    endings.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [str(v.value) if isinstance(v, ast.Constant) else None for v in node.values]
                if sum(len(part or "") for part in parts) >= _MIN_PATTERN_LETTERS and _key_like(parts):
                    text = "".join("[a-z0-9_]+" if part is None else re.escape(part) for part in parts)
                    patterns[text] = re.compile(text)
    for key, place in _listed():
        said.setdefault(key, place)
    return Usage(frozenset(said), said, frozenset(mentioned), tuple(patterns.values()), frozenset(endings))


def _key_like(parts: list[str | None]) -> bool:
    return None in parts and all(part is None or re.fullmatch(r"[a-z0-9_]*", part) for part in parts)


def _said(node: ast.AST) -> Iterator[str]:
    """Keys given as such: ``say(dispatcher, "x")``, ``Say("x")``, ``wording.text("x", …)``, ``{"key": "x"}``."""
    if isinstance(node, ast.Call):
        function = node.func
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        of_wording = isinstance(function, ast.Attribute) and "wording" in ast.unparse(function.value)
        if name in _SAYING and (name != "text" or of_wording):
            for argument in node.args[: _SAYING[name]]:
                found = list(_constants(argument))
                if found:
                    yield from (key for key in found if _KEY.fullmatch(key))
                    break
    elif isinstance(node, ast.Dict):
        for name_node, value in zip(node.keys, node.values, strict=True):
            if isinstance(name_node, ast.Constant) and name_node.value == "key":
                yield from (key for key in _constants(value) if _KEY.fullmatch(key))


def _constants(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)


def _listed() -> Iterator[tuple[str, str]]:
    """Keys made from lists that the program goes through."""
    from bot.offer import QUESTIONS, UNVERIFIED, weights  # noqa: PLC0415

    for sign in weights():
        yield f"sign_{sign}", "bot/signs.yml"
        if sign != UNVERIFIED:
            yield f"sign_{sign}_ask", "bot/signs.yml"
    for question in QUESTIONS:
        yield question.key, "bot/offer.py"
        yield f"{question.key}_relative", "bot/offer.py"
        if len(question.signs) > 1:
            yield question.which_key, "bot/offer.py"
        for ask in question.unverified:
            yield ask, "bot/offer.py"
    for grade in ("strong", "some", "unknown", "none"):
        yield f"offer_result_{grade}", "bot/offer.py"
    for name in domain()["responses"]:
        yield name.removeprefix("utter_"), "bot/domain.yml"


@cache
def domain() -> dict[str, dict[str, None]]:
    """Names in bot/domain.yml by kind: ``intents``, ``entities``, ``responses``."""
    data = yaml.load(DOMAIN.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    names: dict[str, dict[str, None]] = {}
    for kind in ("intents", "entities", "responses"):
        items = data.get(kind) or ()
        names[kind] = dict.fromkeys(str(next(iter(item)) if isinstance(item, dict) else item) for item in items)
    return names
