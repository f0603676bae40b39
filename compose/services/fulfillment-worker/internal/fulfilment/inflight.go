package fulfilment

import (
	"context"
	"sync"
	"time"
)

// inFlight is the set of entries that this process works on. Its zero value is empty.
type inFlight struct {
	mu    sync.Mutex
	since map[string]time.Time
}

// add reports false for an entry that is in the set already.
func (f *inFlight) add(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, found := f.since[id]; found {
		return false
	}
	if f.since == nil {
		f.since = map[string]time.Time{}
	}
	f.since[id] = time.Now()
	return true
}

func (f *inFlight) remove(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.since, id)
}

func (f *inFlight) olderThan(age time.Duration) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	for id, since := range f.since {
		if time.Since(since) >= age {
			ids = append(ids, id)
		}
	}
	return ids
}

// slots bounds how many attempts run at once.
type slots chan struct{}

// acquire waits for a slot and takes all that are free; it returns 0 once ctx has ended.
func (s slots) acquire(ctx context.Context) int {
	// Of two cases that are both ready, select takes either.
	if ctx.Err() != nil {
		return 0
	}
	select {
	case <-ctx.Done():
		return 0
	case s <- struct{}{}:
	}
	for taken := 1; ; taken++ {
		select {
		case s <- struct{}{}:
		default:
			return taken
		}
	}
}

func (s slots) release(count int) {
	for range count {
		<-s
	}
}
