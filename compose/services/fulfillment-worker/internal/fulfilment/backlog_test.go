package fulfilment

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
)

type fakeBacklog struct {
	depth  int64
	oldest time.Time
	err    error
}

func (f *fakeBacklog) Backlog(context.Context) (int64, time.Time, error) {
	return f.depth, f.oldest, f.err
}

func TestBacklog(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	for _, test := range []struct {
		name   string
		source fakeBacklog
		want   string
	}{
		{"empty", fakeBacklog{}, "order_queue_depth 0\norder_queue_oldest_age_seconds 0\n"},
		{"waiting", fakeBacklog{7, now.Add(-90 * time.Second), nil}, "order_queue_depth 7\norder_queue_oldest_age_seconds 90\n"},
		{"clock of Redis ahead", fakeBacklog{1, now.Add(time.Second), nil}, "order_queue_depth 1\norder_queue_oldest_age_seconds 0\n"},
		{"unknown", fakeBacklog{7, now, errAway}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			backlog := NewBacklog(&test.source, func() time.Time { return now })
			backlog.Measure(t.Context())
			var got strings.Builder
			registry := prometheus.NewPedanticRegistry()
			registry.MustRegister(backlog)
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, family := range families {
				value := family.GetMetric()[0].GetGauge().GetValue()
				got.WriteString(family.GetName() + " " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
			}
			if got.String() != test.want {
				t.Errorf("got %q", got.String())
			}
		})
	}
}

func TestBacklogIsMeasuredWhileTheWorkerIsStuck(t *testing.T) {
	run(t, func(b *bench) {
		b.faults.delay = time.Hour
		backlog := NewBacklog(b.queue, time.Now)
		ctx, stop := context.WithCancel(b.Context())
		defer stop()
		go backlog.Run(ctx, time.Second)
		time.Sleep(500 * time.Millisecond)
		b.queue.add(orders(10)...)
		time.Sleep(time.Second)
		backlog.mu.Lock()
		defer backlog.mu.Unlock()
		if backlog.length != 10 {
			b.Errorf("length %d", backlog.length)
		}
	})
}

func TestAddedAt(t *testing.T) {
	got, err := addedAt("1700000000123-7")
	if err != nil || got.UnixMilli() != 1_700_000_000_123 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := addedAt("nonsense"); err == nil {
		t.Error("accepted")
	}
}

func TestOutcomesAreThereFromTheStart(t *testing.T) {
	metrics := NewMetrics(prometheus.NewRegistry())
	if got := testutil.CollectAndCount(metrics.duration); got != 3 {
		t.Errorf("%d series", got)
	}
}

func sampleCount(t *testing.T, metric prometheus.Metric) uint64 {
	t.Helper()
	var written dto.Metric
	if err := metric.Write(&written); err != nil {
		t.Fatal(err)
	}
	return written.GetHistogram().GetSampleCount()
}
