"""Why the simulator would not do what its page asked: words for the person in front of it."""

from __future__ import annotations


class RefusedError(Exception):
    """``status`` is the HTTP status of the answer; the two texts are shown on the page."""

    def __init__(self, status: int, french: str, english: str) -> None:
        super().__init__(english)
        self.status = status
        self.french = french
        self.english = english
