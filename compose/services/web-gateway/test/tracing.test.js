import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { connect } from 'node:net';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { status } from '@grpc/grpc-js';
import { createApp } from '../src/app.js';
import { FaultState } from '../src/faults/state.js';
import { createLog } from '../src/log.js';
import { Metrics } from '../src/metrics.js';
import { OrdersClient, RPC_METHODS } from '../src/orders-client.js';
import { RetryPolicy } from '../src/retries.js';
import { PROTO_PATH } from '../src/settings.js';
import { FakeOrderApi, ORDER, grpcError } from './fake-order-api.js';
import { Spans } from './spans.js';

const CREATE = 'obsbook.orders.v1.OrderService/CreateOrder';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER_SPAN_ID = 'b7ad6b7169203331';

const orderApi = new FakeOrderApi();
const original = orderApi.handlers;
const spans = new Spans();
/** @type {any[]} */
let lines;
/** @type {FaultState} */
let faults;
/** @type {Metrics} */
let metrics;
/** @type {OrdersClient} */
let orders;
/** @type {ReturnType<typeof createApp>} */
let app;

before(() => orderApi.start());
after(() => orderApi.stop());

beforeEach(() => {
  orderApi.handlers = { ...original };
  orderApi.requests = [];
  orderApi.metadata = [];
  spans.forget();
  lines = [];
  faults = new FaultState();
  metrics = new Metrics(faults, RPC_METHODS);
  const { tracer } = spans;
  orders = new OrdersClient({
    address: orderApi.address,
    protoPath: PROTO_PATH,
    deadlineMs: 10_000,
    createDeadlineMs: 10_000,
    tracer,
    retries: new RetryPolicy(faults),
    metrics,
  });
  const log = createLog('info', { write: (line) => lines.push(JSON.parse(line)) });
  app = createApp({ orders, faults, metrics, log, tracer });
});

afterEach(async () => {
  await app.close();
  orders.close();
});

/** @param {Record<string, string>} [headers] */
function post(headers = {}) {
  return app.inject({
    method: 'POST',
    url: '/api/orders?debug=1',
    headers: { 'content-type': 'application/json', 'user-agent': 'a-customer', ...headers },
    payload: JSON.stringify({ items: [{ sku: 'MUG-SRE', quantity: 2 }] }),
  });
}

/** @param {string} name */
function only(name) {
  const [span, ...others] = spans.named(name);
  assert.ok(span, `no span ${name} among ${spans.finished.map((one) => one.name)}`);
  assert.equal(others.length, 0);
  return span;
}

describe('an order', () => {
  test('is a server span and, below it, a client span', async () => {
    await post();
    const server = only('POST /api/orders');
    const client = only(CREATE);
    assert.equal(server.kind, SpanKind.SERVER);
    assert.equal(server.parentSpanContext, undefined);
    assert.deepEqual(server.attributes, {
      'http.request.method': 'POST',
      'http.route': '/api/orders',
      'url.path': '/api/orders',
      'url.scheme': 'http',
      'user_agent.original': 'a-customer',
      'shop.order.id': ORDER.id,
      'http.response.status_code': 201,
    });
    assert.equal(server.status.code, SpanStatusCode.UNSET);
    assert.equal(client.kind, SpanKind.CLIENT);
    assert.equal(client.parentSpanContext?.spanId, server.spanContext().spanId);
    assert.deepEqual(client.attributes, {
      'rpc.system.name': 'grpc',
      'rpc.method': CREATE,
      'server.address': '127.0.0.1',
      'server.port': orderApi.port,
      'rpc.response.status_code': 'OK',
      'shop.order.id': ORDER.id,
    });
  });

  test('carries its context to order-api', async () => {
    await post({ baggage: 'tier=gold' });
    const { traceId, spanId } = only(CREATE).spanContext();
    assert.deepEqual(orderApi.metadata[0]?.get('traceparent'), [`00-${traceId}-${spanId}-01`]);
    assert.deepEqual(orderApi.metadata[0]?.get('baggage'), ['tier=gold']);
  });

  test("continues its caller's trace", async () => {
    await post({ traceparent: `00-${TRACE_ID}-${CALLER_SPAN_ID}-01` });
    const server = only('POST /api/orders');
    assert.equal(server.spanContext().traceId, TRACE_ID);
    assert.equal(server.parentSpanContext?.spanId, CALLER_SPAN_ID);
    assert.equal(only(CREATE).spanContext().traceId, TRACE_ID);
  });

  test('that its caller does not sample leaves no span, yet its ids in the log', async () => {
    await post({ traceparent: `00-${TRACE_ID}-${CALLER_SPAN_ID}-00` });
    assert.equal(spans.finished.length, 0);
    assert.equal(lines[0].trace_id, TRACE_ID);
    assert.match(String(orderApi.metadata[0]?.get('traceparent')), new RegExp(`^00-${TRACE_ID}-.*-00$`));
    assert.doesNotMatch(await metrics.openMetrics.metrics(), /trace_id/);
  });

  test('with a traceparent that is none begins a trace', async () => {
    await post({ traceparent: 'nonsense' });
    assert.equal(only('POST /api/orders').parentSpanContext, undefined);
  });
});

