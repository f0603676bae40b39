#!/usr/bin/env bash
# Everything that has to pass before web-gateway is built: lint, types, tests.
set -euo pipefail
cd "$(dirname "$0")"

# An install is skipped while the lock file is the one that was last installed.
stamp=node_modules/.installed-lock
if ! cmp -s package-lock.json "$stamp"; then
  npm ci --no-audit --no-fund --ignore-scripts
  cp package-lock.json "$stamp"
fi

npm run --silent lint
npm run --silent types
npm run --silent test
