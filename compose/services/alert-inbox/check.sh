#!/usr/bin/env bash
# Everything that has to pass before alert-inbox is built: format, lint, tests.
set -euo pipefail
cd "$(dirname "$0")"

unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
  echo "run gofmt -w on: $unformatted" >&2
  exit 1
fi
go vet ./...
go tool staticcheck ./...

# The race detector needs a C compiler.
if command -v "$(go env CC)" >/dev/null; then
  CGO_ENABLED=1 go test -race ./...
else
  go test ./...
fi
