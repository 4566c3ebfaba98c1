"""Grafana as code: dashboards in Python, their JSON beside them, what provisions both.

``make dashboards`` writes the JSON. The modules here need grafana-foundation-sdk, which only
development installs: nothing that runs imports them.
"""
