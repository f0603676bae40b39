// Package fulfilment takes orders from the stream and fulfils them. Delivery is at least once:
// an entry leaves the stream only after its order is fulfilled in PostgreSQL, and PostgreSQL
// makes sure that fulfilling it again changes nothing.
package fulfilment

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Entry is one delivery of an order.
type Entry struct {
	ID      string
	OrderID string
	// Attempt counts deliveries, the first being 1.
	Attempt int64
	// Sender is the trace that the order was sent in, as the entry has it: empty for an entry of a
	// sender that traces nothing.
	Sender propagation.MapCarrier
}

func (e Entry) context(ctx context.Context) context.Context {
	return propagator.Extract(ctx, e.Sender)
}

func (e Entry) attributes() []attribute.KeyValue {
	return []attribute.KeyValue{semconv.MessagingMessageID(e.ID), orderIDKey.String(e.OrderID)}
}

// Queue is the stream as one member of its consumer group sees it.
type Queue interface {
	// CreateGroup is needed before anything else, and again after Redis lost its data.
	CreateGroup(ctx context.Context) error
	// Read waits up to block for entries that nobody got yet; not at all if block is 0.
	Read(ctx context.Context, count int, block time.Duration) ([]Entry, error)
	// Claim takes over entries that were delivered but left alone for minIdle. The scan goes on
	// at cursor and has seen everything once it returns StartCursor.
	Claim(ctx context.Context, cursor string, minIdle time.Duration, count int) ([]Entry, string, error)
	// Extend tells the group that the entries are still being worked on.
	Extend(ctx context.Context, ids []string) error
	// Done removes an entry for good.
	Done(ctx context.Context, id string) error
}

// StartCursor is where a scan for abandoned entries begins and ends.
const StartCursor = "0-0"

var (
	// ErrNoGroup means that the stream or its group is gone.
	ErrNoGroup = errors.New("the consumer group does not exist")
	// ErrUnknownOrder means that no attempt can ever succeed.
	ErrUnknownOrder = errors.New("there is no such order")
	errInjected     = errors.New("injected error")
)

// Store is where orders are fulfilled.
type Store interface {
	// Fulfil reports false for an order that was fulfilled before.
	Fulfil(ctx context.Context, orderID string, attempt int64) (bool, error)
}

// Faults is what may be injected.
type Faults interface {
	Delay() time.Duration
	Fails() bool
	// Stalled tells whether no entry is to be taken.
	Stalled() bool
}

// Timing is how long things take and wait.
type Timing struct {
	// Work stands for picking, packing and posting.
	Work time.Duration
	// Block is how long one read waits; a worker that stops waits no longer than that.
	Block time.Duration
	// MinIdle is how long an entry stays with a consumer that does nothing for it: after a failed
	// attempt the delay before the next, after a killed worker that before another takes over.
	MinIdle time.Duration
	// ClaimEvery is the pause between scans for abandoned entries.
	ClaimEvery time.Duration
	// ExtendEvery must be well below MinIdle, or slow attempts look abandoned.
	ExtendEvery time.Duration
	// Backoff is the pause after Redis failed, doubled with each failure up to MaxBackoff.
	Backoff    time.Duration
	MaxBackoff time.Duration
	// StoreTimeout bounds one transaction.
	StoreTimeout time.Duration
	// StallCheck is how long the end of an injected stall may go unnoticed.
	StallCheck time.Duration
}

// DefaultTiming is what the sandbox runs with.
var DefaultTiming = Timing{
	Work:         20 * time.Millisecond,
	Block:        time.Second,
	MinIdle:      2 * time.Second,
	ClaimEvery:   500 * time.Millisecond,
	ExtendEvery:  500 * time.Millisecond,
	Backoff:      100 * time.Millisecond,
	MaxBackoff:   500 * time.Millisecond,
	StoreTimeout: 3 * time.Second,
	StallCheck:   50 * time.Millisecond,
}

// Consumer moves entries from a queue into a store.
type Consumer struct {
	Queue       Queue
	Store       Store
	Faults      Faults
	Metrics     *Metrics
	Spans       Spans
	Log         *slog.Logger
	Timing      Timing
	Concurrency int

	inFlight inFlight
	work     sync.WaitGroup
}

// Run takes entries until ctx ends and returns when the last attempt has. Attempts run under
// attempts, so that they can be given time to finish after ctx has ended.
func (c *Consumer) Run(ctx, attempts context.Context) {
	extending := make(chan struct{})
	extend, stopExtending := context.WithCancel(attempts)
	go func() {
		defer close(extending)
		c.extendLeases(extend)
	}()

	c.take(ctx, attempts)
	c.work.Wait()
	stopExtending()
	<-extending
}

