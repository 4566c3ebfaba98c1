"""Building blocks of commands: options, progress, signals, ports and logs of client libraries."""
