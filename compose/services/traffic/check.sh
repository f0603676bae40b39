#!/bin/sh
# Everything that is checked of this service without Docker: style, types and tests.
set -eu
cd "$(dirname "$0")"

./environment.sh
PATH=$PWD/.venv/bin:$PATH

ruff format --check .
ruff check .
mypy
pytest "$@"
