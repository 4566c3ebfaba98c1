"""What commands share: options, progress, signals, ports, logs of client libraries."""
