"""E-mail to contacts: the same short alert as by SMS, through the operator's SMTP server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from webhook.delivery import NotSentError, Trouble
from webhook.outbox import Outbound
from webhook.settings import LOOPBACK_HOSTS

TIMEOUT_S = 20.0
SUBJECT = "Hankali"
"""Neutral: a preview on a screen must not say more."""


class SmtpSender:
    """Sends one message a connection. ``url``: ``smtp://user:password@host:587`` or ``smtps://…:465``."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._tls else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender

    def send(self, outbox_id: str, message: Outbound) -> str:
        """Returns the Message-ID, which is the same for every attempt: a mail program shows a repeat once."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._sender, message.to, SUBJECT
        mail["Message-ID"] = f"<{outbox_id}@hankali>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        try:
            with self._connect() as server:
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            raise NotSentError(_of_code(min(code for code, _ in error.recipients.values())), "recipient") from error
        except smtplib.SMTPResponseException as error:
            raise NotSentError(_of_code(error.smtp_code), str(error.smtp_code)) from error
        except smtplib.SMTPServerDisconnected as error:
            raise NotSentError(Trouble.UNCERTAIN, "disconnected") from error
        except (smtplib.SMTPException, ssl.SSLError) as error:
            raise NotSentError(Trouble.UNREACHABLE, type(error).__name__) from error
        except TimeoutError as error:
            raise NotSentError(Trouble.UNCERTAIN, "time-out") from error
        except OSError as error:
            raise NotSentError(Trouble.UNREACHABLE, type(error).__name__) from error
        return str(mail["Message-ID"])

    def find(self, message: Outbound, since_ms: int, known: Callable[[str], bool]) -> str | None:
        """SMTP keeps no list."""
        return None

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
            if self._host not in LOOPBACK_HOSTS:
                server.starttls(context=context)
        if self._user:
            server.login(self._user, self._password)
        return server


def _of_code(code: int) -> Trouble:
    """4xx: later perhaps; 5xx: never (RFC 5321, 4.2.1)."""
    return Trouble.REFUSED if code >= 500 else Trouble.UNREACHABLE