describe('the status of a span', () => {
  test('is an error, with the exception, where the shop failed', async () => {
    orderApi.handlers.CreateOrder = () => {
      throw grpcError(status.INTERNAL, 'out of mugs');
    };
    await post();
    const server = only('POST /api/orders');
    assert.equal(server.status.code, SpanStatusCode.ERROR);
    assert.equal(server.attributes['error.type'], '500');
    assert.deepEqual(server.events.map((event) => event.name), ['exception']);
    const client = only(CREATE);
    assert.deepEqual(client.status, { code: SpanStatusCode.ERROR, message: 'out of mugs' });
    assert.equal(client.attributes['error.type'], 'INTERNAL');
  });

  test('is none where the caller was mistaken', async () => {
    orderApi.handlers.CreateOrder = () => {
      throw grpcError(status.NOT_FOUND, 'no such sku');
    };
    await post();
    assert.equal(only('POST /api/orders').status.code, SpanStatusCode.UNSET);
    assert.equal(only(CREATE).status.code, SpanStatusCode.UNSET);
    assert.equal(only(CREATE).attributes['rpc.response.status_code'], 'NOT_FOUND');
  });

  test('covers what never reached a handler', async () => {
    await app.inject({
      method: 'POST',
      url: '/api/orders',
      headers: { 'content-type': 'application/json' },
      payload: '{',
    });
    assert.equal(only('POST /api/orders').attributes['http.response.status_code'], 400);
    faults.set('error', { ratio: 1 }, 60);
    await app.inject('/api/products');
    assert.equal(only('GET /api/products').status.code, SpanStatusCode.ERROR);
  });
});

describe('the names', () => {
  test('hold templates, and nothing that a caller made up', async () => {
    await app.inject(`/api/orders/${ORDER.id}`);
    assert.equal(only('GET /api/orders/{id}').attributes['shop.order.id'], ORDER.id);
    await app.inject('/wp-admin.php');
    assert.equal(only('GET').attributes['url.path'], '/wp-admin.php');
    await app.inject({ method: 'TRACE', url: '/api/products' });
    assert.equal(only('HTTP').attributes['http.request.method'], '_OTHER');
  });

  test('a long path is cut', async () => {
    await app.inject(`/${'x'.repeat(5000)}`);
    assert.equal(String(only('GET').attributes['url.path']).length, 1024);
  });

  test('health checks have no span', async () => {
    await app.inject('/healthz');
    assert.equal(spans.finished.length, 0);
  });
});

test('a log line has the ids of its request, and numbers have no gap', async () => {
  await Promise.all([post(), post(), app.inject('/healthz'), app.inject('/nowhere')]);
  assert.deepEqual(lines.map((line) => line.seq), [1, 2, 3]);
  for (const line of lines) {
    const span = spans.finished.find((one) => one.spanContext().spanId === line.span_id);
    assert.equal(span?.spanContext().traceId, line.trace_id);
    assert.equal(span?.kind, SpanKind.SERVER);
    assert.equal(line.msg, 'request served');
    assert.equal(line.service, 'web-gateway');
    assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
});

test('a line outside of a request has no ids, one below the level has no number', () => {
  const log = createLog('info', { write: (line) => lines.push(JSON.parse(line)) });
  log.debug('not written');
  log.info('written');
  log.info('written');
  assert.deepEqual(lines.map(({ seq, trace_id: id }) => [seq, id]), [[1, undefined], [2, undefined]]);
});

test('the histograms lead to the traces, in OpenMetrics only', async () => {
  await post();
  const open = await metrics.openMetrics.metrics();
  const server = only('POST /api/orders').spanContext();
  const client = only(CREATE).spanContext();
  const ids = (/** @type {{ traceId: string, spanId: string }} */ { traceId, spanId }) =>
    `# {trace_id="${traceId}",span_id="${spanId}"}`;
  const withExemplar = open.split('\n').filter((line) => line.includes('# {'));
  assert.equal(withExemplar.length, 2);
  assert.ok(withExemplar.some((line) => line.startsWith('http_server_') && line.includes(ids(server))));
  assert.ok(withExemplar.some((line) => line.startsWith('rpc_client_') && line.includes(ids(client))));
  assert.ok(open.endsWith('# EOF\n'));

  // In either order: a scrape of one format must not change the other.
  const text = await metrics.text.metrics();
  assert.doesNotMatch(text, /# \{|# EOF/);
  for (const name of ['process_cpu_seconds_total', 'rpc_client_retries_total']) {
    for (const exposition of [text, open, await metrics.openMetrics.metrics()]) {
      assert.match(exposition, new RegExp(`^${name}[{ ]`, 'm'));
    }
  }
});

test('a caller that goes away still leaves a whole trace', async () => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = /** @type {import('node:net').AddressInfo} */ (app.server.address());
  /** @type {(value: unknown) => void} */
  let answer = () => {};
  const called = new Promise((resolve) => {
    orderApi.handlers.ListProducts = () => {
      resolve(undefined);
      return new Promise((reply) => (answer = reply));
    };
  });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /api/products HTTP/1.1\r\nHost: x\r\n\r\n');
  await called;
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  answer({ products: [] });
  const deadline = performance.now() + 10_000;
  while (spans.finished.length < 2) {
    assert.ok(performance.now() < deadline, 'the server span has not ended');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});
