#!/bin/sh
# Everything that is checked of the dashboards without Docker: style, types, tests, and that the files
# Grafana reads are those that the generator writes.
set -eu
cd "$(dirname "$0")"

./environment.sh
PATH=$PWD/.venv/bin:$PATH

ruff format --check .
ruff check .
mypy
pytest "$@"
PYTHONPATH=src python -W ignore::DeprecationWarning -m dashboards check ../config/grafana/dashboards
