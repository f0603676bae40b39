import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import { FaultState } from '../src/faults/state.js';
import { createLog } from '../src/log.js';
import { Metrics, createMetricsServer } from '../src/metrics.js';
import { RPC_METHODS } from '../src/orders-client.js';
import { QUEUE_SIZE } from '../src/tracing/queue.js';
import { startTracing } from '../src/tracing/tracing.js';

/** @type {Metrics} */
let metrics;
/** @type {string[]} */
let messages;
/** @type {(() => unknown)[]} */
let cleanups;
/** @type {any[]} */
let lines;
const log = createLog('info', {
  write: (text) => {
    const line = JSON.parse(text);
    lines.push(line);
    messages.push(line.msg);
  },
});

beforeEach(() => {
  metrics = new Metrics(new FaultState(), RPC_METHODS);
  messages = [];
  lines = [];
  cleanups = [];
});
afterEach(async () => {
  for (const cleanup of cleanups) await cleanup();
});

/**
 * A collector over HTTP that answers as told.
 *
 * @param {number} [port]
 */
async function startCollector(port = 0) {
  const collector = {
    port,
    /** @type {Buffer[]} */
    bodies: [],
    /** @type {(string | undefined)[]} */
    urls: [],
    status: 200,
    silent: false,
    stop: () => {},
  };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    collector.bodies.push(Buffer.concat(chunks));
    collector.urls.push(request.url);
    if (!collector.silent) response.writeHead(collector.status).end();
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)));
  collector.port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  collector.stop = () => {
    server.close();
    server.closeAllConnections();
  };
  cleanups.push(collector.stop);
  return collector;
}

/** @param {number} port */
function start(port) {
  const tracing = startTracing({ endpoint: `http://127.0.0.1:${port}`, metrics, log });
  cleanups.push(() => tracing.stop());
  return tracing;
}

/** @param {() => boolean | Promise<boolean>} condition */
async function until(condition) {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'not in time');
    await sleep(20);
  }
}

/** @param {string} errorType */
async function exported(errorType) {
  const { values } = await metrics.spansExported.get();
  return values.find((one) => one.labels.error_type === errorType)?.value ?? 0;
}

async function dropped() {
  return (await metrics.spansDropped.get()).values[0]?.value ?? 0;
}

test('spans are sent in the background, and the resource says whose they are', async () => {
  const collector = await startCollector();
  start(collector.port).tracer.startSpan('a span').end();
  await until(async () => (await exported('')) === 1);
  assert.deepEqual(collector.urls, ['/v1/traces']);
  const body = collector.bodies[0]?.toString('latin1') ?? '';
  for (const text of ['a span', 'web-gateway', 'service.namespace', 'shop', 'service.version', 'sandbox']) {
    assert.ok(body.includes(text), `${text} is missing`);
  }
  assert.deepEqual(messages, ['trace export works']);
});

test('stopping sends what waits', async () => {
  const collector = await startCollector();
  const tracing = start(collector.port);
  tracing.tracer.startSpan('the last one').end();
  await tracing.stop();
  assert.equal(await exported(''), 1);
});

test('stopping does not wait long for a collector that is silent', async () => {
  const collector = await startCollector();
  collector.silent = true;
  const tracing = start(collector.port);
  tracing.tracer.startSpan('lost').end();
  const started = performance.now();
  await tracing.stop();
  // 2 s, and what a busy machine adds.
  assert.ok(performance.now() - started < 4000);
});

test('the log tells of changes, not of batches', async () => {
  const collector = await startCollector();
  const { tracer } = start(collector.port);
  collector.status = 400;
  for (let batch = 1; batch <= 3; batch += 1) {
    tracer.startSpan('refused').end();
    await until(async () => (await exported('400')) === batch);
  }
  assert.deepEqual(messages, ['trace export failing']);
  collector.status = 200;
  tracer.startSpan('taken').end();
  await until(async () => (await exported('')) === 1);
  assert.deepEqual(messages, ['trace export failing', 'trace export works']);
});

test('where no collector listens, spans are given up and counted', async () => {
  const collector = await startCollector();
  collector.stop();
  const span = start(collector.port).tracer.startSpan('lost');
  context.with(trace.setSpan(context.active(), span), () => span.end());
  await until(async () => (await exported('ECONNREFUSED')) === 1);
  assert.deepEqual(messages, ['trace export failing']);
  assert.equal(lines[0].level, 'warn');
  assert.equal(lines[0].trace_id, undefined);
});

test('while a collector is silent, the queue is bounded and nobody waits', async () => {
  const collector = await startCollector();
  collector.silent = true;
  const tracing = start(collector.port);
  const many = 10 * QUEUE_SIZE;
  let longest = 0;
  for (let index = 0; index < many; index += 1) {
    const started = performance.now();
    tracing.tracer.startSpan('one of many').end();
    longest = Math.max(longest, performance.now() - started);
    // Lets the exports begin, as between two requests.
    if (index % 1000 === 0) await sleep(0);
  }
  // Far below the 2 s that an export may take; a busy machine may stop the process for a while.
  assert.ok(longest < 1000, `one took ${longest} ms`);
  // All but a full queue and the batches that were taken from it on the way.
  assert.ok((await dropped()) >= many - 2 * QUEUE_SIZE, `only ${await dropped()} dropped`);
});

test('the metrics listener answers in the format that it is asked for', async () => {
  const server = createMetricsServer(metrics);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  cleanups.push(() => server.close());
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const get = (/** @type {string} */ accept) =>
    fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } });
  // What Prometheus 3 sends.
  const open = await get('application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3,*/*;q=0.2');
  assert.match(open.headers.get('content-type') ?? '', /^application\/openmetrics-text/);
  assert.match(await open.text(), /# EOF\n$/);
  const text = await get('*/*');
  assert.match(text.headers.get('content-type') ?? '', /^text\/plain/);
  assert.match(await text.text(), /^otel_sdk_exporter_span_exported_total\{error_type=""\} 0$/m);
});
