import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { createApp } from '../src/app.js';
import { FaultState } from '../src/faults/state.js';
import { Metrics } from '../src/metrics.js';
import { OrdersClient, RPC_METHODS } from '../src/orders-client.js';
import { RetryPolicy } from '../src/retries.js';
import { PROTO_PATH } from '../src/settings.js';
import { FakeOrderApi, ORDER, grpcError } from './fake-order-api.js';
import { Spans } from './spans.js';

const VALID = { items: [{ sku: 'MUG-SRE', quantity: 2 }] };
const ID = ORDER.id;

const orderApi = new FakeOrderApi();
const original = orderApi.handlers;
/** @type {OrdersClient} */
let orders;
/** @type {FaultState} */
let faults;
/** @type {Metrics} */
let metrics;
/** @type {ReturnType<typeof createApp>} */
let app;
/** @type {Record<string, unknown>[]} */
let lines;
const { tracer } = new Spans();

// Far above what a busy machine takes: only the test of the deadline is to meet one.
const PATIENT_MS = 10_000;

/** @param {number} deadlineMs */
function connect(deadlineMs) {
  return new OrdersClient({
    address: orderApi.address,
    protoPath: PROTO_PATH,
    deadlineMs,
    createDeadlineMs: deadlineMs,
    tracer,
    retries: new RetryPolicy(faults),
    metrics,
  });
}

/** @param {Record<string, unknown>} fields */
const log = (fields) => lines.push(fields);

before(() => orderApi.start());
after(() => orderApi.stop());

beforeEach(() => {
  orderApi.handlers = { ...original };
  orderApi.requests = [];
  lines = [];
  faults = new FaultState();
  metrics = new Metrics(faults, RPC_METHODS);
  orders = connect(PATIENT_MS);
  app = create();
});

function create() {
  return createApp({
    orders,
    faults,
    metrics,
    tracer,
    log: /** @type {any} */ ({ debug: log, info: log, warn: log, error: log }),
  });
}

afterEach(async () => {
  await app.close();
  orders.close();
});

/**
 * @param {unknown} payload
 * @param {Record<string, string>} [headers]
 */
