import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createServer } from 'node:net';
import { status } from '@grpc/grpc-js';
import { FaultState } from '../src/faults/state.js';
import { Metrics } from '../src/metrics.js';
import { OrdersClient, RPC_METHODS } from '../src/orders-client.js';
import { RetryPolicy } from '../src/retries.js';
import { PROTO_PATH } from '../src/settings.js';
import { FakeOrderApi, grpcError } from './fake-order-api.js';
import { Spans } from './spans.js';

const LIST = 'obsbook.orders.v1.OrderService/ListProducts';
const NOT_SENT = { attempts: 1, code: status.UNAVAILABLE, reached: false, remainingMs: 2000 };

describe('the policy', () => {
  /** @type {FaultState} */
  let faults;
  /** @type {RetryPolicy} */
  let policy;
  beforeEach(() => {
    faults = new FaultState();
    policy = new RetryPolicy(faults, () => 0.5);
  });

  test('repeats once what never reached order-api, after a while', () => {
    assert.deepEqual(policy.next(NOT_SENT), { delayMs: 100, newDeadline: false });
    assert.equal(policy.next({ ...NOT_SENT, attempts: 2 }), undefined);
  });

  test('passes on what order-api answered, and what may have been done', () => {
    assert.equal(policy.next({ ...NOT_SENT, reached: true }), undefined);
    assert.equal(policy.next({ ...NOT_SENT, code: status.DEADLINE_EXCEEDED }), undefined);
    assert.equal(policy.next({ ...NOT_SENT, code: status.INTERNAL }), undefined);
  });

  test('does not wait past the deadline', () => {
    assert.equal(policy.next({ ...NOT_SENT, remainingMs: 100 }), undefined);
  });

  test('spreads the retries', () => {
    const delays = [0, 0.999].map((chance) => {
      const one = new RetryPolicy(faults, () => chance);
      return Math.round(one.next(NOT_SENT)?.delayMs ?? 0);
    });
    assert.deepEqual(delays, [50, 150]);
  });

  test('spends at most a tenth of the calls, and a reserve', () => {
    let repeated = 0;
    for (let calls = 0; calls < 1000; calls += 1) {
      policy.called();
      if (policy.next(NOT_SENT)) repeated += 1;
    }
    assert.ok(repeated >= 100 && repeated <= 111, `${repeated} retries for 1000 calls`);
  });

  test('is careless under the fault, also about the budget, but not about callers mistakes', () => {
    faults.set('retries', { attempts: 5 }, 60);
    for (let calls = 0; calls < 100; calls += 1) {
      assert.deepEqual(policy.next({ ...NOT_SENT, attempts: 4, reached: true, remainingMs: 0 }), {
        delayMs: 0,
        newDeadline: true,
      });
    }
    assert.equal(policy.next({ ...NOT_SENT, attempts: 5 }), undefined);
    assert.equal(policy.next({ ...NOT_SENT, code: status.NOT_FOUND }), undefined);
    faults.clear('retries');
    assert.ok(policy.next(NOT_SENT), 'the fault spent the budget');
  });
});

describe('the client', () => {
  const orderApi = new FakeOrderApi();
  const original = orderApi.handlers;
  const spans = new Spans();
  /** @type {FaultState} */
  let faults;
  /** @type {Metrics} */
  let metrics;
  /** @type {OrdersClient | undefined} */
  let orders;

  before(() => orderApi.start());
  after(() => orderApi.stop());
  beforeEach(() => {
    orderApi.handlers = { ...original };
    orderApi.requests = [];
    spans.forget();
    faults = new FaultState();
    metrics = new Metrics(faults, RPC_METHODS);
  });
  afterEach(() => orders?.close());

  /** @param {string} address */
  function connect(address) {
    orders = new OrdersClient({
      address,
      protoPath: PROTO_PATH,
      deadlineMs: 10_000,
      createDeadlineMs: 10_000,
      tracer: spans.tracer,
      retries: new RetryPolicy(faults),
      metrics,
    });
    return orders;
  }

  /** Fails 70 % of the calls, evenly. */
  function fail() {
    let calls = 0;
    orderApi.handlers.ListProducts = () => {
      calls += 1;
      if ((calls * 7) % 10 < 7) throw grpcError(status.UNAVAILABLE, 'injected error');
      return { products: [] };
    };
  }

  /**
   * @param {OrdersClient} client
   * @param {number} calls
   */
  async function failures(client, calls) {
    let failed = 0;
    for (let call = 0; call < calls; call += 1) {
      await client.listProducts().catch(() => (failed += 1));
    }
    return failed;
  }

  async function retriesCounted() {
    const counter = await metrics.rpcRetries.get();
    return counter.values.reduce((sum, one) => sum + one.value, 0);
  }

  test('hands the failures of order-api on, each of them', async () => {
    fail();
    const failed = await failures(connect(orderApi.address), 100);
    assert.equal(orderApi.requests.length, 100);
    assert.equal(failed, 70);
    assert.equal(await retriesCounted(), 0);
  });

  test('makes a storm of them under the fault, until its TTL has passed', async () => {
    fail();
    faults.set('retries', { attempts: 5 }, 60);
    const client = connect(orderApi.address);
    const failed = await failures(client, 100);
    // 1 + 0.7 + 0.7² + 0.7³ + 0.7⁴ = 2.8, and 0.7⁵ = 17 % fail all the same.
    const made = orderApi.requests.length;
    assert.ok(made > 200 && made <= 350, `${made} calls for 100`);
    assert.ok(failed < 40, `${failed} of 100 failed`);
    assert.equal(await retriesCounted(), made - 100);
    assert.equal(spans.named(LIST).length, made);
    assert.ok(spans.named(LIST).some((span) => span.attributes['shop.rpc.attempt'] === 2));

    faults.set('retries', { attempts: 5 }, 0.001);
    await new Promise((resolve) => setTimeout(resolve, 10));
    orderApi.requests = [];
    await failures(client, 20);
    assert.equal(orderApi.requests.length, 20);
  });

  test('repeats an order under its key', async () => {
    faults.set('retries', { attempts: 3 }, 60);
    orderApi.handlers.CreateOrder = () => {
      throw grpcError(status.INTERNAL, 'no');
    };
    const order = { idempotency_key: 'key-1', items: [{ sku: 'A', quantity: 1 }] };
    await assert.rejects(connect(orderApi.address).createOrder(order));
    assert.deepEqual(
      orderApi.requests.map((request) => request.idempotency_key),
      ['key-1', 'key-1', 'key-1'],
    );
  });

  test('tries again when it got no connection, with a span for each attempt', async () => {
    const port = await unusedPort();
    const client = connect(`127.0.0.1:${port}`);
    await assert.rejects(client.listProducts(), { code: status.UNAVAILABLE });
    assert.equal(await retriesCounted(), 1);
    const [first, second] = spans.named(LIST);
    assert.equal(first?.attributes['shop.rpc.attempt'], undefined);
    assert.equal(second?.attributes['shop.rpc.attempt'], 2);
  });

  test('does not repeat a call that was sent when the connection broke', async () => {
    orderApi.handlers.ListProducts = () => {
      orderApi.stop();
      return new Promise(() => {});
    };
    await assert.rejects(connect(orderApi.address).listProducts());
    assert.equal(orderApi.requests.length, 1);
    assert.equal(await retriesCounted(), 0);
    await orderApi.start();
  });
});

/** @returns {Promise<number>} */
async function unusedPort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}
