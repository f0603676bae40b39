#!/usr/bin/env bash
# Installs what runs and checks this service, again when the lock file is another.
set -euo pipefail
cd "$(dirname "$0")"

stamp=node_modules/.installed-lock
if ! cmp -s package-lock.json "$stamp"; then
  npm ci --no-audit --no-fund --ignore-scripts
  cp package-lock.json "$stamp"
fi
