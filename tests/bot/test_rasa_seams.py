"""Each replacement of a part of Rasa against the original."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

INTENTS = ["check_offer", "ask_rights", "affirm", "show_menu", "request_human", "inform", "greet", "nlu_fallback"]


@pytest.fixture(scope="module")
def agent(model: Path) -> Any:
    from bot import rasa_seams

    rasa_seams.install_runtime()
    from rasa.core.agent import Agent

    return Agent.load(str(model))


def test_placeholders_refuse_to_be_built_but_can_be_named(agent: Any) -> None:
    from rasa.nlu.classifiers.diet_classifier import DIETClassifier

    assert "tensorflow" not in sys.modules
    assert "aiogram" not in sys.modules
    with pytest.raises(ImportError):
        DIETClassifier()


def test_answering_needs_no_scikit_learn(dialogue: Any) -> None:
    import subprocess

    code = (
        "import sys; from bot.dialogue import Dialogue; from bot.training import ensure_model, ROOT;"
        "d = Dialogue.load(ensure_model(), ROOT / 'content'); d.parse('bonjour');"
        "assert 'sklearn' not in sys.modules and 'tensorflow' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


def test_the_sequential_runner_gives_what_dask_gives(agent: Any) -> None:
    from rasa.core.channels.channel import UserMessage
    from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
    from rasa.engine.runner.dask import DaskGraphRunner

    from bot.rasa_seams.runner import SequentialGraphRunner

    runner = agent.processor.graph_runner
    assert isinstance(runner, SequentialGraphRunner)
    target = agent.processor.model_metadata.nlu_target
    for text in ("bonjour", "ina son lauya", "she keeps my passport", "", "😀"):
        inputs = {PLACEHOLDER_MESSAGE: [UserMessage(text)], PLACEHOLDER_TRACKER: None}
        ours = runner.run(inputs=dict(inputs), targets=[target])[target][0]
        inputs = {PLACEHOLDER_MESSAGE: [UserMessage(text)], PLACEHOLDER_TRACKER: None}
        theirs = DaskGraphRunner.run(runner, inputs=inputs, targets=[target])[target][0]
        assert ours.as_dict(only_output_properties=True) == theirs.as_dict(only_output_properties=True)


def test_a_clash_of_names_is_refused_as_by_the_original(agent: Any) -> None:
    from rasa.engine.exceptions import GraphRunError

    runner = agent.processor.graph_runner
    node = next(iter(runner._graph_schema.nodes))
    with pytest.raises(GraphRunError):
        runner.run(inputs={node: 1}, targets=[agent.processor.model_metadata.core_target])


def policy_of(agent: Any) -> Any:
    from bot.rasa_seams.rules import IndexedRulePolicy

    for node in agent.processor.graph_runner._instantiated_nodes.values():
        if isinstance(node._component, IndexedRulePolicy):
            return node._component
    raise AssertionError("no rule policy in the graph")


def test_indexed_rules_predict_what_the_original_predicts(agent: Any) -> None:
    import random

    from rasa.core.policies.rule_policy import RulePolicy
    from rasa.shared.core.events import ActionExecuted, ActiveLoop, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    policy = policy_of(agent)
    assert policy._indexes is not None
    chance = random.Random(3)
    names = ["action_listen", "offer_form", "help_form", "utter_greet", "action_menu", "action_not_understood"]
    different = set()
    for _ in range(300):
        tracker = DialogueStateTracker("t", agent.domain.slots)
        tracker.update(ActionExecuted("action_listen"))
        for _ in range(chance.randint(1, 16)):
            event = chance.choice(["user", "action", "loop"])
            if event == "user":
                tracker.update(ActionExecuted("action_listen"))
                tracker.update(UserUttered("", {"name": chance.choice(INTENTS), "confidence": 1.0}), agent.domain)
            elif event == "action":
                tracker.update(ActionExecuted(chance.choice(names)))
            else:
                tracker.update(ActiveLoop(chance.choice(["offer_form", "help_form", None])))
        indexed = policy.predict_action_probabilities(tracker, agent.domain)
        indexes, policy._indexes = policy._indexes, None
        try:
            original = RulePolicy.predict_action_probabilities(policy, tracker, agent.domain)
        finally:
            policy._indexes = indexes
        assert indexed.probabilities == original.probabilities
        assert indexed.events == original.events
        different.add(indexed.max_confidence_index)
    assert len(different) > 5


def test_the_last_states_are_those_of_the_whole_conversation(agent: Any) -> None:
    from rasa.shared.core.events import ActionExecuted, ActiveLoop, UserUtteranceReverted, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    from bot.rasa_seams.rules import RecentTurns

    tracker = DialogueStateTracker("t", agent.domain.slots)
    for event in (
        ActionExecuted("action_listen"), UserUttered("", {"name": "check_offer", "confidence": 1.0}),
        ActionExecuted("offer_form"), ActiveLoop("offer_form"), ActionExecuted("action_listen"),
        UserUttered("", {"name": "affirm", "confidence": 1.0}), ActionExecuted("offer_form"), ActiveLoop(None),
        ActionExecuted("action_listen"), UserUttered("", {"name": "greet", "confidence": 1.0}),
        UserUtteranceReverted(), ActionExecuted("action_listen"),
    ):  # fmt: skip
        tracker.update(event, agent.domain)
        whole = tracker.past_states(agent.domain)
        for most in range(1, 8):
            assert RecentTurns(tracker, most).past_states(agent.domain) == whole[-most:]


def conversation_with(processor_class: type, agent: Any, intents: list[str]) -> list[Any]:
    """What every action said and every event of a conversation of these intents, without times and ids."""
    from rasa.core.channels.channel import UserMessage
    from rasa.core.tracker_store import InMemoryTrackerStore

    from bot.actions import Services, all_actions
    from bot.catalogue_nlg import CatalogueNlg
    from bot.memory.locks import InProcessLockStore
    from bot.places import Places
    from bot.rasa_seams.actions import InProcessEndpoint
    from bot.rasa_seams.output import InstructionChannel

    places = Places(Path(__file__).resolve().parents[2] / "content" / "places.yml")
    processor = processor_class(
        model_path=Path(agent.processor.model_path), tracker_store=InMemoryTrackerStore(agent.domain),
        lock_store=InProcessLockStore(), generator=CatalogueNlg(),
        action_endpoint=InProcessEndpoint(all_actions(Services(places))),
    )  # fmt: skip
    channel = InstructionChannel()

    async def talk() -> list[Any]:
        for intent in intents:
            data = {
                "text": "", "intent": {"name": intent, "confidence": 1.0}, "entities": [],
                "hankali": {"channel": "sms", "language": "fr", "country": "NE", "at": "2026-01-01T00:00:00+00:00",
                            "signs": ()},
            }  # fmt: skip
            await processor.handle_message(UserMessage("", channel, "a", parse_data=data, input_channel="hankali"))
        tracker = await processor.tracker_store.retrieve("a")
        return [
            {k: v for k, v in event.as_dict().items() if k not in ("timestamp", "message_id", "metadata", "parse_data")}
            for event in tracker.events
        ]

    events = asyncio.run(talk())
    return [channel.instructions, events]


def test_the_processor_does_what_the_original_does(agent: Any) -> None:
    import random

    from rasa.core.processor import MessageProcessor

    from bot.rasa_seams.processor import TurnProcessor

    assert isinstance(agent.processor, TurnProcessor)
    assert not agent.processor._fills_slots
    chance = random.Random(5)
    for _ in range(4):
        intents = [chance.choice(INTENTS) for _ in range(30)]
        ours, theirs = (conversation_with(cls, agent, intents) for cls in (TurnProcessor, MessageProcessor))
        assert ours == theirs
        assert len(ours[0]) > 20


def test_a_slot_is_copied_as_python_copies_it(agent: Any) -> None:
    import copy

    from bot.rasa_seams.processor import copy_slot

    for slot in agent.domain.slots:
        constructor, arguments, state, *_ = slot.__reduce_ex__(4)
        theirs = constructor(*arguments)
        theirs.__dict__.update(state)
        ours = copy.copy(slot)
        assert type(slot).__copy__ is copy_slot
        assert type(ours) is type(theirs)
        assert vars(ours) == vars(theirs)
        ours.value = "another"
        assert slot.value != "another"


def test_only_what_is_logged_for_debugging_is_not_copied() -> None:
    import ast
    import inspect

    from rasa.core import processor
    from rasa.core.policies import rule_policy

    for module in (processor, rule_policy):
        tree = ast.parse(inspect.getsource(module))
        uses = sum(isinstance(node, ast.Name) and node.id == "copy" for node in ast.walk(tree))
        logged = [
            node
            for call in ast.walk(tree)
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "structlogger.debug"
            for node in ast.walk(call)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "copy.deepcopy"
        ]
        assert uses == len(logged) > 0


def test_a_serving_process_answers_without_what_only_training_needs(dialogue: Any) -> None:
    import subprocess

    code = (
        "import sys; from bot import rasa_seams; rasa_seams.install_for_serving();"
        "from bot.dialogue import Dialogue; from bot.training import current_model, default_models_dir, ROOT;"
        "d = Dialogue.load(current_model(default_models_dir()), ROOT / 'content'); print(d.parse('bonjour')['intent']);"
        "real = {n for n in rasa_seams.UNSERVED_PACKAGES if getattr(sys.modules.get(n), '__file__', None)};"
        "assert not real, real"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.split()[-1] == dialogue.parse("bonjour")["intent"]


def test_events_of_actions_are_built_as_rasa_builds_them() -> None:
    from rasa.shared.core.events import Event
    from rasa_sdk.events import ActionExecuted, ActiveLoop, FollowupAction, SlotSet

    from bot.rasa_seams.actions import to_event

    for data in (SlotSet("offer", {"a": [1]}), ActiveLoop("offer_form"), ActiveLoop(None),
                 FollowupAction("action_menu"), ActionExecuted("action_menu")):  # fmt: skip
        assert to_event(dict(data)) == Event.from_parameters(dict(data))


def test_the_sdk_tracker_is_what_the_action_server_would_get(agent: Any) -> None:
    from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
    from rasa_sdk import Tracker as SdkTracker

    from bot.rasa_seams.actions import sdk_tracker

    tracker = DialogueStateTracker("t", agent.domain.slots)
    for event in (ActionExecuted("action_listen"), UserUttered("hi", {"name": "greet", "confidence": 1.0}),
                  SlotSet("offer", {"x": 1}), ActiveLoop("offer_form"), ActionExecuted("offer_form")):  # fmt: skip
        tracker.update(event, agent.domain)
    ours = sdk_tracker(tracker).current_state()
    theirs = SdkTracker.from_dict(tracker.current_state(EventVerbosity.ALL)).current_state()
    assert {k: list(v) if k == "events" else v for k, v in ours.items()} == theirs


def test_one_conversation_is_handled_in_order_and_others_do_not_wait() -> None:
    from bot.memory.locks import InProcessLockStore

    store, log = InProcessLockStore(), []

    async def hold(sender: str, name: str, gate: asyncio.Event) -> None:
        async with store.lock(sender):
            log.append(f"+{name}")
            await gate.wait()
            log.append(f"-{name}")

    async def scene() -> None:
        first, second = asyncio.Event(), asyncio.Event()
        second.set()
        tasks = [asyncio.create_task(hold("a", "1", first)), asyncio.create_task(hold("a", "2", second)),
                 asyncio.create_task(hold("b", "3", second))]  # fmt: skip
        await tasks[2]
        first.set()
        await asyncio.gather(*tasks)

    asyncio.run(scene())
    assert log == ["+1", "+3", "-3", "-1", "+2", "-2"]
    assert not store._waiting
