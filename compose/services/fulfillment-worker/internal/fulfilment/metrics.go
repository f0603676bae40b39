package fulfilment

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Outcome is how an attempt ended.
type Outcome string

const (
	Fulfilled Outcome = "fulfilled"
	Failed    Outcome = "failed"
	// Duplicate is an order that was fulfilled before, by an earlier delivery of it.
	Duplicate Outcome = "duplicate"
)

// Metrics describes attempts.
type Metrics struct {
	duration  *prometheus.HistogramVec
	fulfilled prometheus.Counter
}

func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "order_fulfillment_duration_seconds",
			Help:    "Duration of attempts to fulfil an order.",
			Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10},
		}, []string{"outcome"}),
		fulfilled: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "orders_fulfilled_total",
			Help: "Orders that this worker fulfilled; duplicates do not count.",
		}),
	}
	registry.MustRegister(m.duration, m.fulfilled)
	// A series that appears with its first value already at 1 has no increase that rate() could
	// see: the first failure after a start would go unnoticed.
	for _, outcome := range []Outcome{Fulfilled, Failed, Duplicate} {
		m.duration.WithLabelValues(string(outcome))
	}
	return m
}

func (m *Metrics) observe(outcome Outcome, took time.Duration) {
	m.duration.WithLabelValues(string(outcome)).Observe(took.Seconds())
	if outcome == Fulfilled {
		m.fulfilled.Inc()
	}
}
