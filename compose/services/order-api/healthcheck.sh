#!/bin/bash
# healthcheck PORT: succeeds when /healthz on that port of this container answers 200.
# Bash opens the connection itself: a Python that starts every two seconds would cost more than
# the service does while idle.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET /healthz HTTP/1.0\r\n\r\n' >&3
read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
