package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

type settings struct {
	redisAddress     string
	redisPassword    string
	postgresDSN      string
	postgresPassword string
	stream           string
	group            string
	consumer         string
	metricsAddress   string
	faultsAddress    string
	faultToken       string
	otlpEndpoint     string
}

// readSettings reads everything once at start, so that a bad setting ends the process with a
// plain reason instead of a worker that runs and does nothing.
func readSettings(getenv func(string) string) (settings, error) {
	env := func(name, fallback string) string { return lookUp(getenv, name, fallback) }
	hostname, err := os.Hostname()
	if err != nil {
		return settings{}, fmt.Errorf("host name: %w", err)
	}
	postgresHost, postgresPort, err := net.SplitHostPort(env("POSTGRES_ADDRESS", "postgres:5432"))
	if err != nil {
		return settings{}, fmt.Errorf("POSTGRES_ADDRESS: %w", err)
	}
	otlpEndpoint := env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://trace-collector:4318")
	if parsed, err := url.Parse(otlpEndpoint); err != nil || parsed.Host == "" {
		return settings{}, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %q is not a URL", otlpEndpoint)
	}
	redisPassword, redisErr := readSecret(env("REDIS_PASSWORD_FILE", "/run/obsbook/redis-password"))
	postgresPassword, postgresErr := readSecret(env("POSTGRES_PASSWORD_FILE", "/run/obsbook/postgres-password"))
	faultToken, tokenErr := readSecret(env("FAULT_TOKEN_FILE", "/run/obsbook/fault-token"))
	if err := errors.Join(redisErr, postgresErr, tokenErr); err != nil {
		return settings{}, err
	}
	return settings{
		redisAddress:  env("REDIS_ADDRESS", "redis:6379"),
		redisPassword: redisPassword,
		postgresDSN: fmt.Sprintf("host=%s port=%s dbname=%s user=%s sslmode=disable",
			postgresHost, postgresPort, env("POSTGRES_DB", "orders"), env("POSTGRES_USER", "orders")),
		postgresPassword: postgresPassword,
		stream:           env("ORDER_STREAM", "orders"),
		group:            env("ORDER_GROUP", "fulfillment"),
		consumer:         env("CONSUMER_NAME", hostname),
		metricsAddress:   metricsAddress(getenv),
		faultsAddress:    ":" + env("FAULTS_PORT", "9903"),
		faultToken:       faultToken,
		otlpEndpoint:     otlpEndpoint,
	}, nil
}

// metricsAddress and logLevel are needed before, or without, the rest: the health check reads no
// secrets.
func metricsAddress(getenv func(string) string) string {
	return ":" + lookUp(getenv, "METRICS_PORT", "9103")
}

func logLevel(getenv func(string) string) string { return lookUp(getenv, "LOG_LEVEL", "info") }

func lookUp(getenv func(string) string, name, fallback string) string {
	if value := getenv(name); value != "" {
		return value
	}
	return fallback
}

func readSecret(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(content))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}
