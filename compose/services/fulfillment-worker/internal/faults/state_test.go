package faults

import (
	"testing"
	"time"
)

type fixture struct {
	*State
	now    time.Time
	chance float64
}

func newFixture() *fixture {
	f := &fixture{now: time.Unix(1000, 0)}
	f.State = NewState(func() time.Time { return f.now }, func() float64 { return f.chance })
	return f
}

func TestFaultEndsWithItsTTL(t *testing.T) {
	for _, test := range []struct {
		name    string
		elapsed time.Duration
		active  bool
	}{
		{"at once", 0, true},
		{"just before", time.Minute - time.Nanosecond, true},
		{"at the TTL", time.Minute, false},
		{"after", time.Hour, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture()
			f.Put(Fault{Kind: KindLatency, Delay: time.Second, Ratio: 1, TTL: time.Minute})
			f.Put(Fault{Kind: KindError, Ratio: 1, TTL: time.Minute})
			f.Put(Fault{Kind: KindMemory, MiB: 8, TTL: time.Minute})
			f.Put(Fault{Kind: KindStall, TTL: time.Minute})
			f.now = f.now.Add(test.elapsed)

			if got := f.Delay() == time.Second; got != test.active {
				t.Errorf("latency in force: %t", got)
			}
			if got := f.Fails(); got != test.active {
				t.Errorf("error in force: %t", got)
			}
			if got := f.MiB() == 8; got != test.active {
				t.Errorf("memory in force: %t", got)
			}
			for _, kind := range Kinds {
				if got := f.Active(kind); got != test.active {
					t.Errorf("%s active: %t", kind, got)
				}
			}
			if got := len(f.List()) == len(Kinds); got != test.active {
				t.Errorf("listed: %t", got)
			}
		})
	}
}

func TestRatioDecidesAboutEachUnit(t *testing.T) {
	for _, test := range []struct {
		chance float64
		hit    bool
	}{{0, true}, {0.249, true}, {0.25, false}, {0.999, false}} {
		f := newFixture()
		f.chance = test.chance
		f.Put(Fault{Kind: KindLatency, Delay: time.Second, Ratio: 0.25, TTL: time.Minute})
		f.Put(Fault{Kind: KindError, Ratio: 0.25, TTL: time.Minute})
		if got := f.Delay() > 0; got != test.hit {
			t.Errorf("chance %v: delayed %t", test.chance, got)
		}
		if got := f.Fails(); got != test.hit {
			t.Errorf("chance %v: failed %t", test.chance, got)
		}
	}
}

func TestLastOfAKindWins(t *testing.T) {
	f := newFixture()
	f.Put(Fault{Kind: KindLatency, Delay: time.Second, Ratio: 1, TTL: 10 * time.Second})
	f.now = f.now.Add(9 * time.Second)
	f.Put(Fault{Kind: KindLatency, Delay: time.Minute, Ratio: 1, TTL: 10 * time.Second})
	f.now = f.now.Add(9 * time.Second)
	if got := f.Delay(); got != time.Minute {
		t.Errorf("delay %v", got)
	}
	if got := f.Remaining(KindLatency); got != time.Second {
		t.Errorf("remaining %v", got)
	}
}

func TestClearIsIdempotent(t *testing.T) {
	f := newFixture()
	f.Put(Fault{Kind: KindError, Ratio: 1, TTL: time.Minute})
	f.Put(Fault{Kind: KindMemory, MiB: 8, TTL: time.Minute})
	f.Clear(KindError)
	f.Clear(KindError)
	if f.Fails() || f.MiB() != 8 {
		t.Error("clear removed the wrong fault")
	}
}
