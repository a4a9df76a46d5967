"""The table and the targets."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.measuring import Results

DISTURBED_ABOVE = 0.10


@dataclass(frozen=True)
class Target:
    """One promise, and what was measured. ``worst`` and ``best`` are over the rounds."""

    name: str
    wanted: str
    value: float
    worst: float
    best: float
    met: bool


ROWS: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    ("cold start to first answer, s", lambda s: f"{s['cold_start_s']:.1f}"),
    ("memory when loaded, MB", lambda s: f"{s['memory_loaded_mb']}"),
    ("memory after the run, MB", lambda s: f"{s['memory_after_mb']}"),
    ("1 client: messages a second", lambda s: f"{s['per_second_1']:.0f}"),
    ("1 client: p50 / p99, ms", lambda s: f"{s['p50_1_ms']} / {s['p99_1_ms']}"),
    ("8 clients: messages a second", lambda s: f"{s['per_second_8']:.0f}"),
    ("8 clients: p50 / p99, ms", lambda s: f"{s['p50_8_ms']} / {s['p99_8_ms']}"),
    ("8 clients: processor ms a message", lambda s: f"{s['cpu_ms_8']:.1f}"),
    ("turn 1 / 20 / 100, ms", lambda s: " / ".join(f"{ms:.1f}" for ms in s["turn_ms"].values())),
    ("four messages at once, s (worst)", lambda s: f"{s['at_once_s']:.2f} ({s['at_once_worst_s']:.2f})"),
)


def table(summaries: dict[str, dict[str, Any]]) -> str:
    """Markdown, one column per side."""
    titles = {"ours": "Hankali", "A": "A: rasa init", "A0": "A without stories", "B": "B: n-grams"}
    lines = ["| | " + " | ".join(titles[name] for name in summaries) + " |", "|---" * (len(summaries) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(cell(s) for s in summaries.values()) + " |" for name, cell in ROWS]
    return "\n".join(lines)


def targets(results: dict[str, Results]) -> list[Target]:
    """Those that can be judged with the sides that ran."""
    ours = results.get("ours")
    if ours is None:
        return []
    found = []
    for stock, least in (("A", 8.0), ("B", 2.0)):
        if stock in results:
            ratios = [us / it for us, it in zip(ours.per_second_8, results[stock].per_second_8, strict=True)]
            found.append(_at_least(f"messages a second at 8 clients, ours / {stock}", least, ratios))
    if "A" in results:
        a = results["A"]
        memory = [ours.memory_loaded_mb / a.memory_loaded_mb, ours.memory_after_mb / a.memory_after_mb]
        found.append(_at_most("memory (loaded, after), ours / A", 0.25, memory, judged=max(memory)))
        starts = [us / it for us, it in zip(ours.cold_start_s, a.cold_start_s, strict=True)]
        found.append(_at_most("cold start, ours / A", 0.20, starts))
    first, last = (ours.turns_ms[turn] for turn in (1, 100))
    flat = [later / earlier for earlier, later in zip(first, last, strict=True)]
    judged = statistics.median(last) / statistics.median(first)
    found.append(_at_most("turn 100 / turn 1, ours", 1.2, flat, judged=judged))
    found.append(
        _at_most("four messages of one sender at once, s, ours", 0.2, ours.at_once_s, judged=max(ours.at_once_s))
    )
    return found


def verdict(target: Target) -> str:
    """One line."""
    mark = "met   " if target.met else "MISSED"
    return f"{mark} {target.name}: {target.value:.2f} ({target.worst:.2f} … {target.best:.2f}), wanted {target.wanted}"


def disturbance(results: dict[str, Results]) -> str:
    """A warning when something else used the machine; empty when all was quiet."""
    shares = [share for side in results.values() for share in side.others_cpu_share]
    if not shares or statistics.median(shares) <= DISTURBED_ABOVE:
        return ""
    return f"Disturbed: other processes took {statistics.median(shares):.0%} of the machine (worst {max(shares):.0%})."


def _at_least(name: str, least: float, ratios: Sequence[float]) -> Target:
    value = statistics.median(ratios)
    return Target(name, f"≥ {least:g}", value, min(ratios), max(ratios), value >= least)


def _at_most(name: str, most: float, ratios: Sequence[float], judged: float | None = None) -> Target:
    value = statistics.median(ratios) if judged is None else judged
    return Target(name, f"≤ {most:g}", value, max(ratios), min(ratios), value <= most)
