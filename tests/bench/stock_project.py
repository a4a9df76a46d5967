"""The stocks: their environment, and a plain Rasa project made from our nlu/ and stories/.

Kept: every example of every intent, every rule with its conditions and loops. Left out: what only our components read
(lookups, block metadata). Replaced: our actions by plain responses, so that no action server stands in the way, and
the loops of our own making by Rasa's forms of the same names, with a text slot for each question.
Our stories/ holds rules only, from which TEDPolicy and UnexpecTEDIntentPolicy learn nothing: Rasa then skips them.
A is given stories chained from the same rules, as `rasa init` comes with stories; A0 is A without them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.offer import QUESTIONS

ROOT = Path(__file__).resolve().parents[2]
STOCKS = {"A": "A", "A0": "A", "B": "B"}
"""Name → its configuration in stock/."""
WITH_STORIES = frozenset(("A",))
TURNS_IN_A_STORY = 5
STOCK = Path(__file__).resolve().parent / "stock"
CACHE = ROOT / "var" / "bench"
ENVIRONMENT = CACHE / "stock-env"
EVALUATION = ROOT / "tests" / "evaluation"
EPOCHS = 5
"""`rasa init` says 100. Epochs change nothing in the cost of a message; the report states the accuracy reached."""

FORMS: dict[str, dict[str, str]] = {
    "offer_form": {question.name: question.key for question in QUESTIONS},
    "help_form": {
        "danger": "help_in_danger", "safe": "help_safe_to_talk", "who": "help_who", "where": "help_where_self",
        "contact": "help_contact", "how": "help_contact_how", "time": "help_safe_time", "code": "help_code_word",
        "consent": "help_consent_self",
    },
    "office_form": {"office": "office_where"},
}  # fmt: skip
"""Form → its slots in order → the content key of the question."""
AFTER_FORM = {"offer_form": "offer_result_some", "help_form": "help_reference", "office_form": "ask_legal_aid"}
"""Form → the content key said at its end (our loops say it themselves)."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class StockModel:
    """A trained stock. ``accuracy``: share of tests/evaluation understood, per language and over all."""

    model: Path
    epochs: int | None
    examples: int
    accuracy: dict[str, float]
    training_s: float


def environment() -> dict[str, str]:
    """For every stock process: no telemetry, nothing of ours."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HANKALI_", "TWILIO_", "TELEGRAM_", "PYTHON"))}
    quiet = {
        "RASA_TELEMETRY_ENABLED": "false",
        # A and A0 share their trained classifier.
        "RASA_CACHE_DIRECTORY": str(CACHE / "rasa-cache"),
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    return {**kept, **quiet}


def ensure_environment(progress: Progress) -> Path:
    """Returns the Python that has stock Rasa and TensorFlow; builds it with uv when the lock changed (2.7 GB)."""
    python = ENVIRONMENT / "bin" / "python"
    lock = STOCK / "requirements.lock"
    stamp = ENVIRONMENT / "built-from"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    progress("building the stock environment with TensorFlow (2.7 GB, once)")
    uv = ["uv"] if shutil.which("uv") else [getattr(sys, "_base_executable", sys.executable), "-m", "uv"]
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    subprocess.run([*uv, "venv", "--quiet", "--python", os.path.realpath(sys.executable), ENVIRONMENT], check=True)
    subprocess.run(
        [*uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", "--compile-bytecode", lock], check=True
    )
    stamp.write_text(wanted)
    return python


def write_project(folder: Path, stock: str, epochs: int) -> int:
    """Writes config, domain, examples and rules into ``folder``; returns the number of examples."""
    (folder / "data").mkdir(parents=True)
    config = yaml.safe_load((STOCK / f"{STOCKS[stock]}.yml").read_text(encoding="utf-8"))
    for component in (*config["pipeline"], *config["policies"]):
        if "epochs" in component:
            component["epochs"] = epochs
    _write(folder / "config.yml", config)
    examples = 0
    for file in sorted((ROOT / "nlu").rglob("*.yml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        blocks = [
            {"intent": block["intent"], "examples": block["examples"]}
            for block in data.get("nlu") or ()
            if "intent" in block and isinstance(block.get("examples"), str)
        ]
        examples += sum(block["examples"].count("\n") for block in blocks)
        if blocks:
            _write(folder / "data" / f"{file.parent.name}-{file.name}", {"version": "3.1", "nlu": blocks})
    rules, said = _rules()
    _write(folder / "data" / "rules.yml", {"version": "3.1", "rules": rules})
    if stock in WITH_STORIES:
        _write(folder / "data" / "stories.yml", {"version": "3.1", "stories": _stories(rules)})
    domain = yaml.safe_load((ROOT / "bot" / "domain.yml").read_text(encoding="utf-8"))
    texts = _texts()
    questions = {f"utter_ask_{slot}": key for slots in FORMS.values() for slot, key in slots.items()}
    responses = {**{name: name.removeprefix("utter_") for name in said}, **questions}
    _write(
        folder / "domain.yml",
        {
            "version": "3.1",
            "intents": domain["intents"],
            "slots": {slot: _slot(form, slot) for form, slots in FORMS.items() for slot in slots},
            "forms": {form: {"required_slots": list(slots)} for form, slots in FORMS.items()},
            "responses": {name: [{"text": texts.get(key, name)}] for name, key in sorted(responses.items())},
            "session_config": {"session_expiration_time": 60, "carry_over_slots_to_new_session": True},
        },
    )
    return examples


def _slot(form: str, slot: str) -> dict[str, Any]:
    """Whatever is written while the form asks for it."""
    asked = {"type": "from_text", "conditions": [{"active_loop": form, "requested_slot": slot}]}
    return {"type": "text", "influence_conversation": False, "mappings": [asked]}


def _rules() -> tuple[list[dict[str, Any]], set[str]]:
    rules: list[dict[str, Any]] = []
    said = {"utter_default"}
    for file in sorted((ROOT / "stories").glob("*.yml")):
        for rule in yaml.safe_load(file.read_text(encoding="utf-8")).get("rules") or ():
            steps = [_step(step, rule) for step in rule["steps"]]
            rules.append({**rule, "steps": steps})
            said.update(step["action"] for step in steps if str(step.get("action")).startswith("utter_"))
    return rules, said


def _step(step: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    action = step.get("action")
    if action is None or action in FORMS:
        return step
    if action == "action_listen":
        # The end of a loop: ours has said its result by then, stock says it here.
        ended = next(c["active_loop"] for c in rule["condition"] if "active_loop" in c)
        return {"action": f"utter_{AFTER_FORM[ended]}"}
    return {"action": _response(action)}


def _stories(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Conversations of a few turns: every rule begins one, and stands in others at every later place.

    A form runs to its end in one step: stories do not hold its questions.
    """
    begins = [rule for rule in rules if "intent" in rule["steps"][0]]
    ends = {rule["steps"][0]["action"]: rule["steps"][1:] for rule in rules if "intent" not in rule["steps"][0]}

    def turn(rule: dict[str, Any]) -> list[dict[str, Any]]:
        return [*rule["steps"], *ends.get(rule["steps"][1]["action"], ())]

    return [
        {
            "story": f"conversation {number}",
            "steps": [
                step
                for place in range(TURNS_IN_A_STORY)
                for step in turn(begins[(number + place * (number % 7 + 1)) % len(begins)])
            ],
        }
        for number in range(len(begins))
    ]


