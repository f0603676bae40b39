package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

const service = "alert-inbox"

// newLog writes one JSON object a line, with the field names that all services of the sandbox share,
// so that one query reads all their logs.
func newLog(output io.Writer, level string) (*slog.Logger, error) {
	var minimum slog.Level
	if err := minimum.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("LOG_LEVEL: %w", err)
	}
	handler := slog.NewJSONHandler(output, &slog.HandlerOptions{
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
	return slog.New(numbered{handler, &counter{}}).With("service", service), nil
}

// numbered gives each line its number since the process began, so that lines which were lost on the
// way can be counted. One lock over number and line keeps the numbers in the order of the lines.
type numbered struct {
	slog.Handler
	counter *counter
}

type counter struct {
	mu  sync.Mutex
	seq int64
}

func (n numbered) Handle(ctx context.Context, record slog.Record) error {
	n.counter.mu.Lock()
	defer n.counter.mu.Unlock()
	n.counter.seq++
	record.AddAttrs(slog.Int64("seq", n.counter.seq))
	return n.Handler.Handle(ctx, record)
}

func (n numbered) WithAttrs(attrs []slog.Attr) slog.Handler {
	return numbered{n.Handler.WithAttrs(attrs), n.counter}
}
