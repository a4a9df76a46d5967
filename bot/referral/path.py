"""The help path as a state machine: which question comes next, what an answer means, how one goes back.

Pure functions over a small state; the loop that asks is bot/actions/help_path.py. Danger comes first, every answer is
optional, and nothing that was said already is asked again. Key 1 is yes or goes on, key 2 is no or skips.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

DANGER, SAFE, WHO, WHERE, SEEN = "danger", "safe", "who", "where", "seen"
CONTACT, HOW, TIME, CODE, CONSENT = "contact", "how", "time", "code", "consent"
STEPS = (DANGER, SAFE, WHO, WHERE, SEEN, CONTACT, HOW, TIME, CODE, CONSENT)
SKIPPED = ""
ABOUT = ("self", "other", "child")
TIMES = ("morning", "afternoon", "evening", "any")
SHORT_PATH = frozenset((SEEN, HOW, TIME, CODE))
"""Not asked while somebody is in danger: the alert should leave."""
MIN_CODE_CHARACTERS = 3
MAX_SEEN_CHARACTERS = 600
URGENT_SIGNS = frozenset(
    ("confined", "violence", "threats", "sexual_exploitation", "held_as_slave", "sold_or_ransomed", "armed_guards",
     "no_food_or_care", "armed_group", "self_harm")
)  # fmt: skip

Urgency = Literal["immediate", "high", "normal"]


@dataclass(frozen=True)
class HelpState:
    """Where the help path stands.

    ``answers`` are (step, value) in the order given, an empty value was skipped; ``told`` are steps known from free
    text; a place is ``country/region``. ``signs`` are ids of bot/signs.yml, ``seen`` the person's own words about
    somebody else. ``reference`` is set once a referral was opened before consent (an operator's policy). ``paused``
    names the content key that waits before the questions go on; ``tries`` counts answers to the current question that
    were not understood.
    """

    answers: tuple[tuple[str, str], ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    signs: tuple[str, ...] = ()
    seen: str = ""
    reference: str = ""
    paused: str = ""
    listing: bool = False
    tries: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> HelpState:
        """Reads :meth:`to_dict`; what is not known is dropped."""
        known = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        for name in ("answers", "told"):
            known[name] = tuple((str(s), str(v)) for s, v in known.get(name) or () if s in STEPS)
        known["signs"] = tuple(known.get("signs") or ())
        return cls(**known)

    def value(self, step: str) -> str | None:
        """The answer to a step: None when it was neither answered nor told, empty when it was skipped."""
        for name, value in reversed((*self.told, *self.answers)):
            if name == step:
                return value
        return None

    @property
    def in_danger(self) -> bool:
        """Somebody is in danger now."""
        return self.value(DANGER) == "yes"

    def current(self, channel: str) -> str | None:
        """The step that waits for an answer; None when all are known."""
        for step in STEPS:
            if self.value(step) is None and self._asked(step, channel):
                return step
        return None

    def _asked(self, step: str, channel: str) -> bool:
        if step in SHORT_PATH and self.in_danger:
            return False
        if step == SEEN:
            return self.value(WHO) in ("other", "child") and not self.seen and channel != "voice"
        if step in (HOW, TIME, CODE):
            return self.value(CONTACT) == "yes" and (step != HOW or channel != "telegram")
        return True

    def answer(self, step: str, value: str) -> HelpState:
        """The state after an answer."""
        return replace(self, answers=(*self.answers, (step, value)), tries=0, listing=False, paused="")

    def tell(self, step: str, value: str) -> HelpState:
        """Takes note of something said in free text; an answer given before stays unless danger is told."""
        if self.value(step) == value or (self.value(step) and step != DANGER):
            return self
        return replace(self, told=(*(t for t in self.told if t[0] != step), (step, value)),
                       answers=tuple(a for a in self.answers if a[0] != step))  # fmt: skip

    def hear(self, signs: tuple[str, ...]) -> HelpState:
        """Takes note of signs said in free text."""
        return replace(self, signs=tuple(dict.fromkeys((*self.signs, *signs))))

    def missed(self) -> HelpState:
        """The answer was not understood."""
        return replace(self, tries=self.tries + 1)

    def back(self) -> HelpState | None:
        """The state before the last answer, None when there was none. Words about what was seen go with theirs."""
        if self.listing:
            return replace(self, listing=False, tries=0)
        if not self.answers:
            return None
        step = self.answers[-1][0]
        seen = "" if step in (SEEN, WHERE) else self.seen
        return replace(self, answers=self.answers[:-1], seen=seen, tries=0, paused="")

    # ---- what the answers come to

    @property
    def about(self) -> str:
        """self, other or child; empty when not said."""
        return self.value(WHO) or ""

    @property
    def age(self) -> str:
        """Age band as routing and record know it."""
        return "child" if self.about == "child" or "child_hazard" in self.signs else "unknown"

    @property
    def place(self) -> tuple[str, str]:
        """Country and region, each empty when not known."""
        country, _, region = (self.value(WHERE) or "").partition("/")
        return country, region

    @property
    def urgency(self) -> Urgency:
        """immediate: danger now; high: a grave sign, or a child; else normal."""
        if self.in_danger:
            return "immediate"
        return "high" if URGENT_SIGNS & set(self.signs) or self.about == "child" else "normal"

    def permission(self, channel: str) -> str:
        """How the person may be contacted: sms, call, telegram or none."""
        if self.value(CONTACT) != "yes":
            return "none"
        default = {"telegram": "telegram", "voice": "call"}.get(channel, "sms")
        return {"call": "call", "message": "sms" if channel == "voice" else channel}.get(self.value(HOW) or "", default)
