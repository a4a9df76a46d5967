"""How a network cuts an SMS: GSM-7 takes 160 characters or 153 per part, UCS-2 takes 70 or 67."""

from __future__ import annotations

from smsutil import split

GSM_7 = "gsm0338"


def encoding_and_parts(text: str) -> tuple[str, int]:
    """``("GSM-7", 2)`` or ``("UCS-2", 1)``; an empty text is one GSM-7 part."""
    if not text:
        return "GSM-7", 1
    cut = split(text)
    return ("GSM-7" if cut.encoding == GSM_7 else "UCS-2"), len(cut.parts)
