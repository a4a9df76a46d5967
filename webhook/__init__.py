"""The doors and the desk: HTTP, inbox, delivery, console, command line."""
