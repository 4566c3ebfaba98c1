"""Configuration: settings, watched brands and detector rules."""

__all__ = ["brands", "rules", "settings"]
