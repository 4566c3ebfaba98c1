"""The API, its front, and the dashboards and rules of Grafana, Prometheus and Alertmanager."""
