package fulfilment

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

type bench struct {
	*testing.T
	queue    *fakeQueue
	store    *fakeStore
	faults   *fakeFaults
	spans    *tracetest.InMemoryExporter
	consumer *Consumer
	stop     context.CancelFunc
	abandon  context.CancelFunc
	stopped  chan struct{}
}

// run lets a consumer work inside a bubble of virtual time, in which waiting costs nothing and
// the clock moves only when every goroutine waits.
func run(t *testing.T, test func(*bench)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		attempts, abandon := context.WithCancel(t.Context())
		spans, tracer := newRecorder()
		b := &bench{
			T: t, spans: spans, queue: newFakeQueue(), store: newFakeStore(), faults: &fakeFaults{},
			stop: stop, abandon: abandon, stopped: make(chan struct{}),
		}
		b.consumer = &Consumer{
			Queue: b.queue, Store: b.store, Faults: b.faults,
			Metrics:     NewMetrics(prometheus.NewRegistry()),
			Spans:       NewSpans(tracer, "orders", "fulfillment", "worker-1"),
			Log:         slog.New(slog.DiscardHandler),
			Timing:      DefaultTiming,
			Concurrency: 4,
		}
		go func() {
			b.consumer.Run(ctx, attempts)
			close(b.stopped)
		}()
		test(b)
		stop()
		abandon()
		<-b.stopped
	})
}

func (b *bench) expectFulfilled(want int, within time.Duration) {
	b.Helper()
	start := time.Now()
	for b.store.count() != want || b.queue.length() != 0 {
		if time.Since(start) > within {
			b.Fatalf("after %v: %d fulfilled, %d entries left", within, b.store.count(), b.queue.length())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (b *bench) observed(outcome Outcome) int {
	histogram := b.consumer.Metrics.duration.WithLabelValues(string(outcome))
	return int(sampleCount(b.T, histogram.(prometheus.Metric)))
}

func orders(count int) []string {
	ids := make([]string, count)
	for i := range ids {
		ids[i] = fmt.Sprintf("order-%d", i)
	}
	return ids
}

func TestOrdersAreFulfilledAndRemoved(t *testing.T) {
	run(t, func(b *bench) {
		b.queue.add(orders(20)...)
		// Five rounds of four at 20 ms each.
		b.expectFulfilled(20, 150*time.Millisecond)
		if got := testutil.ToFloat64(b.consumer.Metrics.fulfilled); got != 20 {
			b.Errorf("counted %v", got)
		}
		if got := b.observed(Fulfilled); got != 20 {
			b.Errorf("observed %d", got)
		}
	})
}

func TestFailedAttemptIsTriedAgainAfterMinIdle(t *testing.T) {
	run(t, func(b *bench) {
		b.faults.fails = 2
		b.queue.add("order-0")
		time.Sleep(b.consumer.Timing.MinIdle)
		if b.store.count() != 0 {
			b.Error("tried again at once")
		}
		b.expectFulfilled(1, 10*time.Second)
		if got := b.store.attempts("order-0"); got != 3 {
			b.Errorf("attempt %d", got)
		}
		if got := b.observed(Failed); got != 2 {
			b.Errorf("observed %d failures", got)
		}
	})
}

func TestStoreThatIsAwayLosesNothing(t *testing.T) {
	run(t, func(b *bench) {
		start := time.Now()
		b.store.hook = func(string, int64) error {
			if time.Since(start) < 30*time.Second {
				return errAway
			}
			return nil
		}
		b.queue.add(orders(100)...)
		time.Sleep(30 * time.Second)
		b.expectFulfilled(100, 6*time.Second)
	})
}

func TestOrdersOfADeadWorkerAreTakenOver(t *testing.T) {
	run(t, func(b *bench) {
		for i := range 50 {
			b.queue.abandon(fmt.Sprintf("order-%d", i))
		}
		b.expectFulfilled(50, b.consumer.Timing.MinIdle+2*time.Second)
		if got := b.store.attempts("order-0"); got != 2 {
			b.Errorf("attempt %d", got)
		}
	})
}

func TestNewOrdersAreNotStarvedByFailingOnes(t *testing.T) {
	run(t, func(b *bench) {
		b.store.hook = func(orderID string, _ int64) error {
			if orderID != "new" {
				return errAway
			}
			return nil
		}
		b.queue.add(orders(400)...)
		time.Sleep(20 * time.Second)
		b.queue.add("new")
		time.Sleep(3 * time.Second)
		if b.store.attempts("new") != 1 {
			b.Error("the new order still waits")
		}
	})
}

func TestDuplicateIsRemovedAndNotCounted(t *testing.T) {
	run(t, func(b *bench) {
		b.queue.add("order-0", "order-0")
		b.expectFulfilled(1, time.Second)
		if got := testutil.ToFloat64(b.consumer.Metrics.fulfilled); got != 1 {
			b.Errorf("counted %v", got)
		}
		if got := b.observed(Duplicate); got != 1 {
			b.Errorf("observed %d duplicates", got)
		}
	})
}

func TestUnknownOrderIsDropped(t *testing.T) {
	run(t, func(b *bench) {
		b.store.hook = func(string, int64) error { return ErrUnknownOrder }
		b.queue.add("order-0")
		b.expectFulfilled(0, time.Second)
		if b.store.calls != 1 {
			b.Errorf("%d calls", b.store.calls)
		}
	})
}

func TestSlowAttemptIsNotTakenOver(t *testing.T) {
	run(t, func(b *bench) {
		b.faults.delay = 9 * time.Second
		b.queue.add("order-0")
		b.expectFulfilled(1, 10*time.Second)
		if got := b.store.attempts("order-0"); got != 1 {
			b.Errorf("attempt %d", got)
		}
	})
}

func TestQueueThatIsAwayIsUsedAgainWithinABackoff(t *testing.T) {
	run(t, func(b *bench) {
		b.queue.fail(errAway)
		time.Sleep(time.Minute)
		b.queue.fail(nil)
		b.queue.add("order-0")
		b.expectFulfilled(1, b.consumer.Timing.MaxBackoff+time.Second)
	})
}

func TestLostGroupIsCreatedAgain(t *testing.T) {
	run(t, func(b *bench) {
		b.queue.add("order-0")
		b.expectFulfilled(1, time.Second)
		b.queue.loseEverything()
		time.Sleep(2 * time.Second)
		b.queue.add("order-1")
		b.expectFulfilled(2, 2*time.Second)
		if b.queue.creates != 2 {
			b.Errorf("created %d times", b.queue.creates)
		}
	})
}

func TestStopLetsAttemptsFinishAndTakesNothingNew(t *testing.T) {
	run(t, func(b *bench) {
		b.faults.delay = time.Second
		b.queue.add(orders(8)...)
		time.Sleep(100 * time.Millisecond)
		b.stop()
		<-b.stopped
		if b.store.count() != 4 || b.queue.length() != 4 {
			b.Errorf("%d fulfilled, %d left", b.store.count(), b.queue.length())
		}
	})
}

func TestAbandonedAttemptsStayOnTheQueue(t *testing.T) {
	run(t, func(b *bench) {
		b.faults.delay = time.Hour
		b.queue.add(orders(3)...)
		time.Sleep(100 * time.Millisecond)
		b.stop()
		b.abandon()
		<-b.stopped
		if b.store.count() != 0 || b.queue.length() != 3 {
			b.Errorf("%d fulfilled, %d left", b.store.count(), b.queue.length())
		}
	})
}
