"""Steady load on the sandbox's shop."""
