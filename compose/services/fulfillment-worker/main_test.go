package main

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"obsbook/fulfillment-worker/internal/faults"
)

func secretFiles(t *testing.T) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, name := range []string{"REDIS_PASSWORD_FILE", "POSTGRES_PASSWORD_FILE", "FAULT_TOKEN_FILE"} {
		env[name] = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(env[name], []byte("secret of "+name+"\n"), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	return env
}

func TestSettings(t *testing.T) {
	env := secretFiles(t)
	env["POSTGRES_ADDRESS"] = "elsewhere:25432"
	got, err := readSettings(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if got.redisAddress != "redis:6379" || got.metricsAddress != ":9103" || got.stream != "orders" {
		t.Errorf("defaults: %+v", got)
	}
	if !strings.Contains(got.postgresDSN, "host=elsewhere port=25432 dbname=orders user=orders") {
		t.Errorf("DSN %q", got.postgresDSN)
	}
	if got.faultToken != "secret of FAULT_TOKEN_FILE" || strings.Contains(got.postgresDSN, "secret") {
		t.Errorf("secrets: %+v", got)
	}
}

func TestSettingsRefuseWhatIsNoAddress(t *testing.T) {
	for name, value := range map[string]string{
		"POSTGRES_ADDRESS": "postgres", "OTEL_EXPORTER_OTLP_ENDPOINT": "trace-collector:4318",
	} {
		env := secretFiles(t)
		env[name] = value
		_, err := readSettings(func(name string) string { return env[name] })
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSettingsNameEverySecretThatIsMissing(t *testing.T) {
	env := secretFiles(t)
	env["REDIS_PASSWORD_FILE"] = "/nonexistent/redis"
	env["FAULT_TOKEN_FILE"] = os.DevNull
	_, err := readSettings(func(name string) string { return env[name] })
	if err == nil || !strings.Contains(err.Error(), "/nonexistent/redis") || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("%v", err)
	}
}

func TestHealthcheckAndMetrics(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if checkHealth(address) == nil {
		t.Error("healthy before it serves")
	}
	state := faults.NewState(time.Now, func() float64 { return 0 })
	stop, err := serve(address, newMetricsHandler(newRegistry(state)))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := checkHealth(address); err != nil {
		t.Error(err)
	}
	state.Put(faults.Fault{Kind: faults.KindError, Ratio: 1, TTL: time.Minute})
	if err := checkHealth(address); err != nil {
		t.Error(err)
	}
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`fault_active{kind="error"} 1`, `fault_active{kind="latency"} 0`, `fault_active{kind="stall"} 0`,
		"process_resident_memory_bytes",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%s is missing", want)
		}
	}
}
