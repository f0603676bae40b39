// Command fulfillment-worker takes orders from a Redis stream and fulfils them in PostgreSQL.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"obsbook/fulfillment-worker/internal/faults"
	"obsbook/fulfillment-worker/internal/fulfilment"
	"obsbook/fulfillment-worker/internal/tracing"
)

// version is set by the linker.
var version = "0.0.0"

const (
	concurrency     = 4
	measureInterval = time.Second
	// Below the 5 s after which whoever asked the process to stop may kill it, together with the
	// 2 s that its last spans may take.
	graceForAttempts = 2500 * time.Millisecond
)

func main() {
	healthcheck := flag.Bool("healthcheck", false, "ask the running worker whether it is healthy, and exit")
	flag.Parse()

	if *healthcheck {
		if err := checkHealth(metricsAddress(os.Getenv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	log, err := newLog(os.Stdout, logLevel(os.Getenv))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := run(log); err != nil {
		log.Error("not started", "error", err)
		os.Exit(1)
	}
}

func run(log *slog.Logger) error {
	settings, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	queue := fulfilment.NewRedisQueue(settings.redisAddress, settings.redisPassword,
		settings.stream, settings.group, settings.consumer)
	defer func() { _ = queue.Close() }()
	state := faults.NewState(time.Now, rand.Float64)
	registry := newRegistry(state)
	traces, err := tracing.Start(ctx, tracing.Options{
		Endpoint: settings.otlpEndpoint, Service: service, Version: version, Registerer: registry, Log: log,
	})
	if err != nil {
		return err
	}
	metrics := fulfilment.NewMetrics(registry)
	store, err := fulfilment.NewPostgresStore(ctx, settings.postgresDSN, settings.postgresPassword, concurrency,
		traces.Tracer, metrics)
	if err != nil {
		return err
	}
	defer store.Close()
	backlog := fulfilment.NewBacklog(queue, time.Now)
	registry.MustRegister(backlog)
	consumer := fulfilment.Consumer{
		Queue:       queue,
		Store:       store,
		Faults:      state,
		Metrics:     metrics,
		Spans:       fulfilment.NewSpans(traces.Tracer, settings.stream, settings.group, settings.consumer),
		Log:         log,
		Timing:      fulfilment.DefaultTiming,
		Concurrency: concurrency,
	}

	closeMetrics, err := serve(settings.metricsAddress, newMetricsHandler(registry))
	if err != nil {
		return err
	}
	defer closeMetrics()
	api := faults.NewAPI(service, state, settings.faultToken, log, func() { os.Exit(1) })
	closeFaults, err := serve(settings.faultsAddress, api)
	if err != nil {
		return err
	}
	defer closeFaults()
	log.Info("started", "consumer", settings.consumer)

	go backlog.Run(ctx, measureInterval)
	attempts, abandonAttempts := context.WithCancel(context.Background())
	context.AfterFunc(ctx, func() {
		log.Info("stopping")
		// What is abandoned stays pending, and the next worker takes it over.
		time.AfterFunc(graceForAttempts, abandonAttempts)
	})
	consumer.Run(ctx, attempts)
	abandonAttempts()
	traces.Stop()
	return nil
}
