"""Grafana dashboards as code: Python, the generated JSON and the provisioning.

``make dashboards`` writes the JSON. The modules need grafana-foundation-sdk, a development
dependency, so no other package imports them.
"""
