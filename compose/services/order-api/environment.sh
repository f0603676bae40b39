#!/bin/sh
# Makes .venv with the tools that check this service, again when the pinned requirements change.
set -eu
cd "$(dirname "$0")"

stamp=.venv/requirements.sha256
if ! sha256sum --check --status "$stamp" 2>/dev/null; then
    rm -rf .venv
    if command -v uv >/dev/null; then
        uv venv --quiet --python "${PYTHON:-python3.11}" .venv
        uv pip install --quiet --python .venv --require-hashes -r requirements-dev.txt
    else
        "${PYTHON:-python3.11}" -m venv .venv
        .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
    fi
    sha256sum requirements-dev.txt >"$stamp"
fi
