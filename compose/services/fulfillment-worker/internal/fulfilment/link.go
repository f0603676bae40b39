package fulfilment

import (
	"context"
	"errors"
	"time"
)

// link is the consumer's view of its connection to the queue: it logs changes rather than every
// failure, and slows down while there is nothing to be had.
type link struct {
	consumer     *Consumer
	groupMissing bool
	down         bool
	backoff      time.Duration
}

func (l *link) report(ctx context.Context, err error) {
	log, timing := l.consumer.Log, l.consumer.Timing
	switch {
	case ctx.Err() != nil:
	case err == nil:
		if l.down {
			log.Info("queue is back")
		}
		l.down, l.backoff = false, 0
	case errors.Is(err, ErrNoGroup):
		log.Warn("consumer group is gone, creating it again", "error", err)
		l.groupMissing = true
	default:
		if !l.down {
			log.Warn("queue is away", "error", err)
		}
		l.down = true
		l.backoff = min(max(2*l.backoff, timing.Backoff), timing.MaxBackoff)
		// Cut short when ctx ends, and then the caller's loop ends too.
		_ = sleep(ctx, l.backoff)
	}
}
