package tracing

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func newOptions(endpoint string) (Options, *bytes.Buffer) {
	var log bytes.Buffer
	return Options{
		Endpoint: endpoint, Service: "fulfillment-worker", Version: "1.2.3", Registerer: prometheus.NewRegistry(),
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	}, &log
}

func (t *Tracing) record(spans int) {
	for range spans {
		_, span := t.Tracer.Start(context.Background(), "span")
		span.End()
	}
}

func (t *Tracing) exported(errorType string) float64 {
	return testutil.ToFloat64(t.queue.exporter.exported.WithLabelValues(errorType))
}

// failingExporter fails for as long as it has an error.
type failingExporter struct {
	*tracetest.InMemoryExporter
	mu  sync.Mutex
	err error
}

func (e *failingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return e.err
	}
	return e.InMemoryExporter.ExportSpans(ctx, spans)
}

func (e *failingExporter) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// hangingExporter takes as long as it may.
type hangingExporter struct{}

func (hangingExporter) ExportSpans(ctx context.Context, _ []sdktrace.ReadOnlySpan) error {
	<-ctx.Done()
	return ctx.Err()
}

func (hangingExporter) Shutdown(context.Context) error { return nil }

func TestSpansCarryWhoMadeThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options, _ := newOptions("")
		exporter := &failingExporter{InMemoryExporter: tracetest.NewInMemoryExporter()}
		traces := start(exporter, options)
		traces.record(1)
		time.Sleep(batchDelay + time.Millisecond)
		spans := exporter.GetSpans()
		if len(spans) != 1 {
			t.Fatalf("%d spans", len(spans))
		}
		want := "deployment.environment.name=sandbox,service.name=fulfillment-worker,service.namespace=shop,service.version=1.2.3"
		if got := spans[0].Resource.String(); got != want {
			t.Errorf("resource %s", got)
		}
		traces.Stop()
	})
}

func TestOnlyAChangeOfStateIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options, log := newOptions("")
		exporter := &failingExporter{InMemoryExporter: tracetest.NewInMemoryExporter()}
		traces := start(exporter, options)
		batches := func(count int) {
			for range count {
				traces.record(1)
				time.Sleep(batchDelay + time.Millisecond)
			}
		}
		exporter.fail(&net.OpError{Op: "dial", Err: errors.New("connection refused")})
		batches(5)
		exporter.fail(nil)
		batches(5)
		exporter.fail(errors.New("400 Bad Request"))
		batches(2)
		traces.Stop()
		var got []string
		for line := range strings.Lines(log.String()) {
			_, line, _ = strings.Cut(line, "level=")
			got = append(got, strings.TrimSpace(line))
		}
		want := []string{
			`WARN msg="trace export failing" error_type=unreachable error="dial: connection refused"`,
			`INFO msg="trace export works"`,
			`WARN msg="trace export failing" error_type=_OTHER error="400 Bad Request"`,
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
		if traces.exported(unreachable) != 5 || traces.exported(delivered) != 5 || traces.exported(other) != 2 {
			t.Error("counted wrongly")
		}
	})
}

func TestCollectorThatHangsBlocksNothingAndEverySpanIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options, _ := newOptions("")
		traces := start(hangingExporter{}, options)
		began := time.Now()
		const spans = 10_000
		traces.record(spans)
		if took := time.Since(began); took != 0 {
			t.Errorf("waited %v", took)
		}
		dropped := testutil.ToFloat64(traces.queue.dropped)
		// One batch may have left the queue already, and wait for the collector.
		if dropped < spans-queueSize-batchSize || dropped > spans-queueSize {
			t.Errorf("dropped %v", dropped)
		}
		time.Sleep(time.Minute)
		if got := traces.exported(timeout); got+dropped != spans {
			t.Errorf("timed out %v, dropped %v", got, dropped)
		}
		// The queue is empty again, and takes spans again.
		traces.record(queueSize)
		if got := testutil.ToFloat64(traces.queue.dropped); got != dropped {
			t.Errorf("dropped %v more", got-dropped)
		}
		began = time.Now()
		traces.Stop()
		if took := time.Since(began); took > flushTimeoutWhileFailing {
			t.Errorf("stop took %v", took)
		}
		// The process would end here; the bubble waits for every goroutine.
		time.Sleep(time.Minute)
	})
}

func TestStopFlushes(t *testing.T) {
	received := make(chan string, 8)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		received <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type")
	}))
	defer collector.Close()
	options, log := newOptions(collector.URL + "/")
	traces, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	traces.record(3)
	traces.Stop()
	select {
	case got := <-received:
		if got != "POST /v1/traces application/x-protobuf" {
			t.Error(got)
		}
	default:
		t.Fatal("nothing came")
	}
	if traces.exported(delivered) != 3 || !strings.Contains(log.String(), "trace export works") {
		t.Errorf("delivered %v, %s", traces.exported(delivered), log)
	}
}

func TestNobodyThereIsUnreachableAndSilenceIsATimeout(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := "http://" + listener.Addr().String()
	for _, test := range []struct{ endpoint, want string }{
		{"http://127.0.0.1:1", unreachable},
		{silent, timeout},
	} {
		options, _ := newOptions(test.endpoint)
		traces, err := Start(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		traces.record(1)
		// Ends with the time that an export has.
		_ = traces.provider.ForceFlush(t.Context())
		traces.Stop()
		if traces.exported(test.want) != 1 {
			t.Errorf("%s is not counted as %s", test.endpoint, test.want)
		}
	}
	_ = listener.Close()
}
