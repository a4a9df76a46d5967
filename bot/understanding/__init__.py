"""From a text to language, intent, signs and urgency: Rasa graph components trained from ``nlu/``."""
