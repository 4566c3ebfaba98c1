"""The product in one terminal: an embedded broker, a worker, a replay and a live view."""
