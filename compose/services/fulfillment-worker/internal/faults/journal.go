package faults

import (
	"log/slog"
	"sync"
	"time"
)

// journal is the way to change a State: it logs what becomes of each fault, its end by itself
// included, and makes what a fault holds follow.
type journal struct {
	state *State
	log   *slog.Logger

	mu      sync.Mutex
	ballast ballast
	// open are the kinds whose end has not been logged yet.
	open   map[Kind]bool
	expiry *time.Timer
}

func (j *journal) put(fault Fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	// First the line for one of the kind that has just run out.
	j.follow()
	j.state.Put(fault)
	j.open[fault.Kind] = true
	j.log.Warn("fault injected", append([]any{"fault_kind", fault.Kind}, fault.parameters()...)...)
	j.follow()
}

func (j *journal) clear(kinds ...Kind) {
	j.mu.Lock()
	defer j.mu.Unlock()
	// What has run out by itself was not removed.
	j.follow()
	for _, kind := range kinds {
		j.state.Clear(kind)
		if j.open[kind] {
			delete(j.open, kind)
			j.log.Info("fault removed", "fault_kind", kind)
		}
	}
	j.follow()
}

// follow is called with the lock held, after each change and at the next expiry: nothing else
// happens by itself when a TTL has passed.
func (j *journal) follow() {
	if j.expiry != nil {
		j.expiry.Stop()
		j.expiry = nil
	}
	var next time.Duration
	for _, kind := range Kinds {
		if !j.open[kind] {
			continue
		}
		remaining := j.state.Remaining(kind)
		if remaining == 0 {
			delete(j.open, kind)
			j.log.Info("fault expired", "fault_kind", kind)
			continue
		}
		if next == 0 || remaining < next {
			next = remaining
		}
	}
	if next > 0 {
		j.expiry = time.AfterFunc(next, func() {
			j.mu.Lock()
			defer j.mu.Unlock()
			j.follow()
		})
	}
	// Last: it takes its time, in which a fault can end, and then the timer is set already.
	j.ballast.hold(j.state.MiB())
}
