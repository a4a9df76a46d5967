"""The content files as text: where each value stands, and edits that leave every other byte as it was.

A YAML library that writes a file back re-wraps, re-quotes and loses comments; an editor's file must come back the same.
So a change replaces the characters of one value, in the style in which it was written, and the result is read again
before it counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.catalogue import ContentError

VARIANTS = ("text", "sms", "voice", "neutral")
FIELDS = (*VARIANTS, "choices", "status", "reviewed_by", "reviewed_on", "of")
"""The fields of an entry, in the order in which they are written."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_PLAIN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
_BLOCK_HEADER = re.compile(r"[|>][+-]?[ \t]*(#.*)?$")


@dataclass(frozen=True)
class Place:
    """A value's characters ``start:end`` in the file, and the line (from 1) of its name."""

    start: int
    end: int
    line: int
    style: str | None = None


@dataclass(frozen=True)
class EntryPlaces:
    """Where an entry stands. ``titles`` and ``choice_lines`` have one item per choice."""

    key: str
    line: int
    indent: int
    flow: bool
    end: int
    fields: dict[str, Place]
    field_starts: dict[str, int]
    titles: tuple[Place | None, ...] = ()
    choice_lines: tuple[int, ...] = ()
    payloads: tuple[Place | None, ...] = ()

    def line_of(self, name: str) -> int:
        """The line of a field (``choice.2`` for a title), or the key's when the field is not there."""
        kind, _, number = name.partition(".")
        if kind == "choice" and 0 < int(number) <= len(self.choice_lines):
            return self.choice_lines[int(number) - 1]
        return self.fields[name].line if name in self.fields else self.line


@dataclass(frozen=True)
class Twice:
    """A key that stands a second time in one mapping: YAML would silently drop the first."""

    line: int
    key: str
    entry: str


@dataclass
class ContentFile:
    """One file: its characters (without byte order mark), what it says, and where."""

    path: Path
    text: str
    data: dict[str, Any]
    entries: dict[str, EntryPlaces] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    """Line of every top-level key, entry or not."""
    twice: list[Twice] = field(default_factory=list)
    mark: str = ""

    @classmethod
    def read(cls, path: Path) -> ContentFile:
        """Raises ContentError with file and line."""
        try:
            text = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ContentError(f"{path}: {error}") from error
        return cls.parse(path, text)

    @classmethod
    def parse(cls, path: Path, text: str) -> ContentFile:
        """The same for text that is not on disk yet."""
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        text = text.removeprefix(mark) if mark else text
        loader, root = None, None
        try:
            loader = _LOADER(text)
            root = loader.get_single_node()
            data = loader.construct_document(root) if root is not None else {}
        except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
            at = getattr(error, "problem_mark", None)
            line = f":{at.line + 1}" if at else ""
            raise ContentError(f"{path}{line}: {getattr(error, 'problem', None) or error}") from error
        finally:
            if loader is not None:
                loader.dispose()
        if not isinstance(data, dict):
            raise ContentError(f"{path}:1: a mapping of keys was expected")
        file = cls(path, text, data, mark=mark)
        for name, value in _pairs(root, file.twice, ""):
            key = str(name.value)
            file.lines[key] = name.start_mark.line + 1
            if isinstance(value, yaml.MappingNode):
                file.entries[key] = _entry(text, name, value, file.twice)
        return file


@dataclass(frozen=True)
class Edit:
    """Characters ``start:end`` become ``text``."""

    start: int
    end: int
    text: str


