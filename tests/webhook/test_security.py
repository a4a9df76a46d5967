from __future__ import annotations

from cryptography.fernet import Fernet
from werkzeug.datastructures import MultiDict

from webhook.security import TwilioSignature, Vault, same_secret

KEYS = [Fernet.generate_key().decode() for _ in range(2)]


def test_the_published_signature_vector() -> None:
    # https://www.twilio.com/docs/usage/security
    parameters = MultiDict(
        {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
         "To": "+18005551212"}
    )  # fmt: skip
    url, right = "https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    signature = TwilioSignature("12345")
    assert signature.valid(url, parameters, right)
    assert not signature.valid(url.replace("https", "http"), parameters, right)
    assert not signature.valid(url, MultiDict({**parameters, "Digits": "1235"}), right)
    assert not signature.valid(url, parameters, "")
    assert not signature.valid(url, parameters, "é")
    assert not TwilioSignature(None).valid(url, parameters, right)


def test_a_conversation_id_is_one_per_number_channel_and_key() -> None:
    vault = Vault("a" * 32, KEYS)
    name = vault.conversation_id("sms", "+22790000001")
    assert name == vault.conversation_id("sms", "+227 90 00-00 01")
    assert name != vault.conversation_id("voice", "+22790000001")
    assert name != vault.conversation_id("sms", "+22790000002")
    assert name != Vault("b" * 32, KEYS).conversation_id("sms", "+22790000001")
    assert "90000001" not in name


def test_what_is_locked_opens_with_any_of_the_keys_and_only_them() -> None:
    token = Vault("a" * 32, KEYS[1:]).lock({"name": "Awa"})
    assert b"Awa" not in token
    both = Vault("a" * 32, KEYS)
    assert both.unlock(token) == {"name": "Awa"}
    renewed = both.renew(token)
    assert renewed is not None
    assert Vault("a" * 32, KEYS[:1]).unlock(renewed) == {"name": "Awa"}
    assert Vault("a" * 32, KEYS[:1]).unlock(token) is None
    assert both.unlock(b"garbage") is None
    assert both.unlock(None) is None


def test_a_missing_secret_equals_nothing() -> None:
    assert same_secret("x", "x")
    assert not same_secret("x", "y")
    assert not same_secret("", "")
    assert not same_secret(None, None)
    assert not same_secret("x", "é\udcff")
