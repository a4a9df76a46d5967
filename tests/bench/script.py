"""What people write: one conversation of twenty messages per language. Questions, the offer check by digits, menus."""

from __future__ import annotations

_OFFER_ANSWERS = ("1", "2", "3", "2", "1", "1", "2", "2")

CONVERSATIONS: dict[str, tuple[str, ...]] = {
    "ha": (
        "Salamu alaikum jama'a", "mene ne fataucin mutane", "hanyar Libiya tana da hadari?", "menu",
        "wata hajiya ta ce za ta kai ni Saudiyya aikin gida, in yarda?", *_OFFER_ANSWERS,
        "yaya ake gane dillalin karya", "ina zan samu lauya kyauta", "menu", "za ku fada wa yan sanda?", "9",
        "na gode sosai", "sai anjima",
    ),
    "dje": (
        "Fofo", "traite des personnes ifo no zarma ciine ra", "Liibi fondo gonda laala?", "menu",
        "i ne ay se goy go Libi, ay ma yadda?", *_OFFER_ANSWERS,
        "ifo ga cabe kan goyo wo ya tangari no", "man no ay ga du avocat forba", "menu", "forba no?", "9", "fofo gumo",
        "kala tonton",
    ),
    "fr": (
        "bonjour", "c'est quoi la traite des personnes", "la route d'assamaka est dangereuse ?", "menu",
        "on me propose un travail au Mali, c'est vrai ?", *_OFFER_ANSWERS,
        "comment on reconnait un faux recruteur", "je cherche un avocat gratuit", "menu", "c gratuit ?", "9",
        "merci bcp", "au revoir",
    ),
    "en": (
        "Good evening sir", "meaning of human trafficking please", "is it safe to pass through Dirkou to the north",
        "menu", "somebody offers me work in Accra, is it real?", *_OFFER_ANSWERS,
        "how do I spot a fake travel agent", "i need a lawyer but no money", "menu", "is this free", "9",
        "thank you so much", "bye",
    ),
}  # fmt: skip

QUESTION = "quels sont mes droits"
"""Asked at the turns whose cost is compared."""


def conversation(number: int) -> tuple[str, ...]:
    """The script of the conversation with this number: the languages take turns."""
    return tuple(CONVERSATIONS.values())[number % len(CONVERSATIONS)]
