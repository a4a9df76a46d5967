"""The help path and what follows from it: the record, the directory of contacts, whom to alert. No database here."""
