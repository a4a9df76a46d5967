"""How well messages are understood, measured on files of labelled messages (``hankali evaluate``)."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.understanding.spelling import words

SHORT_WORDS = 3
"""Language accuracy is told apart for messages of this many words and more, and below."""


class EvaluationError(Exception):
    """A file of messages cannot be read; the message names file, line and reason."""


@dataclass(frozen=True)
class Labelled:
    """One message with what it should be understood as. ``signs`` is None where the file does not say."""

    language: str
    intents: tuple[str, ...]
    urgent: bool
    text: str
    signs: frozenset[str] | None = None


def read(path: Path) -> list[Labelled]:
    """Reads ``language, intent[|alternative], urgent, text[, signs]``, tab separated; a header line is optional."""
    rows: list[Labelled] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: {error}") from error
    for number, cells in enumerate(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), 1):
        if not cells or (number == 1 and cells[0] == "language"):
            continue
        if len(cells) < 4:
            raise EvaluationError(f"{path}:{number}: language, intent, urgent and text were expected")
        if cells[2] not in ("0", "1"):
            raise EvaluationError(f"{path}:{number}: urgent is 0 or 1, not '{cells[2]}'")
        signs = frozenset(cells[4].split()) if len(cells) > 4 else None
        rows.append(Labelled(cells[0], tuple(cells[1].split("|")), cells[2] == "1", cells[3], signs))
    return rows


def measure(rows: Sequence[Labelled], parse: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Per language and over all: accuracy, macro F1, urgent recall and false-alarm rate, language accuracy, errors."""
    parsed = [parse(row.text) for row in rows]
    groups: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[row.language].append(index)
    report = {
        language: _measure([rows[i] for i in at], [parsed[i] for i in at]) for language, at in sorted(groups.items())
    }
    report["all"] = _measure(rows, parsed)
    return report


def _measure(rows: Sequence[Labelled], parsed: Sequence[dict[str, Any]]) -> dict[str, Any]:
    pairs = list(zip(rows, parsed, strict=True))
    gold = [p["intent"] if p["intent"] in r.intents else r.intents[0] for r, p in pairs]
    confusion = Counter((g, p["intent"]) for g, p in zip(gold, parsed, strict=True))
    long = [(r, p) for r, p in pairs if len(words(r.text)) >= SHORT_WORDS]
    short = [(r, p) for r, p in pairs if len(words(r.text)) < SHORT_WORDS]
    report: dict[str, Any] = {
        "messages": len(rows),
        "intent_accuracy": _share(g == p["intent"] for g, p in zip(gold, parsed, strict=True)),
        "macro_f1": _macro_f1(confusion),
        "urgent_recall": _share(p["urgent"] for r, p in pairs if r.urgent),
        "false_alarms": _share(p["urgent"] for r, p in pairs if not r.urgent),
        "language_accuracy": _share(r.language == p["language"] for r, p in pairs),
        "language_accuracy_3_words_and_more": _share(r.language == p["language"] for r, p in long),
        "language_accuracy_below_3_words": _share(r.language == p["language"] for r, p in short),
        "confusions": [[g, p, n] for (g, p), n in confusion.most_common() if g != p][:20],
    }
    signed = [(r.signs, set(p["signs"])) for r, p in pairs if r.signs is not None]
    if signed:
        hits = sum(len(gold_signs & found) for gold_signs, found in signed)
        report["sign_recall"] = round(hits / max(1, sum(len(g) for g, _ in signed)), 4)
        report["sign_precision"] = round(hits / max(1, sum(len(f) for _, f in signed)), 4)
    return report


def _share(hits: Iterable[bool]) -> float | None:
    values = list(hits)
    return round(sum(values) / len(values), 4) if values else None


def _macro_f1(confusion: Counter[tuple[str, str]]) -> float:
    labels = {gold for gold, _ in confusion}
    scores = []
    for label in labels:
        hit = confusion[label, label]
        gold = sum(n for (g, _), n in confusion.items() if g == label)
        found = sum(n for (_, p), n in confusion.items() if p == label)
        scores.append(2 * hit / (gold + found) if gold + found else 0.0)
    return round(sum(scores) / len(scores), 4) if scores else 0.0


def plot_confusions(rows: Sequence[Labelled], parse: Callable[[str], dict[str, Any]], folder: Path) -> list[Path]:
    """One confusion picture (PNG) per language; returns the files."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    import numpy as np  # noqa: PLC0415
    from matplotlib import pyplot as plt  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for language in sorted({row.language for row in rows}):
        pairs = []
        for row in rows:
            if row.language == language:
                found = parse(row.text)["intent"]
                pairs.append((found if found in row.intents else row.intents[0], found))
        labels = sorted({label for pair in pairs for label in pair})
        counts = np.zeros((len(labels), len(labels)))
        for gold, found in pairs:
            counts[labels.index(gold), labels.index(found)] += 1
        counts /= np.maximum(1, counts.sum(axis=1, keepdims=True))
        figure, axes = plt.subplots(figsize=(12, 11))
        axes.imshow(counts, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=7)
        axes.set_yticks(range(len(labels)), labels, fontsize=7)
        axes.set_xlabel("understood as")
        axes.set_ylabel("meant")
        axes.set_title(language)
        figure.tight_layout()
        path = folder / f"confusion-{language}.png"
        figure.savefig(path, dpi=80)
        plt.close(figure)
        files.append(path)
    return files
