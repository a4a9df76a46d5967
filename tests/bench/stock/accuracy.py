"""Runs in the stock environment: ``python accuracy.py MODEL FILE.tsv…`` prints intent accuracy per file as JSON."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

import structlog


async def measure(agent: Any, lines: list[str]) -> tuple[int, int]:
    hits = rows = 0
    for line in lines[1:]:
        _language, intents, _urgent, text = line.split("\t")[:4]
        parsed = await agent.parse_message(text)
        # The classifier's own first choice: the fallback's threshold is not its mistake.
        names = [entry["name"] for entry in parsed["intent_ranking"] if entry["name"] != "nlu_fallback"]
        hits += names[0] in intents.split("|")
        rows += 1
    return hits, rows


async def measure_all(model: str, files: dict[str, list[str]]) -> dict[str, float]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    from rasa.core.agent import Agent

    agent = Agent.load(model)
    found = {name: await measure(agent, lines) for name, lines in files.items()}
    found["all"] = tuple(map(sum, zip(*found.values(), strict=True)))
    return {name: round(hits / rows, 4) for name, (hits, rows) in found.items()}


if __name__ == "__main__":
    evaluation = {Path(name).stem: Path(name).read_text(encoding="utf-8").splitlines() for name in sys.argv[2:]}
    print(json.dumps(asyncio.run(measure_all(sys.argv[1], evaluation))))