def _response(action: str) -> str:
    return action if action.startswith("utter_") else f"utter_{action.removeprefix('action_')}"


def _texts() -> dict[str, str]:
    """The French words, so that stock's answers are about as long as ours."""
    texts: dict[str, str] = {}
    for file in sorted((ROOT / "content" / "fr").glob("*.yml")):
        for key, entry in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            if isinstance(entry, dict) and isinstance(entry.get("text"), str):
                texts[key] = entry["text"].replace("{", "(").replace("}", ")")
    return texts


def _write(file: Path, data: Any) -> None:
    data = json.loads(json.dumps(data))  # no YAML anchors
    file.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=10_000), encoding="utf-8")


def ensure_model(stock: str, python: Path, progress: Progress, *, keep: bool = False) -> StockModel:
    """Returns the cached model of this data, or trains it. ``keep``: any cached model will do, whatever its data."""
    models = CACHE / "models"
    models.mkdir(parents=True, exist_ok=True)
    project = CACHE / f"project-{stock}"
    shutil.rmtree(project, ignore_errors=True)
    examples = write_project(project, stock, EPOCHS)
    digest = hashlib.sha256()
    for file in sorted(project.rglob("*.yml")):
        digest.update(file.read_bytes())
    card = models / f"{stock}-{digest.hexdigest()[:16]}.json"
    if keep and not card.is_file():
        card = max(models.glob(f"{stock}-*.json"), key=lambda path: path.stat().st_mtime, default=card)
    if not card.is_file():
        _train(stock, python, project, card=card, examples=examples, progress=progress)
    known = json.loads(card.read_text())
    shutil.rmtree(project, ignore_errors=True)
    return StockModel(card.with_suffix(".tar.gz"), **known)


def _train(stock: str, python: Path, project: Path, *, card: Path, examples: int, progress: Progress) -> None:
    epochs = EPOCHS if STOCKS[stock] == "A" else None
    progress(f"training stock {stock} on {examples} examples" + (f", {epochs} epochs (many minutes)" if epochs else ""))
    started = time.monotonic()
    with (CACHE / f"train-{stock}.log").open("w") as log:
        subprocess.run(
            [python, "-m", "rasa", "train", "--domain", "domain.yml", "--config", "config.yml", "--data", "data",
             "--out", "models", "--fixed-model-name", stock],
            cwd=project, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True,
        )  # fmt: skip
        took_s = time.monotonic() - started
        progress(f"measuring the accuracy of stock {stock}")
        out = subprocess.run(
            [python, STOCK / "accuracy.py", project / "models" / f"{stock}.tar.gz", *sorted(EVALUATION.glob("*.tsv"))],
            cwd=project, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, check=True,
        )  # fmt: skip
    (project / "models" / f"{stock}.tar.gz").replace(card.with_suffix(".tar.gz"))
    accuracy = json.loads(out.stdout.splitlines()[-1])
    card.write_text(
        json.dumps({"epochs": epochs, "examples": examples, "accuracy": accuracy, "training_s": round(took_s)})
    )
    for old in sorted(card.parent.glob(f"{stock}-*.json"), key=lambda path: path.stat().st_mtime)[:-2]:
        old.with_suffix(".tar.gz").unlink(missing_ok=True)
        old.unlink()
