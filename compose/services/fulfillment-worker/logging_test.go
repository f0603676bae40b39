package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
)

func newTestLog(t *testing.T) (*slog.Logger, *bytes.Buffer) {
	t.Helper()
	var output bytes.Buffer
	log, err := newLog(&output, "info")
	if err != nil {
		t.Fatal(err)
	}
	return log, &output
}

func TestLogLine(t *testing.T) {
	log, output := newTestLog(t)
	log.Debug("not shown")
	log.Warn("attempt failed", "order_id", "7", "error", errors.New("no luck"))
	var line map[string]any
	if err := json.Unmarshal(output.Bytes(), &line); err != nil {
		t.Fatalf("%s: %v", output.String(), err)
	}
	text, _ := line["time"].(string)
	at, err := time.Parse("2006-01-02T15:04:05.000Z", text)
	if err != nil || time.Since(at) > time.Minute {
		t.Errorf("time %q: %v", text, err)
	}
	delete(line, "time")
	want := map[string]any{
		"level": "warn", "service": "fulfillment-worker", "seq": 1.0, "msg": "attempt failed", "order_id": "7",
		"error": "no luck",
	}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("%s: %q", key, line[key])
		}
	}
	if len(line) != len(want) {
		t.Errorf("%v", line)
	}
	if _, err := newLog(output, "loud"); err == nil {
		t.Error("accepted the level loud")
	}
}

func TestLinesAreNumberedWithoutGapWhoeverWritesThem(t *testing.T) {
	log, output := newTestLog(t)
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			own := log.With("order_id", "7")
			for range 50 {
				own.Debug("not shown")
				own.Info("order fulfilled")
			}
		})
	}
	writers.Wait()
	lines := json.NewDecoder(output)
	for want := range 400 {
		var line struct{ Seq int }
		if err := lines.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.Seq != want+1 {
			t.Fatalf("line %d has the number %d", want+1, line.Seq)
		}
	}
	if lines.More() {
		t.Error("more lines than were written")
	}
}

func TestLineNamesTheSpanThatIsActive(t *testing.T) {
	log, output := newTestLog(t)
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	ctx := trace.ContextWithSpanContext(context.Background(), span)
	log.With("order_id", "7").InfoContext(ctx, "order fulfilled")
	var line map[string]any
	if err := json.Unmarshal(output.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line["trace_id"] != "01000000000000000000000000000000" || line["span_id"] != "0200000000000000" {
		t.Errorf("%v", line)
	}
}
