package fulfilment

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const (
	sentTrace   = "4bf92f3577b34da6a3ce929d0e0e4736"
	sentSpan    = "00f067aa0ba902b7"
	traceparent = "00-" + sentTrace + "-" + sentSpan + "-01"
)

func newRecorder() (*tracetest.InMemoryExporter, trace.Tracer) {
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))
	return exporter, provider.Tracer("test")
}

func (b *bench) named(name string) tracetest.SpanStubs {
	var found tracetest.SpanStubs
	for _, span := range b.spans.GetSpans() {
		if span.Name == name {
			found = append(found, span)
		}
	}
	return found
}

func (b *bench) one(name string) tracetest.SpanStub {
	b.Helper()
	found := b.named(name)
	if len(found) != 1 {
		b.Fatalf("%d spans %q", len(found), name)
	}
	return found[0]
}

func attributes(list []attribute.KeyValue) map[string]any {
	all := map[string]any{}
	for _, attribute := range list {
		all[string(attribute.Key)] = attribute.Value.AsInterface()
	}
	return all
}

func expectAttributes(t *testing.T, span tracetest.SpanStub, want map[string]any) {
	t.Helper()
	got := attributes(span.Attributes)
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s: %s is %v, not %v", span.Name, key, got[key], value)
		}
	}
}

func TestOrderIsProcessedInTheTraceThatSentIt(t *testing.T) {
	run(t, func(b *bench) {
		b.queue.send(propagation.MapCarrier{"traceparent": traceparent}, "order-0")
		b.expectFulfilled(1, time.Second)
		process := b.one("process orders")
		if process.SpanContext.TraceID().String() != sentTrace || process.Parent.SpanID().String() != sentSpan ||
			!process.Parent.IsRemote() {
			b.Errorf("trace %v, parent %v", process.SpanContext.TraceID(), process.Parent)
		}
		if process.SpanKind != trace.SpanKindConsumer || process.Status.Code != codes.Unset {
			b.Errorf("%v, %v", process.SpanKind, process.Status)
		}
		expectAttributes(b.T, process, map[string]any{
			"messaging.system": "redis", "messaging.destination.name": "orders", "messaging.operation.type": "process",
			"messaging.operation.name": "process", "messaging.consumer.group.name": "fulfillment",
			"messaging.client.id": "worker-1", "messaging.message.id": "1", "shop.order.id": "order-0",
			"shop.delivery.attempt": int64(1), "shop.fulfilment.outcome": "fulfilled",
		})
		ack := b.one("ack orders")
		if ack.Parent.SpanID() != process.SpanContext.SpanID() || ack.EndTime.After(process.EndTime) {
			b.Error("ack is not a part of process")
		}
		expectAttributes(b.T, ack, map[string]any{"messaging.operation.type": "settle"})
	})
}

func TestBatchHasATraceOfItsOwnWithLinks(t *testing.T) {
	run(t, func(b *bench) {
		time.Sleep(10 * time.Second)
		if got := len(b.spans.GetSpans()); got != 0 {
			b.Fatalf("%d spans of polls that found nothing", got)
		}
		b.queue.send(propagation.MapCarrier{"traceparent": traceparent}, "order-0")
		b.expectFulfilled(1, time.Second)
		batch := b.one("receive orders")
		if batch.Parent.IsValid() || batch.SpanContext.TraceID().String() == sentTrace {
			b.Error("it is in a trace of another")
		}
		if len(batch.Links) != 1 || batch.Links[0].SpanContext.TraceID().String() != sentTrace ||
			batch.Links[0].SpanContext.SpanID().String() != sentSpan {
			b.Errorf("links %v", batch.Links)
		}
		expectAttributes(b.T, batch, map[string]any{"messaging.batch.message_count": int64(1), "messaging.operation.type": "receive"})
		if took := batch.EndTime.Sub(batch.StartTime); took != 0 {
			b.Errorf("it lasts %v", took)
		}
	})
}

func TestEntryWithoutATraceBeginsOne(t *testing.T) {
	for name, sender := range map[string]propagation.MapCarrier{
		"older": nil, "empty": {}, "broken": {"traceparent": "00-nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(b *bench) {
				b.queue.send(sender, "order-0")
				b.expectFulfilled(1, time.Second)
				process := b.one("process orders")
				if process.Parent.IsValid() || !process.SpanContext.IsValid() {
					b.Errorf("parent %v", process.Parent)
				}
				if links := b.one("receive orders").Links; len(links) != 0 {
					b.Errorf("links %v", links)
				}
			})
		})
	}
}

func TestSenderThatSamplesNothingIsFollowed(t *testing.T) {
	run(t, func(b *bench) {
		b.queue.send(propagation.MapCarrier{"traceparent": "00-" + sentTrace + "-" + sentSpan + "-00"}, "order-0")
		b.expectFulfilled(1, time.Second)
		if got := len(b.named("process orders")); got != 0 {
			b.Errorf("%d spans", got)
		}
		if exemplar := newestExemplar(b.T, b.consumer.Metrics.duration.WithLabelValues("fulfilled")); exemplar != nil {
			b.Errorf("exemplar %v of a trace that nobody has", exemplar)
		}
	})
}

