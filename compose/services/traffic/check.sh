#!/bin/sh
# Everything that is checked of this service without Docker: style, types and tests.
# The environment is made once and again when the pinned requirements change.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3.11}

stamp=.venv/requirements.sha256
if ! sha256sum --check --status "$stamp" 2>/dev/null; then
    rm -rf .venv
    "$python" -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
    sha256sum requirements-dev.txt >"$stamp"
fi
PATH=$PWD/.venv/bin:$PATH

ruff format --check .
ruff check .
mypy
pytest "$@"
