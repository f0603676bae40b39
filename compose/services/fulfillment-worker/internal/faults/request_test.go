package faults

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseFaultAccepts(t *testing.T) {
	for _, test := range []struct {
		kind Kind
		body string
		want Fault
	}{
		{KindLatency, `{"by_ms":800}`, Fault{KindLatency, 800 * time.Millisecond, 1, 0, time.Minute}},
		{KindLatency, `{"by_ms":10000,"ratio":0.5,"ttl_s":1800}`, Fault{KindLatency, 10 * time.Second, 0.5, 0, 30 * time.Minute}},
		{KindError, ``, Fault{KindError, 0, 1, 0, time.Minute}},
		{KindError, `{"ratio":0.01,"ttl_s":0.5}`, Fault{KindError, 0, 0.01, 0, 500 * time.Millisecond}},
		{KindMemory, `{"mib":64}`, Fault{KindMemory, 0, 0, 64, time.Minute}},
	} {
		got, err := ParseFault(test.kind, []byte(test.body))
		if err != nil || got != test.want {
			t.Errorf("%s %s: %+v, %v", test.kind, test.body, got, err)
		}
	}
}

func TestParseFaultRefuses(t *testing.T) {
	for _, test := range []struct {
		kind Kind
		body string
		want string
	}{
		{KindLatency, ``, "by_ms is missing"},
		{KindLatency, `{"by_ms":0}`, "by_ms is out of range"},
		{KindLatency, `{"by_ms":-1}`, "by_ms is out of range"},
		{KindLatency, `{"by_ms":10001}`, "by_ms is out of range"},
		{KindLatency, `{"by_ms":1e300}`, "by_ms is out of range"},
		{KindLatency, `{"by_ms":1.5}`, "by_ms has the wrong type"},
		{KindLatency, `{"by_ms":"800"}`, "by_ms has the wrong type"},
		{KindLatency, `{"by_ms":true}`, "by_ms has the wrong type"},
		{KindLatency, `{"by_ms":800,"ratio":0}`, "ratio is out of range"},
		{KindLatency, `{"by_ms":800,"ratio":1.01}`, "ratio is out of range"},
		{KindLatency, `{"by_ms":800,"ttl_s":1801}`, "ttl_s is out of range"},
		{KindLatency, `{"by_ms":800,"ttl_s":null}`, "ttl_s has the wrong type"},
		{KindLatency, `{"by_ms":800,"ttl":60}`, `unknown key "ttl"`},
		{KindLatency, `{"BY_MS":800}`, `unknown key "BY_MS"`},
		{KindError, `{"by_ms":800}`, `unknown key "by_ms"`},
		{KindError, `[]`, "not a JSON object"},
		{KindError, `null`, "not a JSON object"},
		{KindError, `{} {}`, "not a JSON object"},
		{KindMemory, `{"mib":65}`, "mib is out of range"},
		{KindMemory, `{}`, "mib is missing"},
	} {
		_, err := ParseFault(test.kind, []byte(test.body))
		var refused *RequestError
		if !errors.As(err, &refused) || !strings.Contains(refused.Message, test.want) || refused.Hint == "" {
			t.Errorf("%s %s: %v", test.kind, test.body, err)
		}
	}
}

func TestParseCrash(t *testing.T) {
	for body, want := range map[string]time.Duration{"": 0, `{"after_ms":0}`: 0, `{"after_ms":250}`: 250 * time.Millisecond} {
		if got, err := ParseCrash([]byte(body)); err != nil || got != want {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
	for _, body := range []string{`{"after_ms":-1}`, `{"after_ms":10001}`, `{"after":1}`} {
		if _, err := ParseCrash([]byte(body)); err == nil {
			t.Errorf("%s: accepted", body)
		}
	}
}
