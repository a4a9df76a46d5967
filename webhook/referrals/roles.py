"""Who may do what with referrals: one table."""

from __future__ import annotations

OPERATOR = "admin"
"""Whoever can run the command line holds the keys."""
PERMISSIONS: dict[str, frozenset[str]] = {
    "admin": frozenset(("export", "identity", "messages")),
    "caseworker": frozenset(("export", "messages")),
    "editor": frozenset(),
}
"""Role (``hankali user add --role``) → ``export`` cases, with ``identity``, hear ``messages``."""


def may(role: str, what: str) -> bool:
    """Whether a role allows something; an unknown role allows nothing."""
    return what in PERMISSIONS.get(role, frozenset())
