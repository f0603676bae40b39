package faults

import (
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const token = "a-token"

type client struct {
	*testing.T
	state   *State
	api     *API
	url     string
	crashed chan struct{}
	log     *logged
}

// logged collects the messages of log lines, each with its kind of fault.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) Write(line []byte) (int, error) {
	var fields struct {
		Level, Msg string
		Kind       string `json:"fault_kind"`
	}
	if err := json.Unmarshal(line, &fields); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fields.Level+" "+fields.Msg+" "+fields.Kind)
	return len(line), nil
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

func newClient(t *testing.T) *client {
	crashed := make(chan struct{}, 8)
	state := NewState(time.Now, rand.Float64)
	log := &logged{}
	api := NewAPI("fulfillment-worker", state, token, slog.New(slog.NewJSONHandler(log, nil)),
		func() { crashed <- struct{}{} })
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return &client{t, state, api, server.URL, crashed, log}
}

type answer struct {
	Service string
	Faults  []map[string]any
	Caps    map[string]float64
	Error   string
	Hint    string
}

func (c *client) call(method, path, body, authorization string) (int, http.Header, answer) {
	c.Helper()
	request, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var got answer
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		c.Fatalf("%s %s: not JSON: %v", method, path, err)
	}
	return response.StatusCode, response.Header, got
}

func (c *client) expect(method, path, body string, want int) answer {
	c.Helper()
	status, _, got := c.call(method, path, body, "Bearer "+token)
	if status != want {
		c.Fatalf("%s %s %s: %d, %+v", method, path, body, status, got)
	}
	return got
}

func TestEveryPathWantsTheToken(t *testing.T) {
	c := newClient(t)
	for _, path := range []string{"/faults", "/nowhere"} {
		for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer wrong", token, "Basic " + token} {
			if status, _, _ := c.call("GET", path, "", authorization); status != http.StatusUnauthorized {
				t.Errorf("%s with %q: %d", path, authorization, status)
			}
		}
	}
}

func TestFaultIsPutShownReplacedAndDeleted(t *testing.T) {
	c := newClient(t)
	got := c.expect("PUT", "/faults/latency", `{"by_ms":800}`, 200)
	if got.Service != "fulfillment-worker" || len(got.Caps) != 4 || got.Faults[0]["by_ms"] != 800.0 ||
		got.Faults[0]["ratio"] != 1.0 || got.Faults[0]["ttl_s"] != 60.0 {
		t.Errorf("%+v", got)
	}
	c.expect("PUT", "/faults/latency", `{"by_ms":20}`, 200)
	if got = c.expect("GET", "/faults", "", 200); len(got.Faults) != 1 || got.Faults[0]["by_ms"] != 20.0 {
		t.Errorf("%+v", got)
	}
	for range 2 {
		if got = c.expect("DELETE", "/faults/latency", "", 200); got.Faults == nil || len(got.Faults) != 0 {
			t.Errorf("%+v", got)
		}
	}
	c.expect("PUT", "/faults/error", `{}`, 200)
	if got = c.expect("POST", "/faults/reset", "", 200); len(got.Faults) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestRefusalsAreJSONAndChangeNothing(t *testing.T) {
	for _, test := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/faults/latency", `{"by_ms":10001}`, 400},
		{"PUT", "/faults/error", strings.Repeat("x", 5000), 400},
		{"PUT", "/faults/network", `{}`, 404},
		{"GET", "/", "", 404},
		{"GET", "/faults/latency", "", 405},
		{"PUT", "/faults", "", 405},
		{"GET", "/faults/crash", "", 405},
		{"GET", "/faults/reset", "", 405},
	} {
		c := newClient(t)
		if got := c.expect(test.method, test.path, test.body, test.status); got.Error == "" || got.Hint == "" {
			t.Errorf("%s %s: %+v", test.method, test.path, got)
		}
		if len(c.state.List()) != 0 {
			t.Errorf("%s %s changed the state", test.method, test.path)
		}
	}
}

func TestWrongMethodNamesTheRightOnes(t *testing.T) {
	_, header, _ := newClient(t).call("GET", "/faults/latency", "", "Bearer "+token)
	if got := header.Get("Allow"); got != "DELETE, PUT" {
		t.Errorf("Allow: %q", got)
	}
}

func TestCrashAnswersFirst(t *testing.T) {
	c := newClient(t)
	c.expect("POST", "/faults/crash", "", 202)
	select {
	case <-c.crashed:
	case <-time.After(10 * time.Second):
		t.Fatal("did not crash")
	}
}

func TestResetCallsACrashOff(t *testing.T) {
	c := newClient(t)
	c.expect("POST", "/faults/crash", `{"after_ms":1000}`, 202)
	c.expect("POST", "/faults/reset", "", 200)
	select {
	case <-c.crashed:
		t.Fatal("crashed all the same")
	case <-time.After(1200 * time.Millisecond):
	}
}

func TestMemoryIsGivenBackWithTheTTL(t *testing.T) {
	c := newClient(t)
	held := func() int {
		c.api.journal.mu.Lock()
		defer c.api.journal.mu.Unlock()
		return len(c.api.journal.ballast.bytes) >> 20
	}
	c.expect("PUT", "/faults/memory", `{"mib":8,"ttl_s":300}`, 200)
	if held() != 8 {
		t.Fatalf("holds %d MiB", held())
	}
	c.expect("PUT", "/faults/memory", `{"mib":8,"ttl_s":0.1}`, 200)
	deadline := time.Now().Add(10 * time.Second)
	for held() != 0 {
		if time.Now().After(deadline) {
			t.Fatal("still held")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestStallIsPutAndEndsWithItsTTLAndWithReset(t *testing.T) {
	c := newClient(t)
	if got := c.expect("PUT", "/faults/stall", `{"ttl_s":300}`, 200); got.Faults[0]["kind"] != "stall" {
		t.Errorf("%+v", got)
	}
	if !c.state.Stalled() {
		t.Error("not stalled")
	}
	c.expect("PUT", "/faults/stall", `{"ttl_s":0.1}`, 200)
	time.Sleep(150 * time.Millisecond)
	if c.state.Stalled() {
		t.Error("outlived its TTL")
	}
	c.expect("PUT", "/faults/stall", ``, 200)
	c.expect("POST", "/faults/reset", "", 200)
	if c.state.Stalled() {
		t.Error("outlived the reset")
	}
	c.expect("PUT", "/faults/stall", `{"by_ms":1}`, 400)
}

func TestEveryChangeOfAFaultIsLoggedOnce(t *testing.T) {
	c := newClient(t)
	c.expect("PUT", "/faults/latency", `{"by_ms":20}`, 200)
	c.expect("PUT", "/faults/stall", `{"ttl_s":0.1}`, 200)
	// Nobody asks: the end of a fault is logged when it comes.
	deadline := time.Now().Add(10 * time.Second)
	for !strings.Contains(c.log.text(), "expired") && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	for range 2 {
		c.expect("DELETE", "/faults/latency", "", 200)
		c.expect("GET", "/faults", "", 200)
	}
	c.expect("PUT", "/faults/error", `{}`, 200)
	c.expect("POST", "/faults/crash", `{"after_ms":9000}`, 202)
	for range 2 {
		c.expect("POST", "/faults/reset", "", 200)
	}
	want := strings.Join([]string{
		"WARN fault injected latency", "WARN fault injected stall", "INFO fault expired stall",
		"INFO fault removed latency", "WARN fault injected error", "WARN fault injected crash",
		"INFO fault removed error", "INFO fault removed crash",
	}, "\n")
	if got := c.log.text(); got != want {
		t.Errorf("got\n%s", got)
	}
}
