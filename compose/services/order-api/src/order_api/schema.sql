-- Applied at every start of order-api, and again should the tables disappear: each statement is
-- therefore idempotent. A product beyond a sandbox would use a migration tool instead.

-- Two instances that start together would race each other through CREATE TABLE IF NOT EXISTS,
-- which is not atomic. The lock is released at the end of the transaction.
SELECT pg_advisory_xact_lock(hashtext('obsbook.orders.schema'));

CREATE TABLE IF NOT EXISTS products (
    sku         text PRIMARY KEY,
    name        text NOT NULL,
    price_cents bigint NOT NULL CHECK (price_cents > 0)
);

CREATE TABLE IF NOT EXISTS orders (
    id                  uuid PRIMARY KEY,
    status              text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'fulfilled')),
    customer            text NOT NULL DEFAULT '',
    total_cents         bigint NOT NULL,
    -- The constraint, not a look-up before the insert, is what makes CreateOrder idempotent:
    -- two retries may arrive at the same moment.
    idempotency_key     text NOT NULL UNIQUE,
    request_fingerprint text NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    fulfilled_at        timestamptz
);

CREATE TABLE IF NOT EXISTS order_items (
    order_id         uuid NOT NULL REFERENCES orders (id),
    line             smallint NOT NULL,
    sku              text NOT NULL REFERENCES products (sku),
    quantity         integer NOT NULL CHECK (quantity > 0),
    unit_price_cents bigint NOT NULL,
    PRIMARY KEY (order_id, line)
);

-- What has still to be told to the stream. Written in the transaction of its order, so that
-- neither exists without the other; deleted once the order is fulfilled.
CREATE TABLE IF NOT EXISTS outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id   uuid NOT NULL UNIQUE REFERENCES orders (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Both null until the relay has put the order on the stream.
    sent_at    timestamptz,
    entry_id   text,
    -- When to look whether a sent order was fulfilled, or lost and to be sent again.
    recheck_at timestamptz
);

-- The trace of the request that made the order. Added later than the table, which CREATE TABLE
-- leaves as it is when it finds one in an older volume.
ALTER TABLE outbox ADD COLUMN IF NOT EXISTS traceparent text;

-- Partial, because the relay asks every second and nearly all rows have been sent.
CREATE INDEX IF NOT EXISTS outbox_unsent ON outbox (id) WHERE sent_at IS NULL;
CREATE INDEX IF NOT EXISTS outbox_recheck ON outbox (recheck_at) WHERE sent_at IS NOT NULL;

-- Written by fulfillment-worker. Its primary key makes fulfilment idempotent, and with that
-- delivery at least once is enough.
CREATE TABLE IF NOT EXISTS fulfilments (
    order_id     uuid PRIMARY KEY REFERENCES orders (id),
    fulfilled_at timestamptz NOT NULL DEFAULT now(),
    attempts     integer NOT NULL DEFAULT 1
);

INSERT INTO products (sku, name, price_cents) VALUES
    ('BEAM-40',  'Light beam, 40 cm',        1990),
    ('BELL-1',   'Desk bell',                 850),
    ('BOOK-OBS', 'Field notes, ruled',       1250),
    ('CABLE-2M', 'Patch cable, 2 m',          490),
    ('FUSE-10A', 'Fuse, 10 A, pack of ten',   375),
    ('GAUGE-60', 'Pressure gauge, 60 mm',    2790),
    ('LAMP-RED', 'Signal lamp, red',         1540),
    ('MUG-SRE',  'Mug, holds 99.9 percent',  1190)
ON CONFLICT (sku) DO NOTHING;
