"""The snapshot store against Rasa's in-memory store: the same turns must give the same answers."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

NOW = "2026-11-23T12:00:00+00:00"
ANSWERS = [("affirm", {}), ("deny", {}), ("inform", {"answer": "unknown"}), ("go_back", {}), ("nlu_fallback", {})]
QUESTIONS = [
    ("ask_rights", {}),
    ("ask_route_risks", {}),
    ("greet", {}),
    ("out_of_scope", {}),
    ("ask_hotline_number", {}),
]
STARTS = [("check_offer", {}), ("check_offer_for_relative", {}), ("show_menu", {}), ("request_human", {})]
FLOWS = [("tell_topic", {"topic": "topic_debts_oaths_papers"}), ("inform", {"answer": "both"}), ("report_child", {})]


@pytest.fixture(scope="module")
def agents(model: Path) -> tuple[Any, Any]:
    from bot import rasa_seams

    rasa_seams.install_runtime()
    from rasa.core.agent import Agent
    from rasa.core.tracker_store import InMemoryTrackerStore

    from bot.actions import Services, all_actions
    from bot.catalogue_nlg import CatalogueNlg
    from bot.memory.locks import InProcessLockStore
    from bot.memory.tracker_store import SnapshotTrackerStore
    from bot.places import Places
    from bot.rasa_seams.actions import InProcessEndpoint
    from bot.training import ROOT

    endpoint = InProcessEndpoint(all_actions(Services(Places(ROOT / "content" / "places.yml"))))

    def build(store: Any) -> Any:
        agent = Agent(
            generator=CatalogueNlg(),
            tracker_store=store,
            lock_store=InProcessLockStore(),
            action_endpoint=endpoint,
        )
        agent.load_model(model)
        store.domain = agent.domain
        agent.own_store = store  # Rasa wraps the store that it was given
        return agent

    return build(SnapshotTrackerStore()), build(InMemoryTrackerStore(None))


def interpretation(intent: str, entities: dict[str, str], signs: tuple[str, ...]) -> dict[str, Any]:
    from bot.actions import TurnContext

    return {
        "text": "",
        "intent": {"name": intent, "confidence": 1.0},
        "entities": [{"entity": k, "value": v} for k, v in entities.items()],
        "hankali": asdict(TurnContext("sms", "fr", "NE", NOW, signs=signs)),
    }


async def play(agent: Any, sender: str, turns: list[tuple[str, dict[str, str], tuple[str, ...]]], stored: bool) -> list:
    from rasa.core.channels.channel import UserMessage

    from bot.rasa_seams.output import InstructionChannel

    answers, snapshot = [], {}
    for intent, entities, signs in turns:
        channel = InstructionChannel()
        if stored:
            # through JSON, as the database does it
            agent.own_store.put(sender, json.loads(json.dumps(snapshot)))
        message = UserMessage("", channel, sender, parse_data=interpretation(intent, entities, signs))
        await agent.handle_message(message)
        if stored:
            snapshot = agent.own_store.take(sender)
        answers.append(copy.deepcopy(channel.instructions))
    return answers


def random_turns(seed: int, count: int) -> list[tuple[str, dict[str, str], tuple[str, ...]]]:
    chance = random.Random(seed)
    turns = []
    for _ in range(count):
        pool = chance.choices([ANSWERS, QUESTIONS, STARTS, FLOWS], weights=[6, 2, 1, 1])[0]
        intent, entities = chance.choice(pool)
        signs = tuple(
            chance.sample(["free_travel", "secrecy", "no_contract", "confined"], chance.choice([0, 0, 0, 1, 2]))
        )
        turns.append((intent, entities, signs))
    return turns


def without_chance(answers: list) -> str:
    """A reference number is random; everything else must be equal."""
    return json.dumps(answers, sort_keys=True, default=str, ensure_ascii=False)


@pytest.mark.parametrize("seed", range(12))
def test_random_conversations_get_the_same_answers(agents: tuple[Any, Any], seed: int, monkeypatch: Any) -> None:
    snapshot_agent, memory_agent = agents
    turns = random_turns(seed, 40)
    random.seed(1)
    one = asyncio.run(play(snapshot_agent, f"s{seed}", turns, stored=True))
    random.seed(1)
    two = asyncio.run(play(memory_agent, f"s{seed}", turns, stored=False))
    for index, (a, b) in enumerate(zip(one, two, strict=True)):
        if turns[index][0] == "request_human" or any(i.get("do") == "open_referral" for i in a):
            assert [i.get("say") for i in a] == [i.get("say") for i in b]
        else:
            assert without_chance(a) == without_chance(b), f"turn {index}: {turns[: index + 1]}"


def test_the_snapshot_does_not_grow_and_holds_no_text(agents: tuple[Any, Any]) -> None:
    agent, _ = agents
    turns = random_turns(99, 60)

    async def sizes() -> list[int]:
        from rasa.core.channels.channel import UserMessage

        from bot.rasa_seams.output import InstructionChannel

        snapshot: dict[str, Any] = {}
        found = []
        for intent, entities, signs in turns:
            agent.own_store.put("g", snapshot)
            data = interpretation(intent, entities, signs)
            await agent.handle_message(UserMessage("a secret text", InstructionChannel(), "g", parse_data=data))
            snapshot = agent.own_store.take("g")
            found.append(len(json.dumps(snapshot)))
            assert "secret" not in json.dumps(snapshot)
        return found

    found = asyncio.run(sizes())
    assert max(found[40:]) <= 1.5 * max(found[10:40])
    assert max(found) < 8000
