package fulfilment

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// BacklogSource measures the queue.
type BacklogSource interface {
	// Backlog returns how many entries wait or are being worked on, and when the oldest was added.
	// The time is zero when there are none.
	Backlog(ctx context.Context) (depth int64, oldest time.Time, err error)
}

// Backlog exports the length of the queue. It measures by itself, at its own pace: a number that
// only moved when an order was taken would stand still just when the worker does.
type Backlog struct {
	source BacklogSource
	now    func() time.Time
	depth  *prometheus.Desc
	age    *prometheus.Desc

	mu     sync.Mutex
	known  bool
	length int64
	oldest time.Time
}

func NewBacklog(source BacklogSource, now func() time.Time) *Backlog {
	return &Backlog{
		source: source,
		now:    now,
		depth: prometheus.NewDesc("order_queue_depth",
			"Orders on the stream, those being worked on included.", nil, nil),
		age: prometheus.NewDesc("order_queue_oldest_age_seconds",
			"Age of the oldest order on the stream, 0 when it is empty.", nil, nil),
	}
}

// Run measures every interval until ctx ends.
func (b *Backlog) Run(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		b.Measure(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Measure asks the source once.
func (b *Backlog) Measure(ctx context.Context) {
	length, oldest, err := b.source.Backlog(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known, b.length, b.oldest = err == nil, length, oldest
}

func (b *Backlog) Describe(descs chan<- *prometheus.Desc) {
	descs <- b.depth
	descs <- b.age
}

// Collect exports nothing while the queue cannot be asked: an old number would look like a
// measured one.
func (b *Backlog) Collect(metrics chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.known {
		return
	}
	age := 0.0
	if !b.oldest.IsZero() {
		// The clocks of Redis and of this process may differ by a little.
		age = max(0, b.now().Sub(b.oldest).Seconds())
	}
	metrics <- prometheus.MustNewConstMetric(b.depth, prometheus.GaugeValue, float64(b.length))
	metrics <- prometheus.MustNewConstMetric(b.age, prometheus.GaugeValue, age)
}
