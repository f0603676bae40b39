package fulfilment

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

// Outcome is how an attempt ended.
type Outcome string

const (
	Fulfilled Outcome = "fulfilled"
	Failed    Outcome = "failed"
	// Duplicate is an order that was fulfilled before, by an earlier delivery of it.
	Duplicate Outcome = "duplicate"
)

// Metrics describes attempts and their statements.
type Metrics struct {
	duration  *prometheus.HistogramVec
	fulfilled prometheus.Counter
	queries   *prometheus.HistogramVec
}

const postgresql = "postgresql"

var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10}

func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "order_fulfillment_duration_seconds",
			Help:    "Duration of attempts to fulfil an order.",
			Buckets: buckets,
		}, []string{"outcome"}),
		fulfilled: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "orders_fulfilled_total",
			Help: "Orders that this worker fulfilled; duplicates do not count.",
		}),
		queries: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "db_client_operation_duration_seconds",
			Help:    "Duration of statements, from the client's point of view.",
			Buckets: buckets,
		}, []string{"db_system_name", "db_operation_name"}),
	}
	registry.MustRegister(m.duration, m.fulfilled, m.queries)
	// A series that appears with its first value already at 1 has no increase that rate() could
	// see: the first failure after a start would go unnoticed.
	for _, outcome := range []Outcome{Fulfilled, Failed, Duplicate} {
		m.duration.WithLabelValues(string(outcome))
	}
	for _, operation := range []string{"BEGIN", "INSERT", "UPDATE", "COMMIT", "ROLLBACK"} {
		m.queries.WithLabelValues(postgresql, operation)
	}
	return m
}

func (m *Metrics) observe(ctx context.Context, outcome Outcome, took time.Duration) {
	observe(ctx, m.duration.WithLabelValues(string(outcome)), took)
	if outcome == Fulfilled {
		m.fulfilled.Inc()
	}
}

func (m *Metrics) observeQuery(ctx context.Context, operation string, took time.Duration) {
	observe(ctx, m.queries.WithLabelValues(postgresql, operation), took)
}

// observe leaves the trace as an exemplar, if somebody may find it: what the sender decided not to
// sample is nowhere.
func observe(ctx context.Context, histogram prometheus.Observer, took time.Duration) {
	span := trace.SpanContextFromContext(ctx)
	withExemplar, can := histogram.(prometheus.ExemplarObserver)
	if !can || !span.IsSampled() {
		histogram.Observe(took.Seconds())
		return
	}
	withExemplar.ObserveWithExemplar(took.Seconds(), prometheus.Labels{
		"trace_id": span.TraceID().String(),
		"span_id":  span.SpanID().String(),
	})
}
