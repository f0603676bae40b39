"""Grafana's dashboards: one module each, with the helpers that they share."""
