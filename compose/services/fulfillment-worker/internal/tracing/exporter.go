package tracing

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// How an export can fail, as few values as it takes to tell whose fault it is.
const (
	delivered   = ""
	timeout     = "timeout"
	unreachable = "unreachable"
	// other is the name that the semantic conventions give to the rest; here it is an answer that
	// refuses the spans.
	other = "_OTHER"
)

// reportingExporter tells how another exporter fares: every batch to the metrics, but only a change
// to the log. Where no collector runs, each batch fails, and a line for each would bury all others.
type reportingExporter struct {
	inner    sdktrace.SpanExporter
	taken    func(spans int)
	exported *prometheus.CounterVec
	log      *slog.Logger
	// The processor exports one batch after the other; only failing is read from elsewhere.
	reported bool
	failing  atomic.Bool
}

func newReportingExporter(inner sdktrace.SpanExporter, options Options, taken func(spans int)) *reportingExporter {
	e := &reportingExporter{
		inner: inner,
		taken: taken,
		exported: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "otel_sdk_exporter_span_exported_total",
			Help: "Spans whose export ended: without an error_type delivered, otherwise lost.",
		}, []string{"error_type"}),
		log: options.Log,
	}
	options.Registerer.MustRegister(e.exported)
	for _, errorType := range []string{delivered, timeout, unreachable, other} {
		e.exported.WithLabelValues(errorType)
	}
	return e
}

// ExportSpans returns no error: it is counted and logged here, and the SDK would log it once more.
func (e *reportingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.taken(len(spans))
	err := e.inner.ExportSpans(ctx, spans)
	errorType := errorTypeOf(ctx, err)
	e.exported.WithLabelValues(errorType).Add(float64(len(spans)))

	failing := err != nil
	if e.reported && e.failing.Load() == failing {
		return nil
	}
	e.reported = true
	e.failing.Store(failing)
	if failing {
		e.log.Warn("trace export failing", "error_type", errorType, "error", err)
	} else {
		e.log.Info("trace export works")
	}
	return nil
}

func (e *reportingExporter) Shutdown(ctx context.Context) error { return e.inner.Shutdown(ctx) }

func errorTypeOf(ctx context.Context, err error) string {
	var network net.Error
	switch {
	case err == nil:
		return delivered
	// The processor gives its deadline a cause of its own, and that is then the error.
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		return timeout
	case errors.As(err, &network):
		if network.Timeout() {
			return timeout
		}
		return unreachable
	default:
		return other
	}
}