func TestEachDeliveryIsASpanOfTheSameTrace(t *testing.T) {
	run(t, func(b *bench) {
		b.faults.fails = 1
		b.queue.send(propagation.MapCarrier{"traceparent": traceparent}, "order-0")
		b.expectFulfilled(1, 10*time.Second)
		deliveries := b.named("process orders")
		if len(deliveries) != 2 {
			b.Fatalf("%d spans", len(deliveries))
		}
		first, second := deliveries[0], deliveries[1]
		expectAttributes(b.T, first, map[string]any{
			"shop.delivery.attempt": int64(1), "shop.fulfilment.outcome": "failed", "error.type": "injected",
		})
		expectAttributes(b.T, second, map[string]any{
			"shop.delivery.attempt": int64(2), "shop.fulfilment.outcome": "fulfilled",
		})
		if first.Status.Code != codes.Error || len(first.Events) != 1 || first.Events[0].Name != "exception" {
			b.Errorf("%v %v", first.Status, first.Events)
		}
		if first.SpanContext.TraceID() != second.SpanContext.TraceID() {
			b.Error("two traces")
		}
	})
}

func TestExemplarLeadsToTheSpan(t *testing.T) {
	run(t, func(b *bench) {
		b.queue.send(propagation.MapCarrier{"traceparent": traceparent}, "order-0")
		b.expectFulfilled(1, time.Second)
		got := newestExemplar(b.T, b.consumer.Metrics.duration.WithLabelValues("fulfilled"))
		if got["trace_id"] != sentTrace || got["span_id"] != b.one("process orders").SpanContext.SpanID().String() {
			b.Errorf("%v", got)
		}
	})
}

func TestStallTakesNothingUntilItEnds(t *testing.T) {
	run(t, func(b *bench) {
		b.faults.setStall(true)
		// The read that waits already is not called back.
		time.Sleep(b.consumer.Timing.Block)
		b.queue.add(orders(10)...)
		time.Sleep(time.Minute)
		if b.store.count() != 0 {
			b.Errorf("%d fulfilled", b.store.count())
		}
		b.faults.setStall(false)
		b.expectFulfilled(10, time.Second)
		// A worker that is told to stop does not wait for the end of a stall.
		b.faults.setStall(true)
		b.stop()
		<-b.stopped
	})
}

func TestStatementIsASpanAndAnObservation(t *testing.T) {
	spans, tracer := newRecorder()
	config, err := pgx.ParseConfig("host=db port=6543 dbname=orders user=orders sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	metrics := NewMetrics(prometheus.NewRegistry())
	queries := newQueryTracer(tracer, metrics, config)
	statement := func(sql string, err error) {
		ctx := queries.TraceQueryStart(t.Context(), nil, pgx.TraceQueryStartData{SQL: sql, Args: []any{"secret"}})
		queries.TraceQueryEnd(ctx, nil, pgx.TraceQueryEndData{Err: err})
	}
	statement("INSERT INTO fulfilments\n\t (order_id) VALUES ($1)", nil)
	statement("UPDATE orders SET status = 'it''s', n = $2", &pgconn.PgError{Code: "40001", Message: "conflict"})
	statement("begin", context.DeadlineExceeded)

	got := spans.GetSpans()
	insert, update, begin := got[0], got[1], got[2]
	if insert.Name != "INSERT fulfilments" || insert.SpanKind != trace.SpanKindClient || insert.Status.Code != codes.Unset {
		t.Errorf("%+v", insert)
	}
	expectAttributes(t, insert, map[string]any{
		"db.system.name": "postgresql", "db.namespace": "orders", "db.operation.name": "INSERT",
		"db.collection.name": "fulfilments", "db.query.text": "INSERT INTO fulfilments (order_id) VALUES ($1)",
		"server.address": "db", "server.port": int64(6543),
	})
	if update.Name != "UPDATE orders" || update.Status.Code != codes.Error {
		t.Errorf("%+v", update)
	}
	expectAttributes(t, update, map[string]any{
		"db.query.text": "UPDATE orders SET status = ?, n = $2", "db.response.status_code": "40001", "error.type": "40001",
	})
	if begin.Name != "BEGIN" {
		t.Errorf("%+v", begin)
	}
	expectAttributes(t, begin, map[string]any{"error.type": "timeout", "db.collection.name": nil})
	exemplar := newestExemplar(t, metrics.queries.WithLabelValues("postgresql", "INSERT"))
	if exemplar["span_id"] != insert.SpanContext.SpanID().String() {
		t.Errorf("%v", exemplar)
	}
}

func TestEntryKeepsWhoSentIt(t *testing.T) {
	got := toEntry(redis.XMessage{ID: "7-0", Values: map[string]any{
		"order_id": "42", "created_at": "now", "traceparent": traceparent, "tracestate": "a=b",
	}}, 3)
	if got.OrderID != "42" || got.Attempt != 3 || len(got.Sender) != 2 || got.Sender["tracestate"] != "a=b" {
		t.Errorf("%+v", got)
	}
	if got := toEntry(redis.XMessage{ID: "7-0", Values: map[string]any{"order_id": "42"}}, 1); len(got.Sender) != 0 {
		t.Errorf("%+v", got)
	}
}

func newestExemplar(t *testing.T, histogram prometheus.Observer) map[string]string {
	t.Helper()
	var written dto.Metric
	if err := histogram.(prometheus.Metric).Write(&written); err != nil {
		t.Fatal(err)
	}
	for _, bucket := range written.GetHistogram().GetBucket() {
		if exemplar := bucket.GetExemplar(); exemplar != nil {
			labels := map[string]string{}
			for _, label := range exemplar.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			return labels
		}
	}
	return nil
}
