import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ballast } from '../src/faults/ballast.js';
import { FaultServer } from '../src/faults/server.js';
import { FaultState } from '../src/faults/state.js';

const TOKEN = 'a-token';
const state = new FaultState();
const ballast = new Ballast();
let crashes = 0;
/** @type {Record<string, unknown>[]} */
let lines = [];
const faultServer = new FaultServer({
  service: 'web-gateway',
  state,
  token: TOKEN,
  ballast,
  exit: () => {
    crashes += 1;
  },
  log: /** @type {any} */ ({
    info: (/** @type {object} */ fields, /** @type {string} */ msg) =>
      lines.push({ level: 'info', ...fields, msg }),
    warn: (/** @type {object} */ fields, /** @type {string} */ msg) =>
      lines.push({ level: 'warn', ...fields, msg }),
  }),
});
let base = '';

before(async () => {
  await new Promise((resolve) =>
    faultServer.server.listen(0, '127.0.0.1', () => resolve(undefined)),
  );
  const address = /** @type {import('node:net').AddressInfo} */ (faultServer.server.address());
  base = `http://127.0.0.1:${address.port}`;
});
after(() => faultServer.close());
beforeEach(async () => {
  await call('POST', '/faults/reset');
  lines = [];
  crashes = 0;
});

/**
 * @param {string} method
 * @param {string} path
 * @param {string} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<{ status: number, allow: string | null, json: any }>}
 */
async function call(method, path, body, headers = { authorization: `Bearer ${TOKEN}` }) {
  const response = await fetch(base + path, { method, headers, ...(body && { body }) });
  return {
    status: response.status,
    allow: response.headers.get('allow'),
    json: await response.json(),
  };
}

test('every path wants the token, the unknown ones too', async () => {
  for (const path of ['/faults', '/nowhere']) {
    assert.equal((await call('GET', path, undefined, {})).status, 401);
    for (const authorization of ['Bearer wrong', 'Bearer ', TOKEN, `Basic ${TOKEN}`]) {
      assert.equal((await call('GET', path, undefined, { authorization })).status, 401);
    }
  }
});

test('a fault is put, shown, replaced and deleted', async () => {
  const put = await call('PUT', '/faults/latency', '{"by_ms":800}');
  assert.equal(put.status, 200);
  assert.equal(put.json.service, 'web-gateway');
  assert.equal(put.json.faults[0].by_ms, 800);
  assert.deepEqual(put.json.caps, { by_ms: 10_000, ratio: 1, mib: 64, attempts: 10, ttl_s: 1800 });

  const replaced = await call('PUT', '/faults/latency', '{"by_ms":20,"ttl_s":5}');
  assert.deepEqual(replaced.json.faults.map((/** @type {any} */ fault) => fault.by_ms), [20]);
  assert.deepEqual((await call('GET', '/faults')).json.faults.length, 1);

  for (let repeat = 0; repeat < 2; repeat += 1) {
    const deleted = await call('DELETE', '/faults/latency');
    assert.equal(deleted.status, 200);
    assert.deepEqual(deleted.json.faults, []);
  }
});

test('reset clears everything', async () => {
  await call('PUT', '/faults/error', '{"ratio":0.5}');
  await call('PUT', '/faults/memory', '{"mib":1}');
  const reset = await call('POST', '/faults/reset');
  assert.equal(reset.status, 200);
  assert.deepEqual(reset.json.faults, []);
});

test('bad input is 400 with a hint and changes nothing', async () => {
  const refused = await call('PUT', '/faults/latency', '{"by_ms":10001}');
  assert.equal(refused.status, 400);
  assert.match(refused.json.error, /out of range/);
  assert.match(refused.json.hint, /at most 10000/);
  assert.equal((await call('PUT', '/faults/error', 'x'.repeat(5000))).status, 400);
  assert.deepEqual(state.list(), []);
});

test('unknown paths are 404 and wrong methods 405, both JSON', async () => {
  assert.equal((await call('PUT', '/faults/network', '{}')).status, 404);
  const wrong = await call('GET', '/faults/latency');
  assert.equal(wrong.status, 405);
  assert.equal(wrong.allow, 'PUT, DELETE');
  assert.equal((await call('GET', '/faults/crash')).status, 405);
});

test('crash answers first and dies then; reset calls it off', async () => {
  await call('POST', '/faults/crash', '{"after_ms":1000}');
  await call('POST', '/faults/reset');
  await sleep(1200);
  assert.equal(crashes, 0);

  const crash = await call('POST', '/faults/crash');
  assert.equal(crash.status, 202);
  const deadline = performance.now() + 10_000;
  while (crashes === 0) {
    assert.ok(performance.now() < deadline, 'still alive');
    await sleep(10);
  }
});

test('memory is held, and given back when its TTL has passed', async () => {
  await call('PUT', '/faults/memory', '{"mib":32,"ttl_s":2}');
  assert.equal(ballast.mib, 32);
  const deadline = performance.now() + 10_000;
  while (ballast.mib > 0) {
    assert.ok(performance.now() < deadline, 'still held');
    await sleep(50);
  }
});

test('what is injected, removed and expired is a log line each', async () => {
  await call('PUT', '/faults/latency', '{"by_ms":10,"ttl_s":60}');
  await call('DELETE', '/faults/latency');
  await call('DELETE', '/faults/latency');
  await call('PUT', '/faults/retries', '{"attempts":3,"ttl_s":0.2}');
  await call('GET', '/faults');
  const deadline = performance.now() + 10_000;
  while (lines.length < 4) {
    assert.ok(performance.now() < deadline, 'the end of the TTL was not logged');
    await sleep(20);
  }
  assert.deepEqual(lines, [
    { level: 'warn', fault_kind: 'latency', by_ms: 10, ratio: 1, ttl_s: 60, msg: 'fault injected' },
    { level: 'info', fault_kind: 'latency', msg: 'fault removed' },
    { level: 'warn', fault_kind: 'retries', attempts: 3, ttl_s: 0.2, msg: 'fault injected' },
    { level: 'info', fault_kind: 'retries', msg: 'fault expired' },
  ]);
});
