#!/bin/bash
# Checks the configuration of the components with the components' own tools, in the images that run it.
# usage: compose/check.sh    (needs the images; builds nothing and starts no stack)
set -euo pipefail
cd "$(dirname "$0")"
set -a
. ./versions.env
set +a

failed=0

# run TITLE ARGUMENT...: a container that reaches nothing and is gone afterwards.
run() {
    local title=$1 output
    shift
    if output=$(docker run --rm --pull=never --network=none "$@" 2>&1); then
        echo "ok      $title"
    else
        echo "FAILED  $title"
        printf '%s\n' "$output" | sed 's/^/        /'
        failed=1
    fi
}

if docker compose --file compose.yaml --profile full --profile grafana --profile tempo config --quiet; then
    echo "ok      compose model"
else
    echo "FAILED  compose model"
    failed=1
fi

run "prometheus: configuration and rules" \
    --volume "$PWD/config/prometheus:/etc/prometheus:ro" --entrypoint promtool \
    "obsbook/prometheus:$PROMETHEUS_VERSION" check config --lint=all --lint-fatal /etc/prometheus/prometheus.yml
run "prometheus: tests of the rules" \
    --volume "$PWD/config/prometheus:/etc/prometheus:ro" --entrypoint sh \
    "obsbook/prometheus:$PROMETHEUS_VERSION" /etc/prometheus/tests/run
run "alertmanager: configuration" \
    --volume "$PWD/config/alertmanager:/etc/alertmanager:ro" --entrypoint amtool \
    "obsbook/alertmanager:$ALERTMANAGER_VERSION" check-config /etc/alertmanager/alertmanager.yml
run "alertmanager: tests of the routes" \
    --volume "$PWD/config/alertmanager:/etc/alertmanager:ro" --entrypoint sh \
    "obsbook/alertmanager:$ALERTMANAGER_VERSION" /etc/alertmanager/routes.run
run "alerts: each has its playbook" \
    --volume "$PWD/config/prometheus:/etc/prometheus:ro" --volume "$PWD/../src/alerting:/playbooks:ro" --entrypoint sh \
    "obsbook/prometheus:$PROMETHEUS_VERSION" /etc/prometheus/tests/playbooks /etc/prometheus/rules /playbooks/playbooks.md
run "loki: configuration" \
    --volume "$PWD/config/loki:/etc/loki/obsbook:ro" \
    "obsbook/loki:$LOKI_VERSION" -config.file=/etc/loki/obsbook/loki.yaml -verify-config
run "collector: configuration" \
    --volume "$PWD/config/collector:/etc/otelcol/obsbook:ro" --env COMPOSE_PROJECT=obsbook --tmpfs /var/lib/otelcol --user 0:0 \
    "obsbook/collector:$OTEL_COLLECTOR_VERSION" validate --config=/etc/otelcol/obsbook/collector.yaml
run "trace-collector: configuration" \
    --volume "$PWD/config/trace-collector:/etc/otelcol/obsbook:ro" \
    "obsbook/collector:$OTEL_COLLECTOR_VERSION" validate --config=/etc/otelcol/obsbook/collector.yaml
run "jaeger: configuration" \
    --volume "$PWD/config/jaeger:/etc/jaeger/obsbook:ro" \
    "obsbook/jaeger:$JAEGER_VERSION" validate --config=/etc/jaeger/obsbook/jaeger.yaml
run "nginx: configuration" \
    --volume "$PWD/config/nginx:/etc/nginx/obsbook:ro" --user 101:101 --tmpfs /tmp \
    "obsbook/nginx:$NGINX_VERSION" nginx -t -e stderr -c /etc/nginx/obsbook/nginx.conf
run "engine-proxy: configuration" \
    --volume "$PWD/config/engine-proxy:/etc/haproxy/obsbook:ro" \
    "obsbook/engine-proxy:$HAPROXY_VERSION" haproxy -c -f /etc/haproxy/obsbook/haproxy.cfg

# version NAME EXPECTED ARGUMENT...: an image that holds another version than versions.env says would make
# the two image sources differ.
version() {
    local name=$1 expected=$2 output
    shift 2
    # Judged by what it prints, below: some print their version and end with another status than 0.
    output=$(docker run --rm --pull=never --network=none "obsbook/$name:$expected" "$@" 2>&1) || true
    # A prefix of a version is not that version: 1.2 must not pass for 1.22.
    if [[ $output =~ (^|[^0-9.])"$expected"($|[^0-9]) ]]; then
        echo "ok      $name is $expected"
    else
        echo "FAILED  $name is $expected"
        printf '%s\n' "$output" | sed 's/^/        /'
        failed=1
    fi
}
version postgres "$POSTGRES_VERSION" pg_isready --version
version redis "$REDIS_VERSION" redis-server --version
version nginx "$NGINX_VERSION" nginx -v
version engine-proxy "$HAPROXY_VERSION" haproxy -v
version prometheus "$PROMETHEUS_VERSION" --version
version alertmanager "$ALERTMANAGER_VERSION" --version
version loki "$LOKI_VERSION" -version
version collector "$OTEL_COLLECTOR_VERSION" --version
version jaeger "$JAEGER_VERSION" version
version node-exporter "$NODE_EXPORTER_VERSION" --version
version toxiproxy "$TOXIPROXY_VERSION" -version
version postgres-exporter "$POSTGRES_EXPORTER_VERSION" --version
version redis-exporter "$REDIS_EXPORTER_VERSION" /redis_exporter --version
version nginx-exporter "$NGINX_EXPORTER_VERSION" -version

exit "$failed"
