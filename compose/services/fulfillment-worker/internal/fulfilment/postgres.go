package fulfilment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"
)

const connectTimeout = time.Second

// SQLSTATE codes that say that an order id can never be fulfilled.
const (
	foreignKeyViolation   = "23503"
	invalidTextForUUIDKey = "22P02"
)

// PostgresStore is a Store in the database of order-api.
type PostgresStore struct {
	pool *pgxpool.Pool
}

// NewPostgresStore does not connect yet: PostgreSQL may come up later than the worker.
func NewPostgresStore(ctx context.Context, dsn, password string, connections int,
	tracer trace.Tracer, metrics *Metrics,
) (*PostgresStore, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL settings: %w", err)
	}
	config.MaxConns = int32(connections)
	config.ConnConfig.Password = password
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.RuntimeParams["application_name"] = "fulfillment-worker"
	config.ConnConfig.Tracer = newQueryTracer(tracer, metrics, config.ConnConfig)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &PostgresStore{pool: pool}, nil
}

func (s *PostgresStore) Close() { s.pool.Close() }

// Fulfil needs no look before the insert: of two workers with the same order, the primary key
// makes the second wait for the first to commit, and then insert nothing.
func (s *PostgresStore) Fulfil(ctx context.Context, orderID string, attempt int64) (bool, error) {
	first := false
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		inserted, err := tx.Exec(ctx,
			`INSERT INTO fulfilments (order_id, fulfilled_at, attempts)
			 VALUES ($1, now(), $2) ON CONFLICT (order_id) DO NOTHING`, orderID, attempt)
		if err != nil {
			return err
		}
		first = inserted.RowsAffected() == 1
		if !first {
			return nil
		}
		_, err = tx.Exec(ctx,
			`UPDATE orders SET status = 'fulfilled', fulfilled_at = now() WHERE id = $1`, orderID)
		return err
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) &&
		(refused.Code == foreignKeyViolation || refused.Code == invalidTextForUUIDKey) {
		return false, fmt.Errorf("%w: %q", ErrUnknownOrder, orderID)
	}
	return first && err == nil, err
}
