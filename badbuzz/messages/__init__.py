"""Render an alert as text, mail and SMS in the languages of the catalogue. Pure."""

__all__ = ["mail", "sms", "text", "translator"]
