package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const service = "fulfillment-worker"

// newLog writes one JSON object a line, with the field names that all services of the shop share,
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
	return slog.New(handler).With("service", service), nil
}