func (c *Consumer) take(ctx, attempts context.Context) {
	slots := make(slots, c.Concurrency)
	link := link{consumer: c, groupMissing: true}
	scan := scan{cursor: StartCursor}
	for {
		free := slots.acquire(ctx)
		if free == 0 || c.stall(ctx) != nil {
			return
		}
		entries, err := c.next(ctx, free, &scan, &link)
		c.Spans.received(entries)
		started := 0
		for _, entry := range entries {
			// Known already: a scan found what this process is still working on.
			if !c.inFlight.add(entry.ID) {
				continue
			}
			started++
			c.work.Go(func() {
				defer slots.release(1)
				defer c.inFlight.remove(entry.ID)
				c.attempt(attempts, entry)
			})
		}
		slots.release(free - started)
		link.report(ctx, err)
	}
}

// stall waits for as long as the fault of that name lasts. The attempts that run go on.
func (c *Consumer) stall(ctx context.Context) error {
	for c.Faults.Stalled() {
		if err := sleep(ctx, c.Timing.StallCheck); err != nil {
			return err
		}
	}
	return nil
}

func (c *Consumer) next(ctx context.Context, count int, scan *scan, link *link) ([]Entry, error) {
	if link.groupMissing {
		if err := c.Queue.CreateGroup(ctx); err != nil {
			return nil, err
		}
		link.groupMissing = false
	}
	var claimed []Entry
	due := scan.due(c.Timing.ClaimEvery)
	if due && !scan.yields {
		entries, next, err := c.Queue.Claim(ctx, scan.cursor, c.Timing.MinIdle, count)
		if err != nil {
			return nil, err
		}
		claimed = entries
		scan.advance(next)
		scan.yields = len(claimed) >= count
		if scan.yields {
			return claimed, nil
		}
	}
	scan.yields = false
	block := c.Timing.Block
	if due {
		block = 0
	}
	read, err := c.Queue.Read(ctx, count-len(claimed), block)
	// What was claimed before the error is ours and has to be worked on all the same.
	return append(claimed, read...), err
}

func (c *Consumer) attempt(ctx context.Context, entry Entry) {
	ctx, span := c.Spans.process(ctx, entry)
	defer span.End()
	started := time.Now()
	outcome, err := c.fulfil(ctx, entry)
	took := time.Since(started)
	c.Metrics.observe(ctx, outcome, took)
	span.SetAttributes(outcomeKey.String(string(outcome)))
	fail(span, err)

	log := c.Log.With("order_id", entry.OrderID, "attempt", entry.Attempt,
		"duration_ms", float64(took.Microseconds())/1000)
	switch {
	case errors.Is(err, ErrUnknownOrder):
		log.ErrorContext(ctx, "order dropped", "error", err)
	case err != nil:
		// Still pending in the group: the next scan that finds it idle for long enough tries again.
		log.WarnContext(ctx, "attempt failed", "error", err)
		return
	case outcome == Duplicate:
		log.InfoContext(ctx, "order was fulfilled before")
	default:
		log.InfoContext(ctx, "order fulfilled")
	}
	if err := c.done(ctx, entry); err != nil {
		// Harmless: it is delivered once more and then found to be fulfilled.
		log.WarnContext(ctx, "entry not removed", "error", err)
	}
}

func (c *Consumer) done(ctx context.Context, entry Entry) error {
	ctx, span := c.Spans.ack(ctx, entry)
	defer span.End()
	err := c.Queue.Done(ctx, entry.ID)
	fail(span, err)
	return err
}

func (c *Consumer) fulfil(ctx context.Context, entry Entry) (Outcome, error) {
	if err := sleep(ctx, c.Faults.Delay()); err != nil {
		return Failed, err
	}
	if c.Faults.Fails() {
		return Failed, errInjected
	}
	if err := sleep(ctx, c.Timing.Work); err != nil {
		return Failed, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timing.StoreTimeout)
	defer cancel()
	first, err := c.Store.Fulfil(ctx, entry.OrderID, entry.Attempt)
	switch {
	case err != nil:
		return Failed, err
	case !first:
		return Duplicate, nil
	default:
		return Fulfilled, nil
	}
}

// extendLeases keeps attempts that take longer than MinIdle from being taken over.
func (c *Consumer) extendLeases(ctx context.Context) {
	ticker := time.NewTicker(c.Timing.ExtendEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		ids := c.inFlight.olderThan(c.Timing.ExtendEvery)
		if len(ids) == 0 {
			continue
		}
		if err := c.Queue.Extend(ctx, ids); err != nil && ctx.Err() == nil {
			c.Log.Debug("leases not extended", "error", err)
		}
	}
}

func sleep(ctx context.Context, duration time.Duration) error {
	if duration <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
