#!/bin/sh
# Generates the Python code of ../../proto/orders.proto into the folder $1 with the tools of the
# environment that is on the PATH. --with-types adds what mypy needs and the service does not.
set -eu
out=$1
types=${2:-}
proto=$(cd "$(dirname "$0")/../../proto" && pwd)
mkdir -p "$out"
set -- --python_out="$out" --grpc_python_out="$out"
if [ "$types" = --with-types ]; then
    set -- "$@" --mypy_out="$out" --mypy_grpc_out="$out"
fi
python -m grpc_tools.protoc -I "$proto" "$@" "$proto/orders.proto"
