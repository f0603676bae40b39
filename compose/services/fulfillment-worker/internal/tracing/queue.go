package tracing

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// queue is the SDK's batch processor with a count of what it drops: the processor itself keeps that
// to itself. It lets no more spans in than the processor has room for, so that the count is complete.
type queue struct {
	sdktrace.SpanProcessor
	exporter *reportingExporter
	waiting  atomic.Int64
	dropped  prometheus.Counter
}

func newQueue(inner sdktrace.SpanExporter, options Options) *queue {
	q := &queue{dropped: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "otel_sdk_processor_span_dropped_total",
		Help: "Spans that were dropped because the queue of the exporter was full.",
	})}
	options.Registerer.MustRegister(q.dropped)
	q.exporter = newReportingExporter(inner, options, func(spans int) { q.waiting.Add(-int64(spans)) })
	q.SpanProcessor = sdktrace.NewBatchSpanProcessor(q.exporter,
		sdktrace.WithMaxQueueSize(queueSize),
		sdktrace.WithMaxExportBatchSize(batchSize),
		sdktrace.WithBatchTimeout(batchDelay),
		sdktrace.WithExportTimeout(exportTimeout))
	return q
}

func (q *queue) OnEnd(span sdktrace.ReadOnlySpan) {
	// The processor passes by what is not sampled.
	if !span.SpanContext().IsSampled() {
		return
	}
	if q.waiting.Add(1) > queueSize {
		q.waiting.Add(-1)
		q.dropped.Inc()
		return
	}
	q.SpanProcessor.OnEnd(span)
}
