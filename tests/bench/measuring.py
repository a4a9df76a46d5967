"""What is measured, in which order. Sides take turns within every round, so that a disturbance meets them all."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.load import at_once, conversations, long_conversation
from tests.bench.script import QUESTION
from tests.bench.sides import Command, Side

CLIENTS = 8
TURNS = (1, 20, 100)
AT_ONCE = ("bonjour", "c'est quoi la traite des personnes", "c gratuit ?", "merci")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """How much of each burst one side gets in one round: about as many seconds for the slow as for the fast."""

    alone: int
    """Conversations of one client."""
    together: int
    """Conversations of each of the eight."""
    long: int
    at_once: int


EFFORTS = {"ours": Effort(5, 8, 8, 10), "A": Effort(2, 1, 2, 2), "A0": Effort(3, 2, 2, 2), "B": Effort(3, 3, 3, 2)}
QUICK = {"ours": Effort(2, 2, 3, 3), "A": Effort(1, 1, 1, 1), "A0": Effort(1, 1, 1, 1), "B": Effort(1, 1, 1, 1)}


@dataclass
class Results:
    """Everything that was read off one side. Lists hold one value per round (or per start, or per conversation)."""

    cold_start_s: list[float] = field(default_factory=list)
    memory_loaded_mb: float = 0.0
    memory_after_mb: float = 0.0
    per_second_1: list[float] = field(default_factory=list)
    per_second_8: list[float] = field(default_factory=list)
    latencies_1_ms: list[float] = field(default_factory=list)
    latencies_8_ms: list[float] = field(default_factory=list)
    cpu_ms_8: list[float] = field(default_factory=list)
    """Processor time of the side per message at eight clients."""
    others_cpu_share: list[float] = field(default_factory=list)
    """Share of the machine that neither the side nor the load used meanwhile."""
    turns_ms: dict[int, list[float]] = field(default_factory=lambda: {turn: [] for turn in TURNS})
    at_once_s: list[float] = field(default_factory=list)
    messages: int = 0

    def summary(self) -> dict[str, Any]:
        """Medians and quantiles, then the values that they come from."""
        return {
            "messages": self.messages,
            "cold_start_s": _median(self.cold_start_s),
            "memory_loaded_mb": round(self.memory_loaded_mb),
            "memory_after_mb": round(self.memory_after_mb),
            "per_second_1": _median(self.per_second_1),
            "p50_1_ms": quantile(self.latencies_1_ms, 50),
            "p99_1_ms": quantile(self.latencies_1_ms, 99),
            "per_second_8": _median(self.per_second_8),
            "p50_8_ms": quantile(self.latencies_8_ms, 50),
            "p99_8_ms": quantile(self.latencies_8_ms, 99),
            "cpu_ms_8": _median(self.cpu_ms_8),
            "turn_ms": {str(turn): _median(values) for turn, values in self.turns_ms.items()},
            "at_once_s": _median(self.at_once_s),
            "at_once_worst_s": round(max(self.at_once_s, default=0.0), 3),
            "others_cpu_share": _median(self.others_cpu_share),
            "values": {k: v for k, v in asdict(self).items() if isinstance(v, list) and not k.startswith("latencies")},
        }


def measure(
    commands: dict[str, Command], *, rounds: int, starts: int, quick: bool, progress: Progress
) -> dict[str, Results]:
    """Starts every side ``starts`` times, then drives them in ``rounds`` rounds."""
    efforts = QUICK if quick else EFFORTS
    results = {name: Results() for name in commands}
    for number in range(starts - 1):
        for name, command in commands.items():
            with Side(name, command) as side:
                results[name].cold_start_s.append(side.cold_start_s)
                progress(f"start {number + 1} of {name}: {side.cold_start_s:.1f} s")
    with ExitStack() as stack:
        sides = {}
        for name, command in commands.items():
            sides[name] = side = stack.enter_context(Side(name, command))
            results[name].cold_start_s.append(side.cold_start_s)
            progress(f"start {starts} of {name}: {side.cold_start_s:.1f} s")
            results[name].memory_loaded_mb = side.memory_mb()
        for name, side in sides.items():
            conversations(side.door, 4, 1)
            progress(f"{name} is warm")
        for number in range(rounds):
            for name, side in sides.items():
                _round(side, results[name], efforts[name], number)
                progress(
                    f"round {number + 1} of {rounds}, {name}: {results[name].per_second_8[-1]:.0f} messages a second"
                    f" at {CLIENTS} clients (others took {results[name].others_cpu_share[-1]:.0%} of the machine)"
                )
        for name, side in sides.items():
            results[name].memory_after_mb = side.memory_mb()
    return results


def _round(side: Side, results: Results, effort: Effort, number: int) -> None:
    run = conversations(side.door, 1, effort.alone)
    results.per_second_1.append(run.per_second)
    results.latencies_1_ms += run.latencies_ms
    results.messages += len(run.latencies_ms)

    cpu_before, load_before, machine_before = side.cpu_s(), time.process_time(), _machine_busy_s()
    run = conversations(side.door, CLIENTS, effort.together)
    side_s, load_s = side.cpu_s() - cpu_before, time.process_time() - load_before
    others_s = _machine_busy_s() - machine_before - side_s - load_s
    results.per_second_8.append(run.per_second)
    results.latencies_8_ms += run.latencies_ms
    results.cpu_ms_8.append(side_s * 1000 / len(run.latencies_ms))
    results.others_cpu_share.append(max(0.0, others_s / run.seconds / (os.cpu_count() or 1)))
    results.messages += len(run.latencies_ms)

    for extra in range(effort.long):
        for turn, milliseconds in long_conversation(side.door, number + extra, TURNS, QUESTION).items():
            results.turns_ms[turn].append(milliseconds)
        results.messages += max(TURNS)
    results.at_once_s += [at_once(side.door, AT_ONCE) for _ in range(effort.at_once)]
    results.messages += effort.at_once * len(AT_ONCE)


def _machine_busy_s() -> float:
    fields = [int(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / os.sysconf("SC_CLK_TCK")


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3) if values else 0.0


def quantile(values: Sequence[float], percent: int) -> float:
    """The value that ``percent`` of ``values`` do not exceed."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1) if ordered else 0.0
