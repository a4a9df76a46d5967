"""Referrals on this side of the dialogue: the ledger, alerts and acknowledgement, news and messages for the person."""
