package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"obsbook/alert-inbox/internal/history"
	"obsbook/alert-inbox/internal/payload"
)

type setup struct {
	t       *testing.T
	handler http.Handler
	log     *bytes.Buffer
	now     time.Time
}

func start(t *testing.T) *setup {
	t.Helper()
	s := &setup{t: t, log: &bytes.Buffer{}, now: time.Date(2026, 1, 31, 12, 0, 0, 5e6, time.UTC)}
	log, err := newLog(s.log, "info")
	if err != nil {
		t.Fatal(err)
	}
	kept := history.Open(filepath.Join(t.TempDir(), "history.jsonl"), limits, func() time.Time { return s.now }, log)
	s.handler = newHandler(kept, log)
	return s
}

func (s *setup) do(method, target, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, httptest.NewRequest(method, target, strings.NewReader(body)))
	return answer
}

func (s *setup) deliver(target, file string) *httptest.ResponseRecorder {
	s.t.Helper()
	body, err := os.ReadFile("internal/payload/testdata/" + file)
	if err != nil {
		s.t.Fatal(err)
	}
	answer := s.do("POST", target, string(body))
	if answer.Code/100 != 2 {
		s.t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	return answer
}

func (s *setup) list(query string) []payload.Notification {
	s.t.Helper()
	answer := s.do("GET", "/api/notifications"+query, "")
	var list []payload.Notification
	if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil || answer.Code != http.StatusOK {
		s.t.Fatalf("%d %s: %v", answer.Code, answer.Body, err)
	}
	return list
}

func TestAnswersAsTheRealReceiversDo(t *testing.T) {
	s := start(t)
	if got := s.deliver("/webhook", "webhook-firing.json"); got.Code != 200 || got.Body.String() != "{\"id\":1}\n" {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	// Slack answers in plain text, and Alertmanager looks at it.
	if got := s.deliver("/slack/shop-chat", "slack-firing.json"); got.Code != 200 || got.Body.String() != "ok" {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := s.deliver("/pagerduty/shop-pager", "pagerduty-firing.json"); got.Code != 202 || !strings.Contains(got.Body.String(), `"status":"success"`) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	metrics := s.do("GET", "/metrics", "").Body.String()
	for _, want := range []string{
		`notifications_received_total{channel="webhook",status="firing"} 1`,
		`notifications_received_total{channel="slack",status="resolved"} 0`,
		`notification_history_size 3`, `notification_history_stored 1`, "notification_store_failures_total 0",
		"process_resident_memory_bytes",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestListIsNewestLastAndFiltered(t *testing.T) {
	s := start(t)
	if body := s.do("GET", "/api/notifications", "").Body.String(); body != "[]\n" {
		t.Errorf("%q", body)
	}
	s.deliver("/webhook", "webhook-firing.json")
	s.now = s.now.Add(time.Second)
	s.deliver("/slack/shop-chat", "slack-firing.json")
	s.now = s.now.Add(time.Second)
	s.deliver("/pagerduty/shop-pager", "pagerduty-resolved.json")
	list := s.list("")
	if len(list) != 3 || list[0].ID != 1 || list[2].ID != 3 || list[2].Receiver != "shop-pager" {
		t.Fatalf("%+v", list)
	}
	if got := s.list("?since=2026-01-31T12:00:01.005Z"); len(got) != 2 || got[0].ID != 2 {
		t.Errorf("%+v", got)
	}
	if got := s.list("?since=" + url.QueryEscape("2026-01-31T14:00:02+02:00")); len(got) != 1 || got[0].ID != 3 {
		t.Errorf("%+v", got)
	}
	if got := s.list("?alert=ServiceDown"); len(got) != 2 || got[0].ID != 1 || got[1].ID != 3 {
		t.Errorf("%+v", got)
	}
	if got := s.list("?alert=Service"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	for _, query := range []string{"?since=yesterday", "?alarm=ServiceDown"} {
		if got := s.do("GET", "/api/notifications"+query, ""); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), "hint") {
			t.Errorf("%s: %d %s", query, got.Code, got.Body)
		}
	}
}

func TestBadRequests(t *testing.T) {
	s := start(t)
	for _, test := range []struct {
		method, target, body string
		status               int
	}{
		{"POST", "/webhook", "{", http.StatusBadRequest},
		{"POST", "/slack/x", "{}", http.StatusBadRequest},
		{"POST", "/pagerduty/x", "null", http.StatusBadRequest},
		{"POST", "/webhook", strings.Repeat(" ", maxBodyBytes+1), http.StatusRequestEntityTooLarge},
		{"POST", "/slack/", "{}", http.StatusNotFound},
		{"GET", "/webhook", "", http.StatusMethodNotAllowed},
		{"GET", "/elsewhere", "", http.StatusNotFound},
	} {
		answer := s.do(test.method, test.target, test.body)
		if answer.Code != test.status {
			t.Errorf("%s %s: %d %s", test.method, test.target, answer.Code, answer.Body)
		}
		if test.status == http.StatusBadRequest && !strings.Contains(answer.Body.String(), `"error":"`) {
			t.Errorf("%s", answer.Body)
		}
	}
	if got := s.list(""); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if metrics := s.do("GET", "/metrics", "").Body.String(); !strings.Contains(metrics, `notifications_rejected_total{channel="webhook"} 2`) {
		t.Error(metrics)
	}
}

func TestPageEscapesAndLoadsNothingFromElsewhere(t *testing.T) {
	s := start(t)
	answer := s.do("POST", "/webhook", `{"version":"4","status":"firing","receiver":"<r>","groupLabels":{"a":"<b>"},"alerts":[
		{"status":"firing","labels":{"alertname":"<script>alert(1)</script>"},
		 "annotations":{"summary":"<img src=x onerror=alert(1)>","playbook":"javascript:alert(1)"},"startsAt":"2026-01-31T11:59:00Z"}]}`)
	if answer.Code != http.StatusOK {
		t.Fatal(answer.Body)
	}
	s.deliver("/webhook", "webhook-resolved.json")
	page := s.do("GET", "/", "")
	text := page.Body.String()
	for _, forbidden := range []string{"<script", "<img", "javascript:", "<r>", "<b>"} {
		if strings.Contains(text, forbidden) {
			t.Errorf("%s in\n%s", forbidden, text)
		}
	}
	for _, want := range []string{"2026-01-31 12:00:00", `href="http://localhost:3000/alerting/playbooks.html#servicedown"`, "RESOLVED"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	if strings.Index(text, "[RESOLVED]") > strings.Index(text, "[FIRING") {
		t.Error("the newest is not first")
	}
	if policy := page.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
		t.Error(policy)
	}
	if css := s.do("GET", "/style.css", ""); css.Code != http.StatusOK || strings.Contains(css.Body.String(), "url(") {
		t.Error(css.Body)
	}
}

func TestHealthSaysWhenNothingCanBeStored(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	kept := history.Open("/dev/null/history.jsonl", limits, time.Now, log)
	kept.Add(payload.Notification{Title: "a"})
	s := &setup{t: t, handler: newHandler(kept, log)}
	health := s.do("GET", "/healthz", "")
	if health.Code != http.StatusOK || !strings.Contains(health.Body.String(), `"stored":false`) {
		t.Errorf("%d %s", health.Code, health.Body)
	}
	if page := s.do("GET", "/", "").Body.String(); !strings.Contains(page, "cannot be stored") {
		t.Error(page)
	}
}

func TestLogLines(t *testing.T) {
	var output bytes.Buffer
	log, err := newLog(&output, "info")
	if err != nil {
		t.Fatal(err)
	}
	log.Debug("not shown")
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { log.Warn("refused", "error", errors.New("no luck")) })
	}
	group.Wait()
	log.With("channel", "slack").Info("last")
	lines := strings.Split(strings.TrimSpace(output.String()), "\n")
	if len(lines) != 51 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, text := range lines {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line["seq"] != float64(i+1) || line["service"] != "alert-inbox" {
			t.Errorf("%d: %s", i, text)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", line["time"].(string)); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(lines[0], `"level":"warn"`) || !strings.Contains(lines[0], `"error":"no luck"`) {
		t.Error(lines[0])
	}
	if _, err := newLog(&output, "loud"); err == nil {
		t.Error("accepted the level loud")
	}
}
