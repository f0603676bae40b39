// Package faults holds what is injected into the service at the moment and the API that changes
// it. The state is in memory and ends with its time to live or with the process, so that no lab
// leaves the service broken, not even one whose undo never ran.
package faults

import (
	"math"
	"sync"
	"time"
)

type Kind string

const (
	KindLatency Kind = "latency"
	KindError   Kind = "error"
	KindMemory  Kind = "memory"
	KindStall   Kind = "stall"
)

// Kinds is in the order in which faults are listed.
var Kinds = []Kind{KindLatency, KindError, KindMemory, KindStall}

// Fault is one injected fault; each kind uses the fields that it needs.
type Fault struct {
	Kind  Kind
	Delay time.Duration
	Ratio float64
	MiB   int
	TTL   time.Duration
}

// parameters is what the API was asked for, in its words, as attributes of a log line.
func (f Fault) parameters() []any {
	ttl := []any{"ttl_s", f.TTL.Seconds()}
	switch f.Kind {
	case KindLatency:
		return append(ttl, "by_ms", f.Delay.Milliseconds(), "ratio", f.Ratio)
	case KindError:
		return append(ttl, "ratio", f.Ratio)
	case KindMemory:
		return append(ttl, "mib", f.MiB)
	}
	return ttl
}

type held struct {
	fault Fault
	until time.Time
}

// State is safe for concurrent use. Every reader looks at the clock, so that expiry depends on
// no timer.
type State struct {
	now    func() time.Time
	chance func() float64

	mu   sync.Mutex
	held map[Kind]held
}

// NewState takes a clock, whose times carry a monotonic reading when it is time.Now, and a source
// of numbers in [0, 1).
func NewState(now func() time.Time, chance func() float64) *State {
	return &State{now: now, chance: chance, held: map[Kind]held{}}
}

// Put replaces a fault of the same kind.
func (s *State) Put(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[fault.Kind] = held{fault, s.now().Add(fault.TTL)}
}

func (s *State) Clear(kind Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, kind)
}

// Delay is how long the unit of work that is about to begin is to be held back.
func (s *State) Delay() time.Duration {
	fault, _, active := s.get(KindLatency)
	if active && s.chance() < fault.Ratio {
		return fault.Delay
	}
	return 0
}

// Fails tells whether the unit of work that is about to begin is to fail.
func (s *State) Fails() bool {
	fault, _, active := s.get(KindError)
	return active && s.chance() < fault.Ratio
}

// Stalled tells whether no unit of work is to begin.
func (s *State) Stalled() bool { return s.Active(KindStall) }

func (s *State) MiB() int {
	fault, _, _ := s.get(KindMemory)
	return fault.MiB
}

func (s *State) Active(kind Kind) bool {
	_, _, active := s.get(kind)
	return active
}

// Remaining is 0 for a fault that is not in force.
func (s *State) Remaining(kind Kind) time.Duration {
	_, remaining, _ := s.get(kind)
	return remaining
}

// Listed is a fault as the API shows it.
type Listed struct {
	Kind       Kind     `json:"kind"`
	ByMS       *int64   `json:"by_ms,omitempty"`
	Ratio      *float64 `json:"ratio,omitempty"`
	MiB        *int     `json:"mib,omitempty"`
	TTLS       float64  `json:"ttl_s"`
	RemainingS float64  `json:"remaining_s"`
}

// List is never nil: the API shows an empty list, not null.
func (s *State) List() []Listed {
	list := []Listed{}
	for _, kind := range Kinds {
		fault, remaining, active := s.get(kind)
		if !active {
			continue
		}
		listed := Listed{
			Kind:       kind,
			TTLS:       fault.TTL.Seconds(),
			RemainingS: math.Round(remaining.Seconds()*10) / 10,
		}
		switch kind {
		case KindLatency:
			byMS := fault.Delay.Milliseconds()
			listed.ByMS, listed.Ratio = &byMS, &fault.Ratio
		case KindError:
			listed.Ratio = &fault.Ratio
		case KindMemory:
			listed.MiB = &fault.MiB
		}
		list = append(list, listed)
	}
	return list
}

func (s *State) get(kind Kind) (Fault, time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, found := s.held[kind]
	if !found {
		return Fault{}, 0, false
	}
	remaining := held.until.Sub(s.now())
	if remaining <= 0 {
		delete(s.held, kind)
		return Fault{}, 0, false
	}
	return held.fault, remaining, true
}
