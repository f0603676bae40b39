package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/trace"
)

const service = "fulfillment-worker"

// newLog writes one JSON object a line, with the field names that all services of the shop share,
// so that one query reads all their logs.
func newLog(output io.Writer, level string) (*slog.Logger, error) {
	var minimum slog.Level
	if err := minimum.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("LOG_LEVEL: %w", err)
	}
	lines := slog.NewJSONHandler(output, &slog.HandlerOptions{
		Level: minimum,
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return attr
			}
			switch attr.Key {
			case slog.TimeKey:
				return slog.String(attr.Key, attr.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z07:00"))
			case slog.LevelKey:
				return slog.String(attr.Key, strings.ToLower(attr.Value.String()))
			}
			if err, isError := attr.Value.Any().(error); isError {
				return slog.String(attr.Key, err.Error())
			}
			return attr
		},
	})
	return slog.New(handler{lines, &sequence{}}).With("service", service), nil
}

// handler adds to each line what leads from it to others: its number, of which none is left out, so
// that whoever collects the lines knows how many were lost; and the ids of the span that is active.
type handler struct {
	slog.Handler
	sequence *sequence
}

type sequence struct {
	mu   sync.Mutex
	last int64
}

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	// Held until the line is out, or a higher number could come first.
	h.sequence.mu.Lock()
	defer h.sequence.mu.Unlock()
	h.sequence.last++
	record = record.Clone()
	record.AddAttrs(slog.Int64("seq", h.sequence.last))
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(
			slog.String("trace_id", span.TraceID().String()),
			slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.sequence}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.sequence}
}
