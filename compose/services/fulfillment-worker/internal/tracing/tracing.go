// Package tracing sends the worker's spans to a collector, without the worker ever waiting for it.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const (
	queueSize     = 2048
	batchSize     = 512
	batchDelay    = 500 * time.Millisecond
	exportTimeout = 2 * time.Second

	flushTimeout = 2 * time.Second
	// A collector that did not take the last batch will hardly take this one, and where none runs,
	// every stop would take as long as a flush may.
	flushTimeoutWhileFailing = 200 * time.Millisecond
)

// Options is what Start needs to know.
type Options struct {
	// Endpoint is the base URL of OTLP over HTTP.
	Endpoint   string
	Service    string
	Version    string
	Registerer prometheus.Registerer
	Log        *slog.Logger
}

// Tracing is a tracer and what is behind it.
type Tracing struct {
	Tracer trace.Tracer

	provider *sdktrace.TracerProvider
	queue    *queue
}

// Start connects to nothing yet: whether there is a collector shows with the first batch.
func Start(ctx context.Context, options Options) (*Tracing, error) {
	inner, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(strings.TrimRight(options.Endpoint, "/")+"/v1/traces"),
		otlptracehttp.WithTimeout(exportTimeout),
		// What fails is dropped. Spans that waited for a retry would be the reason why later ones
		// find the queue full.
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}))
	if err != nil {
		return nil, fmt.Errorf("OTLP exporter: %w", err)
	}
	// The SDK would write to standard error, past the log's format.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		options.Log.Debug("tracing", "error", err)
	}))
	return start(inner, options), nil
}

func start(inner sdktrace.SpanExporter, options Options) *Tracing {
	queue := newQueue(inner, options)
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(resource.NewSchemaless(
			semconv.ServiceName(options.Service),
			semconv.ServiceNamespace("shop"),
			semconv.ServiceVersion(options.Version),
			semconv.DeploymentEnvironmentNameKey.String("sandbox"),
		)),
		// Everything, unless the sender decided already: what is worth keeping shows only at the end
		// of a trace, and there the collector chooses.
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())),
		sdktrace.WithSpanProcessor(queue),
	)
	return &Tracing{
		Tracer:   provider.Tracer(options.Service, trace.WithInstrumentationVersion(options.Version)),
		provider: provider,
		queue:    queue,
	}
}

// Stop sends what waits, for a bounded time.
func (t *Tracing) Stop() {
	limit := flushTimeout
	if t.queue.exporter.failing.Load() {
		limit = flushTimeoutWhileFailing
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	// What could not be sent in that time is lost, and nobody is left to tell.
	_ = t.provider.Shutdown(ctx)
}