class Edits:
    """Changes to one file, made together by :meth:`result`."""

    def __init__(self, file: ContentFile) -> None:
        self._file = file
        self._edits: list[Edit] = []
        self._newline = "\r\n" if "\r\n" in file.text else "\n"
        self._wanted: dict[str, Any] = json.loads(json.dumps(file.data, default=str))
        self._added: dict[str, list[tuple[str, str]]] = {}
        self._appended: list[str] = []

    def set_field(self, key: str, name: str, value: str) -> None:
        """Sets a text field; adds it where it belongs when it is not there."""
        entry = self._file.entries[key]
        place = entry.fields.get(name)
        self._wanted[key][name] = value
        if place is None:
            self._added.setdefault(key, []).append((name, value))
        else:
            self._edits.append(self._replacement(place, value, entry.indent))

    def set_title(self, key: str, number: int, value: str) -> None:
        """Sets the title of a choice (from 1)."""
        entry = self._file.entries[key]
        place = entry.titles[number - 1]
        if place is None:
            raise ContentError(f"{self._file.path}:{entry.line}: choice {number} of '{key}' has no title")
        self._wanted[key]["choices"][number - 1]["title"] = value
        self._edits.append(self._replacement(place, value, entry.indent))

    def drop_field(self, key: str, name: str) -> None:
        """Removes a field with its line."""
        entry = self._file.entries[key]
        if name not in entry.fields:
            return
        if entry.flow:
            raise ContentError(f"{self._file.path}:{entry.line}: write '{key}' with one field per line first")
        self._wanted[key].pop(name)
        start = self._file.text.rfind("\n", 0, entry.field_starts[name]) + 1
        self._edits.append(Edit(start, self._line_end(entry.fields[name].end), ""))

    def add_entry(self, key: str, data: dict[str, Any]) -> None:
        """Appends an entry at the end of the file."""
        self._wanted[key] = data
        self._appended.append(self._newline.join([f"{key}:", *self._entry_lines(data)]))

    def result(self) -> ContentFile:
        """The file after all changes. Raises ContentError when it does not say exactly what was wanted."""
        self._place_added()
        text = self._file.text
        # Several additions at one place keep the order in which they were asked for.
        numbered = sorted(enumerate(self._edits), key=lambda e: (e[1].start, e[1].end, e[0]), reverse=True)
        for _, edit in numbered:
            text = text[: edit.start] + edit.text + text[edit.end :]
        if self._appended:
            text = text if not text or text.endswith("\n") else text + self._newline
            gap = self._newline if text else ""
            text += gap + (self._newline * 2).join(self._appended) + self._newline
        after = ContentFile.parse(self._file.path, self._file.mark + text)
        if _comparable(after.data) != _comparable(self._wanted):
            raise ContentError(f"{self._file.path}: the change cannot be written safely; make it by hand")
        return after

    def _place_added(self) -> None:
        for key, added in self._added.items():
            entry = self._file.entries[key]
            for name, value in sorted(added, key=lambda item: FIELDS.index(item[0])):
                before = [n for n in FIELDS[: FIELDS.index(name)] if n in entry.fields]
                if entry.flow:
                    self._edits.append(Edit(entry.end, entry.end, f", {name}: {double_quoted(value)}"))
                elif before:
                    at = self._line_end(max(entry.fields[n].end for n in before[-1:]))
                    new = f"{' ' * entry.indent}{name}: {self._written(name, value, entry.indent)}"
                    at_end_of_file = at == len(self._file.text) and not self._file.text.endswith("\n")
                    new = f"{self._newline}{new}" if at_end_of_file else f"{new}{self._newline}"
                    self._edits.append(Edit(at, at, new))
                else:
                    at = self._file.text.rfind("\n", 0, min(entry.field_starts.values())) + 1
                    new = f"{' ' * entry.indent}{name}: {self._written(name, value, entry.indent)}{self._newline}"
                    self._edits.append(Edit(at, at, new))
        self._added = {}

    def _line_end(self, at: int) -> int:
        """Just after the line break that follows ``at``."""
        end = self._file.text.find("\n", at)
        return len(self._file.text) if end < 0 else end + 1

    def _replacement(self, place: Place, value: str, indent: int) -> Edit:
        old = self._file.text[place.start : place.end]
        if place.style in ("|", ">"):
            header, _, content = old.partition("\n")
            first = next((line for line in content.split("\n") if line.strip()), "")
            depth = len(first) - len(first.lstrip(" "))
            if _BLOCK_HEADER.fullmatch(header.rstrip("\r")) and depth > indent and _blockable(value):
                # A folded text would join the new lines.
                head = "|" + header.rstrip("\r")[1:]
                return Edit(place.start, place.end, self._newline.join([head, *_indented(value, depth)]))
            return Edit(place.start, place.end, double_quoted(value))
        if place.style == "'" and "\n" not in value and not _NOT_PLAIN_TEXT.search(value):
            return Edit(place.start, place.end, "'" + value.replace("'", "''") + "'")
        if not place.style and _plain(value):
            return Edit(place.start, place.end, value)
        return Edit(place.start, place.end, double_quoted(value))

    def _written(self, name: str, value: str, indent: int) -> str:
        if "\n" in value and _blockable(value):
            return self._newline.join(["|", *_indented(value, indent + 2)])
        return value if name == "status" else double_quoted(value)

    def _entry_lines(self, data: dict[str, Any]) -> Iterator[str]:
        for name in FIELDS:
            if name not in data:
                continue
            if name != "choices":
                yield f"  {name}: {self._written(name, data[name], 2)}"
                continue
            yield "  choices:"
            for choice in data["choices"]:
                payload = choice["payload"]
                payload = payload if _plain(payload) else "'" + payload.replace("'", "''") + "'"
                yield f"  - {{title: {double_quoted(choice['title'])}, payload: {payload}}}"


