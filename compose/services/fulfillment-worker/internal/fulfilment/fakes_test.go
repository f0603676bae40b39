package fulfilment

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/propagation"
)

// fakeQueue is a stream with one consumer group in memory.
type fakeQueue struct {
	mu       sync.Mutex
	nextID   int
	entries  []*fakeEntry
	group    bool
	failing  error
	creates  int
	inserted chan struct{}
}

type fakeEntry struct {
	id, orderID string
	sender      propagation.MapCarrier
	attempts    int64
	delivered   time.Time
}

var errAway = errors.New("connection refused")

func newFakeQueue() *fakeQueue { return &fakeQueue{inserted: make(chan struct{}, 1)} }

func (q *fakeQueue) add(orderIDs ...string) { q.send(nil, orderIDs...) }

func (q *fakeQueue) send(sender propagation.MapCarrier, orderIDs ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, orderID := range orderIDs {
		q.nextID++
		q.entries = append(q.entries, &fakeEntry{id: strconv.Itoa(q.nextID), orderID: orderID, sender: sender})
	}
	select {
	case q.inserted <- struct{}{}:
	default:
	}
}

// abandon adds an entry that another consumer took and then died with.
func (q *fakeQueue) abandon(orderID string) {
	q.add(orderID)
	q.mu.Lock()
	defer q.mu.Unlock()
	entry := q.entries[len(q.entries)-1]
	entry.attempts, entry.delivered = 1, time.Now()
}

func (q *fakeQueue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.failing = err
}

func (q *fakeQueue) loseEverything() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.entries, q.group = nil, false
}

func (q *fakeQueue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries)
}

func (q *fakeQueue) CreateGroup(context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failing != nil {
		return q.failing
	}
	q.creates++
	q.group = true
	return nil
}

func (q *fakeQueue) usable() error {
	if q.failing != nil {
		return q.failing
	}
	if !q.group {
		return ErrNoGroup
	}
	return nil
}

func (q *fakeQueue) Read(ctx context.Context, count int, block time.Duration) ([]Entry, error) {
	wait := time.NewTimer(block)
	defer wait.Stop()
	for {
		entries, err := q.take(count, func(entry *fakeEntry) bool { return entry.delivered.IsZero() })
		if err != nil || len(entries) > 0 {
			return entries, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-wait.C:
			return nil, nil
		case <-q.inserted:
		}
	}
}

func (q *fakeQueue) Claim(_ context.Context, _ string, minIdle time.Duration, count int) ([]Entry, string, error) {
	idle := func(entry *fakeEntry) bool {
		return !entry.delivered.IsZero() && time.Since(entry.delivered) >= minIdle
	}
	entries, err := q.take(count, idle)
	next := StartCursor
	if len(entries) == count {
		next = "more"
	}
	return entries, next, err
}

func (q *fakeQueue) take(count int, wanted func(*fakeEntry) bool) ([]Entry, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.usable(); err != nil {
		return nil, err
	}
	var taken []Entry
	for _, entry := range q.entries {
		if len(taken) < count && wanted(entry) {
			entry.attempts++
			entry.delivered = time.Now()
			taken = append(taken, Entry{entry.id, entry.orderID, entry.attempts, entry.sender})
		}
	}
	return taken, nil
}

func (q *fakeQueue) Extend(_ context.Context, ids []string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, entry := range q.entries {
		if slices.Contains(ids, entry.id) {
			entry.delivered = time.Now()
		}
	}
	return q.usable()
}

func (q *fakeQueue) Done(_ context.Context, id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failing != nil {
		return q.failing
	}
	q.entries = slices.DeleteFunc(q.entries, func(entry *fakeEntry) bool { return entry.id == id })
	return nil
}

func (q *fakeQueue) Backlog(context.Context) (int64, time.Time, error) {
	return int64(q.length()), time.Time{}, nil
}

// fakeStore fulfils every order once, after running a hook that may fail.
type fakeStore struct {
	mu        sync.Mutex
	hook      func(orderID string, attempt int64) error
	fulfilled map[string]int64
	calls     int
}

func newFakeStore() *fakeStore { return &fakeStore{fulfilled: map[string]int64{}} }

func (s *fakeStore) Fulfil(_ context.Context, orderID string, attempt int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.hook != nil {
		if err := s.hook(orderID, attempt); err != nil {
			return false, err
		}
	}
	if _, found := s.fulfilled[orderID]; found {
		return false, nil
	}
	s.fulfilled[orderID] = attempt
	return true, nil
}

func (s *fakeStore) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.fulfilled)
}

func (s *fakeStore) attempts(orderID string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fulfilled[orderID]
}

type fakeFaults struct {
	mu    sync.Mutex
	delay time.Duration
	fails int
	stall bool
}

func (f *fakeFaults) Delay() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.delay
}

func (f *fakeFaults) Fails() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fails--
	return f.fails >= 0
}

func (f *fakeFaults) Stalled() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stall
}

func (f *fakeFaults) setStall(stall bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stall = stall
}
