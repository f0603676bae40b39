#!/usr/bin/env bash
# Everything that has to pass before fulfillment-worker is built: format, lint, tests.
set -euo pipefail
cd "$(dirname "$0")"

unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
  echo "run gofmt -w on: $unformatted" >&2
  exit 1
fi
# As the image is built, so that what was compiled for it is used again.
export GOFLAGS="-trimpath -gcflags=all=-dwarf=false"
# These end before their garbage matters.
GOGC=off GOMEMLIMIT=2GiB go vet ./...
GOGC=off GOMEMLIMIT=2GiB go tool staticcheck ./...

go test ./...