def double_quoted(value: str) -> str:
    """A YAML double-quoted scalar on one line."""
    quoted = json.dumps(value, ensure_ascii=False)
    return _NOT_PLAIN_TEXT.sub(lambda m: f"\\u{ord(m.group()):04x}", quoted)


def _plain(value: str) -> bool:
    if "\n" in value or _NOT_PLAIN_TEXT.search(value) or not value:
        return False
    try:
        return bool(
            yaml.load(f"[{{a: {value}, b: c}}]", Loader=_LOADER) == [{"a": value, "b": "c"}]  # noqa: S506
            and yaml.load(f"a: {value}\nb: c", Loader=_LOADER) == {"a": value, "b": "c"}  # noqa: S506
        )
    except yaml.YAMLError:
        return False


def _blockable(value: str) -> bool:
    """True when a literal block says exactly this."""
    return bool(value) and not _NOT_PLAIN_TEXT.search(value) and not value[0].isspace() and value == value.rstrip()


def _indented(value: str, depth: int) -> list[str]:
    return [(" " * depth + line) if line else "" for line in value.split("\n")]


def _comparable(value: Any) -> Any:
    """Texts are stripped when they are used; dates are compared as written."""
    if isinstance(value, dict):
        return {str(k): _comparable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_comparable(v) for v in value]
    return value.strip() if isinstance(value, str) else value if isinstance(value, bool | None) else str(value)


def _pairs(node: Any, twice: list[Twice], entry: str) -> Iterator[tuple[Any, Any]]:
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for name, value in node.value:
        key = str(name.value)
        if key in seen:
            twice.append(Twice(name.start_mark.line + 1, key, entry))
        seen.add(key)
        yield name, value


def _entry(text: str, name: Any, node: Any, twice: list[Twice]) -> EntryPlaces:
    fields: dict[str, Place] = {}
    starts: dict[str, int] = {}
    titles: list[Place | None] = []
    payloads: list[Place | None] = []
    lines: list[int] = []
    column = name.start_mark.column
    indent = column + 2
    for field_name, value in _pairs(node, twice, str(name.value)):
        indent = field_name.start_mark.column
        fields[field_name.value] = _place(text, value, indent, field_name.start_mark.line + 1)
        starts[field_name.value] = field_name.start_mark.index
        if field_name.value == "choices" and isinstance(value, yaml.SequenceNode):
            for item in value.value:
                lines.append(item.start_mark.line + 1)
                parts = {k.value: v for k, v in _pairs(item, twice, str(name.value))}
                for kept, part in ((titles, "title"), (payloads, "payload")):
                    found: Any = parts.get(part)
                    scalar = isinstance(found, yaml.ScalarNode)
                    kept.append(_place(text, found, indent, found.start_mark.line + 1) if scalar else None)
    flow = bool(getattr(node, "flow_style", False))
    end = max((place.end for place in fields.values()), default=node.end_mark.index)
    return EntryPlaces(
        str(name.value), name.start_mark.line + 1, indent, flow, end, fields, starts,
        tuple(titles), tuple(lines), tuple(payloads),
    )  # fmt: skip


def _place(text: str, node: Any, indent: int, line: int) -> Place:
    return Place(node.start_mark.index, _end(text, node, indent), line, getattr(node, "style", None))


def _end(text: str, node: Any, indent: int) -> int:
    """Where a value's own characters end: without the blank lines and comments that follow it."""
    if isinstance(node, yaml.ScalarNode):
        if node.style not in ("|", ">"):
            return int(node.end_mark.index)
        end = text.find("\n", node.start_mark.index)
        end = len(text) if end < 0 else end
        at = end + 1
        while 0 < at <= len(text):
            stop = text.find("\n", at)
            stop = len(text) if stop < 0 else stop
            content = text[at:stop]
            if content.strip():
                if len(content) - len(content.lstrip(" ")) <= indent:
                    break
                end = stop - (1 if content.endswith("\r") else 0)
            at = stop + 1
        return end
    if getattr(node, "flow_style", False) or not node.value:
        return int(node.end_mark.index)
    last: Any = node.value[-1]
    return _end(text, last[1] if isinstance(last, tuple) else last, indent)


def write(files: Sequence[ContentFile]) -> None:
    """Writes each file whole or not at all; a reader never sees half of one."""
    for file in files:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        draft = file.path.with_name(f".{file.path.name}.new")
        draft.write_bytes((file.mark + file.text).encode("utf-8"))
        if file.path.exists():
            draft.chmod(file.path.stat().st_mode & 0o7777)
        draft.replace(file.path)
