package fulfilment

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// queryTracer makes a span and an observation of each statement.
type queryTracer struct {
	tracer  trace.Tracer
	metrics *Metrics
	common  []attribute.KeyValue
}

func newQueryTracer(tracer trace.Tracer, metrics *Metrics, config *pgx.ConnConfig) *queryTracer {
	return &queryTracer{tracer, metrics, []attribute.KeyValue{
		semconv.DBSystemNamePostgreSQL,
		semconv.DBNamespace(config.Database),
		semconv.ServerAddress(config.Host),
		semconv.ServerPort(int(config.Port)),
	}}
}

type runningQuery struct {
	span      trace.Span
	operation string
	started   time.Time
}

type runningQueryKey struct{}

func (t *queryTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	statement := describe(data.SQL)
	attributes := []attribute.KeyValue{
		semconv.DBOperationName(statement.operation),
		semconv.DBQueryText(statement.text),
	}
	name := statement.operation
	if statement.table != "" {
		name += " " + statement.table
		attributes = append(attributes, semconv.DBCollectionName(statement.table))
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(t.common...), trace.WithAttributes(attributes...))
	return context.WithValue(ctx, runningQueryKey{}, runningQuery{span, statement.operation, time.Now()})
}

func (t *queryTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	query, known := ctx.Value(runningQueryKey{}).(runningQuery)
	if !known {
		return
	}
	t.metrics.observeQuery(ctx, query.operation, time.Since(query.started))
	var refused *pgconn.PgError
	if errors.As(data.Err, &refused) {
		query.span.SetAttributes(semconv.DBResponseStatusCode(refused.Code))
	}
	fail(query.span, data.Err)
	query.span.End()
}

type statement struct {
	operation, table, text string
}

var (
	blanks   = regexp.MustCompile(`\s+`)
	literals = regexp.MustCompile(`'(?:[^']|'')*'`)
	target   = regexp.MustCompile(`(?i)^(?:INSERT INTO|UPDATE|DELETE FROM|SELECT .* FROM) ([a-z_.]+)`)
)

// describe knows the SQL of this service. Values never get into a span: they are parameters, and
// what is written out all the same becomes a question mark.
func describe(sql string) statement {
	text := literals.ReplaceAllString(strings.TrimSpace(blanks.ReplaceAllString(sql, " ")), "?")
	operation, _, _ := strings.Cut(text, " ")
	described := statement{operation: strings.ToUpper(operation), text: text}
	if found := target.FindStringSubmatch(text); found != nil {
		described.table = found[1]
	}
	return described
}
