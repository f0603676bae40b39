package fulfilment

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.opentelemetry.io/otel/propagation"
)

const (
	redisTimeout = time.Second
	orderIDField = "order_id"
)

// RedisQueue is a Queue on a Redis stream.
type RedisQueue struct {
	client   *redis.Client
	stream   string
	group    string
	consumer string
}

func NewRedisQueue(address, password, stream, group, consumer string) *RedisQueue {
	// It writes to standard error, past the log's format, what the consumer logs by itself.
	logging.Disable()
	client := redis.NewClient(&redis.Options{
		Addr:     address,
		Password: password,
		// The consumer retries, and logs that it does. A client that retried too would multiply
		// the waiting and hide the reason.
		MaxRetries:    -1,
		DialerRetries: 1,
		DialTimeout:   redisTimeout,
		// A Redis that is paused, or whose address changed, must not hold a call for longer than
		// the call's own context says.
		ContextTimeoutEnabled: true,
		// Neither the name of the library nor notices of maintenance are of use to a plain server.
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return &RedisQueue{client: client, stream: stream, group: group, consumer: consumer}
}

func (q *RedisQueue) Close() error { return q.client.Close() }

// CreateGroup starts at the beginning of the stream: orders may have been put there before any
// worker existed.
func (q *RedisQueue) CreateGroup(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	err := q.client.XGroupCreateMkStream(ctx, q.stream, q.group, "0").Err()
	if err != nil && strings.HasPrefix(err.Error(), "BUSYGROUP") {
		return nil
	}
	return err
}

func (q *RedisQueue) Read(ctx context.Context, count int, block time.Duration) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, block+redisTimeout)
	defer cancel()
	if block == 0 {
		// For Redis, 0 means to wait for ever.
		block = -1
	}
	streams, err := q.client.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group:    q.group,
		Consumer: q.consumer,
		Streams:  []string{q.stream, ">"},
		Count:    int64(count),
		Block:    block,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, classify(err)
	}
	var entries []Entry
	for _, stream := range streams {
		for _, message := range stream.Messages {
			entries = append(entries, toEntry(message, 1))
		}
	}
	return entries, nil
}

func (q *RedisQueue) Claim(ctx context.Context, cursor string, minIdle time.Duration, count int) ([]Entry, string, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	messages, next, err := q.client.XAutoClaim(ctx, &redis.XAutoClaimArgs{
		Stream:   q.stream,
		Group:    q.group,
		Consumer: q.consumer,
		MinIdle:  minIdle,
		Start:    cursor,
		Count:    int64(count),
	}).Result()
	if err != nil {
		return nil, "", classify(err)
	}
	attempts := q.deliveries(ctx, messages)
	entries := make([]Entry, len(messages))
	for i, message := range messages {
		entries[i] = toEntry(message, attempts[i])
	}
	return entries, next, nil
}

// deliveries asks how often each entry was delivered, which XAUTOCLAIM does not say. The number is
// for logs and reports, so an answer that fails to come is no reason to give up the entries.
func (q *RedisQueue) deliveries(ctx context.Context, messages []redis.XMessage) []int64 {
	counts := make([]int64, len(messages))
	if len(messages) == 0 {
		return counts
	}
	pending := make([]*redis.XPendingExtCmd, len(messages))
	_, _ = q.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, message := range messages {
			pending[i] = pipe.XPendingExt(ctx, &redis.XPendingExtArgs{
				Stream: q.stream, Group: q.group, Start: message.ID, End: message.ID, Count: 1,
			})
		}
		return nil
	})
	for i, reply := range pending {
		// Claimed, so at least the second delivery.
		counts[i] = 2
		if found, err := reply.Result(); err == nil && len(found) == 1 {
			counts[i] = found[0].RetryCount
		}
	}
	return counts
}

func (q *RedisQueue) Extend(ctx context.Context, ids []string) error {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	// JUSTID resets the idle time and does not count as a delivery.
	return q.client.XClaimJustID(ctx, &redis.XClaimArgs{
		Stream: q.stream, Group: q.group, Consumer: q.consumer, Messages: ids,
	}).Err()
}

// Done acknowledges and deletes in one transaction: an entry that was acknowledged only would stay
// on the stream for ever, and be counted as waiting.
func (q *RedisQueue) Done(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	_, err := q.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.XAck(ctx, q.stream, q.group, id)
		pipe.XDel(ctx, q.stream, id)
		return nil
	})
	return err
}

func (q *RedisQueue) Backlog(ctx context.Context) (int64, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	var length *redis.IntCmd
	var first *redis.XMessageSliceCmd
	_, err := q.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		length = pipe.XLen(ctx, q.stream)
		first = pipe.XRangeN(ctx, q.stream, "-", "+", 1)
		return nil
	})
	if err != nil {
		return 0, time.Time{}, err
	}
	if len(first.Val()) == 0 {
		return length.Val(), time.Time{}, nil
	}
	added, err := addedAt(first.Val()[0].ID)
	return length.Val(), added, err
}

// addedAt reads the time that every entry's id begins with.
func addedAt(id string) (time.Time, error) {
	millis, _, _ := strings.Cut(id, "-")
	parsed, err := strconv.ParseInt(millis, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("entry id %q: %w", id, err)
	}
	return time.UnixMilli(parsed), nil
}

func toEntry(message redis.XMessage, attempt int64) Entry {
	orderID, _ := message.Values[orderIDField].(string)
	sender := propagation.MapCarrier{}
	for _, field := range propagator.Fields() {
		if value, found := message.Values[field].(string); found {
			sender[field] = value
		}
	}
	return Entry{ID: message.ID, OrderID: orderID, Attempt: attempt, Sender: sender}
}

func classify(err error) error {
	// UNBLOCKED is what a read that waits is told when the stream vanishes under it.
	if text := err.Error(); strings.HasPrefix(text, "NOGROUP") || strings.HasPrefix(text, "UNBLOCKED") {
		return fmt.Errorf("%w: %w", ErrNoGroup, err)
	}
	return err
}
