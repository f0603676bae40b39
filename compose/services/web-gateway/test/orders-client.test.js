import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { FaultState } from '../src/faults/state.js';
import { Metrics } from '../src/metrics.js';
import { OrdersClient, RPC_METHODS } from '../src/orders-client.js';
import { RetryPolicy } from '../src/retries.js';
import { PROTO_PATH } from '../src/settings.js';
import { FakeOrderApi } from './fake-order-api.js';
import { Spans } from './spans.js';

/** @type {(() => void)[]} */
const cleanups = [];
after(() => cleanups.forEach((cleanup) => cleanup()));

/** @param {string} address */
function client(address) {
  const faults = new FaultState();
  const orders = new OrdersClient({
    address,
    protoPath: PROTO_PATH,
    deadlineMs: 1000,
    createDeadlineMs: 1000,
    tracer: new Spans().tracer,
    retries: new RetryPolicy(faults),
    metrics: new Metrics(faults, RPC_METHODS),
  });
  cleanups.push(() => orders.close());
  return orders;
}

/** @param {Promise<unknown>} call */
async function code(call) {
  try {
    await call;
    return 'OK';
  } catch (error) {
    return status[/** @type {any} */ (error).code];
  }
}

/**
 * The bound is generous, as the machine may be busy.
 *
 * @param {OrdersClient} orders
 * @param {string} wanted
 */
async function answers(orders, wanted) {
  const started = performance.now();
  while ((await code(orders.listProducts())) !== wanted) {
    assert.ok(performance.now() - started < 10_000, `not ${wanted} in time`);
    await sleep(50);
  }
}

test('an order-api that is not there is UNAVAILABLE, and used again once it is back', async () => {
  const orderApi = new FakeOrderApi();
  await orderApi.start();
  cleanups.push(() => orderApi.stop());
  const orders = client(orderApi.address);
  await answers(orders, 'OK');

  orderApi.stop();
  await answers(orders, 'UNAVAILABLE');
  await sleep(2500);

  await orderApi.start();
  await answers(orders, 'OK');
});

test('a peer that accepts and says nothing runs into the deadline, not into a hang', async () => {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  const silent = createServer((socket) => sockets.add(socket));
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (silent.address());
  const orders = client(`127.0.0.1:${port}`);
  assert.equal(await code(orders.listProducts()), 'DEADLINE_EXCEEDED');

  // Something that answers takes its place, but the old connection stays open: gRPC would go on
  // waiting for a word on it.
  silent.close();
  cleanups.push(() => sockets.forEach((socket) => socket.destroy()));
  const orderApi = new FakeOrderApi();
  orderApi.port = port;
  await orderApi.start();
  cleanups.push(() => orderApi.stop());
  await answers(orders, 'OK');
});
