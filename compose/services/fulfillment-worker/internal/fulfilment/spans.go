package fulfilment

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const (
	orderIDKey = attribute.Key("shop.order.id")
	attemptKey = attribute.Key("shop.delivery.attempt")
	outcomeKey = attribute.Key("shop.fulfilment.outcome")
)

// propagator reads what order-api wrote into an entry beside the order.
var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// Spans makes the spans of a consumer.
type Spans struct {
	tracer trace.Tracer
	stream string
	common []attribute.KeyValue
}

func NewSpans(tracer trace.Tracer, stream, group, consumer string) Spans {
	return Spans{tracer, stream, []attribute.KeyValue{
		// The conventions know no name for Redis here; they ask for the system's own then.
		semconv.MessagingSystemKey.String("redis"),
		semconv.MessagingDestinationName(stream),
		semconv.MessagingConsumerGroupName(group),
		semconv.MessagingClientID(consumer),
	}}
}

func (s Spans) start(ctx context.Context, name string, kind trace.SpanKind, operation attribute.KeyValue,
	attributes []attribute.KeyValue, options ...trace.SpanStartOption,
) (context.Context, trace.Span) {
	options = append(options, trace.WithSpanKind(kind), trace.WithAttributes(s.common...), trace.WithAttributes(attributes...),
		trace.WithAttributes(semconv.MessagingOperationName(name), operation))
	return s.tracer.Start(ctx, name+" "+s.stream, options...)
}

// received records that a batch came. A batch belongs to many orders' traces, so it has one of its
// own, and links to them. There is none for a poll that finds nothing, and none of the time for which
// a read waited: nobody waited for it.
func (s Spans) received(entries []Entry) {
	if len(entries) == 0 {
		return
	}
	links := make([]trace.Link, 0, len(entries))
	for _, entry := range entries {
		sender := trace.SpanContextFromContext(entry.context(context.Background()))
		if sender.IsValid() {
			links = append(links, trace.Link{SpanContext: sender, Attributes: entry.attributes()})
		}
	}
	_, span := s.start(context.Background(), "receive", trace.SpanKindClient, semconv.MessagingOperationTypeReceive,
		[]attribute.KeyValue{semconv.MessagingBatchMessageCount(len(entries))},
		trace.WithNewRoot(), trace.WithLinks(links...))
	span.End()
}

// process is a part of the order's own trace, or the first of a trace when the entry names none.
func (s Spans) process(ctx context.Context, entry Entry) (context.Context, trace.Span) {
	attributes := append(entry.attributes(), attemptKey.Int64(entry.Attempt))
	return s.start(entry.context(ctx), "process", trace.SpanKindConsumer, semconv.MessagingOperationTypeProcess, attributes)
}

func (s Spans) ack(ctx context.Context, entry Entry) (context.Context, trace.Span) {
	return s.start(ctx, "ack", trace.SpanKindClient, semconv.MessagingOperationTypeSettle, entry.attributes())
}

// fail marks a span as failed for a reason on this side of the wire.
func fail(span trace.Span, err error) {
	if err == nil {
		return
	}
	span.RecordError(err)
	span.SetAttributes(semconv.ErrorTypeKey.String(errorType(err)))
	span.SetStatus(codes.Error, err.Error())
}

// errorType is one of few values, as queries group by it.
func errorType(err error) string {
	var refused *pgconn.PgError
	switch {
	case errors.Is(err, errInjected):
		return "injected"
	case errors.Is(err, ErrUnknownOrder):
		return "unknown_order"
	case errors.As(err, &refused):
		return refused.Code
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return "timeout"
	default:
		return semconv.ErrorTypeOther.Value.AsString()
	}
}
