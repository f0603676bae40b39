package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"obsbook/fulfillment-worker/internal/faults"
)

func newRegistry(state *faults.State) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for _, kind := range faults.Kinds {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "fault_active",
			Help:        "Whether an injected fault of this kind is in force.",
			ConstLabels: prometheus.Labels{"kind": string(kind)},
		}, func() float64 {
			if state.Active(kind) {
				return 1
			}
			return 0
		}))
	}
	return registry
}

func newMetricsHandler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	// Exemplars exist in OpenMetrics only; who does not ask for that gets the plain text as ever.
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		// About the process only: restarting it would bring back neither Redis nor PostgreSQL.
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = fmt.Fprintln(w, `{"status":"ok"}`)
	})
	return mux
}

// serve listens at once, so that a port that is taken is an error of the start, and serves until
// the function that it returns is called.
func serve(address string, handler http.Handler) (func(), error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return func() { _ = server.Close() }, nil
}

// checkHealth is what the container's health check runs: an image without a shell has no other
// program that could ask.
func checkHealth(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+port+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}
