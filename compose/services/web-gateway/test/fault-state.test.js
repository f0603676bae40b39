import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Ballast } from '../src/faults/ballast.js';
import { CAPS, FaultRequestError, parseFaultRequest } from '../src/faults/request.js';
import { FaultState } from '../src/faults/state.js';

let now = 0;
let chance = 0;
/** @type {FaultState} */
let state;

beforeEach(() => {
  now = 1000;
  chance = 0;
  state = new FaultState(() => now, () => chance);
});

describe('the state of the faults', () => {
  test('a fault ends with its TTL, to the millisecond', () => {
    state.set('latency', { by_ms: 800, ratio: 1 }, 60);
    now += 59_999;
    assert.equal(state.delayMs(), 800);
    assert.equal(state.list().length, 1);
    now += 1;
    assert.equal(state.delayMs(), 0);
    assert.deepEqual(state.list(), []);
    assert.deepEqual(state.activeByKind(), [
      ['latency', false],
      ['error', false],
      ['memory', false],
      ['retries', false],
    ]);
  });

  test('is listed with what remains of it', () => {
    state.set('latency', { by_ms: 800, ratio: 0.5 }, 60);
    now += 18_760;
    assert.deepEqual(state.list(), [
      { kind: 'latency', by_ms: 800, ratio: 0.5, ttl_s: 60, remaining_s: 41.2 },
    ]);
  });

  test('the last of a kind wins, with a TTL of its own', () => {
    state.set('error', { ratio: 1 }, 10);
    now += 9000;
    state.set('error', { ratio: 0.1 }, 10);
    now += 9000;
    chance = 0.05;
    assert.equal(state.fails(), true);
    chance = 0.1;
    assert.equal(state.fails(), false);
  });

  test('the ratio decides about each unit of work', () => {
    state.set('latency', { by_ms: 100, ratio: 0.25 }, 60);
    chance = 0.249;
    assert.equal(state.delayMs(), 100);
    chance = 0.25;
    assert.equal(state.delayMs(), 0);
  });

  test('retries are careless until the TTL has passed', () => {
    assert.equal(state.carelessAttempts(), 0);
    state.set('retries', { attempts: 5 }, 10);
    assert.equal(state.carelessAttempts(), 5);
    now += 10_000;
    assert.equal(state.carelessAttempts(), 0);
  });

  test('clearing is idempotent and leaves the others alone', () => {
    state.set('error', { ratio: 1 }, 60);
    state.set('memory', { mib: 8 }, 60);
    state.clear('error');
    state.clear('error');
    assert.equal(state.fails(), false);
    assert.equal(state.memoryMib(), 8);
    state.reset();
    state.reset();
    assert.equal(state.memoryMib(), 0);
  });
});

describe('a fault request', () => {
  /** @type {[kind: Parameters<typeof parseFaultRequest>[0], body: string, expected: object][]} */
  const good = [
    ['latency', '{"by_ms":800}', { by_ms: 800, ratio: 1, ttl_s: 60 }],
    ['latency', '{"by_ms":10000,"ratio":0.5,"ttl_s":1800}', { by_ms: 10000, ratio: 0.5, ttl_s: 1800 }],
    ['error', '', { ratio: 1, ttl_s: 60 }],
    ['memory', '{"mib":64,"ttl_s":1.5}', { mib: 64, ttl_s: 1.5 }],
    ['retries', '{"attempts":10}', { attempts: 10, ttl_s: 60 }],
    ['crash', '', { after_ms: 0 }],
  ];
  for (const [kind, body, expected] of good) {
    test(`${kind} ${body || '(empty)'} is accepted`, () => {
      assert.deepEqual(parseFaultRequest(kind, body), expected);
    });
  }

  /** @type {[kind: Parameters<typeof parseFaultRequest>[0], body: string, error: RegExp][]} */
  const bad = [
    ['latency', '', /by_ms is missing/],
    ['latency', '{"by_ms":0}', /by_ms is out of range/],
    ['latency', '{"by_ms":-1}', /by_ms is out of range/],
    ['latency', '{"by_ms":10001}', /by_ms is out of range/],
    ['latency', '{"by_ms":1.5}', /by_ms has the wrong type/],
    ['latency', '{"by_ms":"800"}', /by_ms has the wrong type/],
    ['latency', '{"by_ms":800,"ratio":0}', /ratio is out of range/],
    ['latency', '{"by_ms":800,"ratio":1.01}', /ratio is out of range/],
    ['latency', '{"by_ms":800,"ttl_s":1801}', /ttl_s is out of range/],
    ['latency', '{"by_ms":800,"ttl_s":null}', /ttl_s has the wrong type/],
    ['latency', '{"by_ms":800,"ttl":60}', /unknown key "ttl"/],
    ['latency', '{"by_ms":800,"toString":1}', /unknown key "toString"/],
    ['error', '{"by_ms":800}', /unknown key "by_ms"/],
    ['error', '[]', /not an object/],
    ['error', 'null', /not an object/],
    ['error', '{', /not JSON/],
    ['memory', '{"mib":65}', /mib is out of range/],
    ['retries', '', /attempts is missing/],
    ['retries', '{"attempts":0}', /attempts is out of range/],
    ['retries', '{"attempts":11}', /attempts is out of range/],
    ['retries', '{"attempts":2.5}', /attempts has the wrong type/],
    ['crash', '{"after_ms":-1}', /after_ms is out of range/],
  ];
  for (const [kind, body, error] of bad) {
    test(`${kind} ${body || '(empty)'} is refused with a hint`, () => {
      assert.throws(
        () => parseFaultRequest(kind, body),
        (thrown) =>
          thrown instanceof FaultRequestError && error.test(thrown.message) && thrown.hint !== '',
      );
    });
  }

  test('the caps are those of the contract', () => {
    assert.deepEqual(CAPS, { by_ms: 10_000, ratio: 1, mib: 64, attempts: 10, ttl_s: 1800 });
  });
});

test('the ballast is resident while held and given back at once', () => {
  const ballast = new Ballast();
  const before = process.memoryUsage.rss();
  ballast.hold(64);
  const held = process.memoryUsage.rss();
  ballast.hold(0);
  const released = process.memoryUsage.rss();
  const mib = 1024 * 1024;
  assert.ok(held - before > 48 * mib, `grew by ${(held - before) / mib} MiB`);
  assert.ok(held - released > 48 * mib, `shrank by ${(held - released) / mib} MiB`);
});
