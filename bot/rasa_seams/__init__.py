"""Every place where Rasa 3.6.21's internals are replaced, and nothing else.

Rasa 3.6.21 is the last open release and frozen, so these seams cannot drift. Each replacement has a test in
``tests/bot/test_rasa_seams.py`` that compares it with the original. :func:`install` must run before the first
``import rasa``; :func:`install_runtime` is called by it once Rasa's core is wanted.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
import types
from typing import Any

# Modules that only exist to use TensorFlow, and channel modules of services that we do not use. They are imported by
# Rasa at start; a placeholder whose classes refuse to be built takes their place.
TENSORFLOW_MODULES = (
    "rasa.nlu.classifiers.diet_classifier",
    "rasa.nlu.selectors.response_selector",
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer",
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer",
    "rasa.core.policies.ted_policy",
    "rasa.core.policies.unexpected_intent_policy",
    "rasa.utils.tensorflow.callback",
    "rasa.utils.tensorflow.data_generator",
    "rasa.utils.tensorflow.models",
    "rasa.utils.tensorflow.layers",
    "rasa.utils.tensorflow.model_data",
)
CHANNEL_MODULES = tuple(
    f"rasa.core.channels.{name}"
    for name in (
        "socketio",
        "botframework",
        "callback",
        "facebook",
        "mattermost",
        "rasa_chat",
        "rocketchat",
        "slack",
        "telegram",
        "twilio",
        "twilio_voice",
        "webexteams",
        "hangouts",
    )
)
PLACEHOLDER_MODULES = frozenset(TENSORFLOW_MODULES + CHANNEL_MODULES)

# Rasa imports these at start for stores, brokers, plots, a shell and training that a serving process does not have.
UNSERVED_PACKAGES = frozenset(
    ("aio_pika", "aiormq", "apscheduler", "boto3", "botocore", "bson", "dask", "dns", "gridfs", "matplotlib",
     "networkx", "pamqp", "PIL", "prompt_toolkit", "pymongo", "questionary", "s3transfer", "scipy",
     "sklearn")
)  # fmt: skip


class _Placeholder(types.ModuleType):
    """A module in which every public name is a class that cannot be built."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(cls: type, *_: Any, **__: Any) -> Any:
            raise ImportError(f"{self.__name__}.{name} is not available: its package is not installed")

        bases: tuple[type, ...] = ()
        if self.__name__ in CHANNEL_MODULES and name.endswith("Input"):
            channel = sys.modules.get("rasa.core.channels.channel")
            bases = (channel.InputChannel,) if channel is not None else ()
        cls = type(name, bases, {"__new__": refuse, "__module__": self.__name__, "name": classmethod(lambda c: name)})
        setattr(self, name, cls)
        return cls


class _PlaceholderFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    packages: frozenset[str] = frozenset()

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname in PLACEHOLDER_MODULES:
            return importlib.machinery.ModuleSpec(fullname, self)
        if fullname.partition(".")[0] in self.packages:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Placeholder(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def install_for_serving() -> None:
    """As :func:`install`, and placeholders for packages that only training and Rasa's commands use (45 MB).

    For a process that serves and does nothing else.
    """
    _PlaceholderFinder.packages = UNSERVED_PACKAGES
    install()


def install() -> None:
    """Prepares the interpreter for Rasa: placeholders, no telemetry, no text in logs. Idempotent."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"  # our fingerprint decides what is stale; nothing else is written
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    if not any(isinstance(finder, _PlaceholderFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _PlaceholderFinder())
    import logging  # noqa: PLC0415

    import structlog  # noqa: PLC0415

    # Unconfigured structlog prints every message text and slot.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR), cache_logger_on_first_use=True
    )


def install_runtime() -> None:
    """Replaces the parts of Rasa's core that cost most per message. Idempotent."""
    install()
    import rasa.core.actions.action as action_module  # noqa: PLC0415
    import rasa.core.agent as agent_module  # noqa: PLC0415
    import rasa.core.policies.rule_policy as rule_module  # noqa: PLC0415
    import rasa.core.processor as processor_module  # noqa: PLC0415
    from rasa.shared.core.slots import Slot  # noqa: PLC0415

    from bot.rasa_seams.actions import InProcessAction  # noqa: PLC0415
    from bot.rasa_seams.processor import NO_COPIES, TurnProcessor, copy_slot  # noqa: PLC0415
    from bot.rasa_seams.runner import SequentialGraphRunner  # noqa: PLC0415

    processor_module.DaskGraphRunner = SequentialGraphRunner
    processor_module.copy = rule_module.copy = NO_COPIES
    action_module.RemoteAction = InProcessAction
    agent_module.MessageProcessor = TurnProcessor
    Slot.__copy__ = copy_slot
