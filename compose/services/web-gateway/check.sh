#!/usr/bin/env bash
# Everything that has to pass before web-gateway is built: lint, types, tests.
set -euo pipefail
cd "$(dirname "$0")"

./environment.sh
npm run --silent lint
npm run --silent types
npm run --silent test