function post(payload, headers = {}) {
  return app.inject({
    method: 'POST',
    url: '/api/orders',
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
}

describe('POST /api/orders', () => {
  test('answers 201 with the order and where it is', async () => {
    const response = await post({ ...VALID, customer: 'ada' });
    assert.equal(response.statusCode, 201);
    assert.equal(response.headers.location, `/api/orders/${ID}`);
    assert.deepEqual(response.json(), {
      id: ID,
      status: 'pending',
      items: [{ sku: 'MUG-SRE', quantity: 2, unit_price_cents: 1190 }],
      total_cents: 2380,
      created_at: '2023-11-14T22:13:20.123Z',
    });
    assert.equal(orderApi.requests[0].customer, 'ada');
    assert.deepEqual(
      orderApi.requests[0].items.map((/** @type {any} */ item) => [item.sku, item.quantity]),
      [['MUG-SRE', 2]],
    );
  });

  test('passes the idempotency key on and says when it was a replay', async () => {
    orderApi.handlers.CreateOrder = () => ({ order: ORDER, replayed: true });
    const response = await post(VALID, { 'idempotency-key': 'key-1' });
    assert.equal(response.statusCode, 201);
    assert.equal(response.headers['idempotency-replayed'], 'true');
    assert.equal(orderApi.requests[0].idempotency_key, 'key-1');
  });

  test('makes a key of its own for a caller without one', async () => {
    await post(VALID);
    await post(VALID);
    const [first, second] = orderApi.requests.map((request) => request.idempotency_key);
    assert.match(first, /^[0-9a-f-]{36}$/);
    assert.notEqual(first, second);
  });

  /** @type {[name: string, payload: unknown, reason: RegExp][]} */
  const bad = [
    ['no items', {}, /must have required property 'items'/],
    ['an empty list', { items: [] }, /body\/items must NOT have fewer than 1 items/],
    ['a quantity of zero', { items: [{ sku: 'A', quantity: 0 }] }, /items\/0\/quantity must be >= 1/],
    ['a fraction', { items: [{ sku: 'A', quantity: 1.5 }] }, /quantity must be integer/],
    ['a number as text', { items: [{ sku: 'A', quantity: '1' }] }, /quantity must be integer/],
    ['no sku', { items: [{ quantity: 1 }] }, /required property 'sku'/],
    ['a price', { items: [{ sku: 'A', quantity: 1, price: 1 }] }, /additional properties: price/],
    ['an unknown key', { ...VALID, urgent: true }, /additional properties: urgent/],
    ['a list', [], /body must be object/],
    ['a long customer', { ...VALID, customer: 'x'.repeat(101) }, /more than 100 characters/],
  ];
  for (const [name, payload, reason] of bad) {
    test(`refuses ${name} with a reason`, async () => {
      const response = await post(payload);
      assert.equal(response.statusCode, 400);
      assert.match(response.json().reasons.join('; '), reason);
      assert.equal(orderApi.requests.length, 0);
    });
  }

  test('names every reason at once', async () => {
    const response = await post({ items: [{ sku: '', quantity: 0 }] });
    assert.equal(response.json().reasons.length, 2);
  });

  test('refuses what is not JSON, another media type, and too much', async () => {
    assert.equal((await post('{"items":')).statusCode, 400);
    assert.equal((await post('x', { 'content-type': 'text/csv' })).statusCode, 415);
    assert.equal((await post({ ...VALID, customer: 'x'.repeat(20_000) })).statusCode, 413);
  });

  test('refuses an idempotency key that is too long', async () => {
    const response = await post(VALID, { 'idempotency-key': 'k'.repeat(129) });
    assert.equal(response.statusCode, 400);
    assert.match(response.json().reasons[0], /idempotency-key/);
  });
});

describe('GET', () => {
  test('an order, fulfilled', async () => {
    orderApi.handlers.GetOrder = ({ id }) => ({
      order: {
        ...ORDER,
        id,
        status: 'ORDER_STATUS_FULFILLED',
        fulfilled_at: { seconds: 1_700_000_001, nanos: 0 },
      },
    });
    const response = await app.inject(`/api/orders/${ID}`);
    assert.equal(response.statusCode, 200);
    assert.equal(response.json().status, 'fulfilled');
    assert.equal(response.json().fulfilled_at, '2023-11-14T22:13:21.000Z');
  });

  test('an id that cannot be one is refused without a call', async () => {
    const response = await app.inject('/api/orders/7');
    assert.equal(response.statusCode, 400);
    assert.equal(orderApi.requests.length, 0);
  });

  test('the products', async () => {
    const response = await app.inject('/api/products');
    assert.deepEqual(response.json(), {
      products: [{ sku: 'MUG-SRE', name: 'Mug, holds 99.9 percent', price_cents: 1190 }],
    });
  });

  test('/healthz answers while order-api is away', async () => {
    orders.close();
    const response = await app.inject('/healthz');
    assert.equal(response.statusCode, 200);
    assert.deepEqual(response.json(), { status: 'ok', dependencies: { 'order-api': 'shutdown' } });
  });
});

describe('a gRPC status becomes an HTTP status', () => {
  /** @type {[code: number, http: number, error: RegExp][]} */
  const cases = [
    [status.INVALID_ARGUMENT, 400, /details/],
    [status.NOT_FOUND, 404, /details/],
    [status.ALREADY_EXISTS, 409, /details/],
    [status.RESOURCE_EXHAUSTED, 429, /details/],
    [status.UNAVAILABLE, 503, /unavailable/],
    [status.DEADLINE_EXCEEDED, 504, /in time/],
    [status.INTERNAL, 500, /^internal error$/],
    [status.UNKNOWN, 500, /^internal error$/],
  ];
  for (const [code, http, error] of cases) {
    test(`${status[code]} ${http}`, async () => {
      orderApi.handlers.CreateOrder = () => {
        throw grpcError(code, 'details');
      };
      const response = await post(VALID);
      assert.equal(response.statusCode, http);
      assert.match(response.json().error, error);
      assert.equal(response.headers['retry-after'], http === 503 ? '1' : undefined);
    });
  }

  test('a deadline that passes is 504', async () => {
    orders.close();
    orders = connect(300);
    app = create();
    orderApi.handlers.ListProducts = () => new Promise(() => {});
    const response = await app.inject('/api/products');
    assert.equal(response.statusCode, 504);
  });
});

describe('telemetry', () => {
  test('labels are few: templates for routes, unmatched for the rest', async () => {
    await app.inject(`/api/orders/${ID}`);
    await app.inject('/wp-admin.php');
    await app.inject({ method: 'TRACE', url: '/api/products' });
    const text = await metrics.text.metrics();
    assert.match(
      text,
      /request_duration_seconds_count\{http_request_method="GET",http_route="\/api\/orders\/\{id\}",http_response_status_code="200"\} 1/,
    );
    assert.match(text, /http_request_method="GET",http_route="unmatched",http_response_status_code="404"\} 1/);
    assert.doesNotMatch(text, /wp-admin|TRACE/);
    assert.match(text, /rpc_method="GetOrder",rpc_response_status_code="OK"\} 1/);
  });

  test('expected series are 0 before the first request', async () => {
    const text = await metrics.text.metrics();
    assert.match(
      text,
      /_count\{http_request_method="POST",http_route="\/api\/orders",http_response_status_code="500"\} 0/,
    );
    assert.match(text, /rpc_client_call_duration_seconds_count\{rpc_method="CreateOrder",rpc_response_status_code="UNAVAILABLE"\} 0/);
    assert.match(text, /fault_active\{kind="latency"\} 0/);
  });

  test('each request is one log line, health checks none', async () => {
    await app.inject('/healthz');
    await app.inject(`/api/orders/${ID}`);
    assert.equal(lines.length, 1);
    const { duration_ms: duration, ...rest } = lines[0] ?? {};
    assert.equal(typeof duration, 'number');
    assert.deepEqual(rest, {
      http_request_method: 'GET',
      http_route: '/api/orders/{id}',
      status: 200,
      order_id: ID,
    });
  });
});

describe('faults', () => {
  test('latency holds requests back, health checks not', async () => {
    let delayed = 0;
    faults.delayMs = () => {
      delayed += 1;
      return 120;
    };
    await app.inject('/healthz');
    assert.equal(delayed, 0);
    const started = performance.now();
    await app.inject('/api/products');
    // A timer may fire a millisecond early.
    assert.ok(performance.now() - started >= 119);
    assert.equal(delayed, 1);
  });

  test('error answers 500 without calling order-api', async () => {
    faults.set('error', { ratio: 1 }, 60);
    const response = await app.inject('/api/products');
    assert.equal(response.statusCode, 500);
    assert.equal(orderApi.requests.length, 0);
    assert.equal((await app.inject('/healthz')).statusCode, 200);
  });
});
