"""Building blocks of commands: options, progress, signals, ports and logs of client libraries."""

__all__ = ["client_logs", "options", "ports", "progress", "rejects", "signals"]
