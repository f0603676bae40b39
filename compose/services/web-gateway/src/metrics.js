import { createServer } from 'node:http';
import { TraceFlags } from '@opentelemetry/api';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { traceIds } from './tracing/propagation.js';

/**
 * @typedef {import('./faults/state.js').FaultState} FaultState
 * @typedef {import('@opentelemetry/api').Span} Span
 */

// Close around 0.2 to 0.5 s, where the objectives of the shop lie: a quantile is only as exact
// as the bucket that it falls into is narrow.
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10];

// Every other method is counted as _OTHER, as the semantic conventions ask: whoever sends the
// requests must not be able to make series.
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export const UNMATCHED = 'unmatched';

/** @param {string} method as it was received */
export function methodLabel(method) {
  return METHODS.has(method) ? method : '_OTHER';
}

/**
 * A series that appears with its first value already at 1 has no increase that rate() could see:
 * the first error after a start would go unnoticed. So the likely ones start at 0.
 *
 * @type {[method: string, route: string, statuses: number[]][]}
 */
const EXPECTED_HTTP = [
  ['POST', '/api/orders', [201, 400, 404, 500, 503, 504]],
  ['GET', '/api/orders/{id}', [200, 404, 500, 503, 504]],
  ['GET', '/api/products', [200, 500, 503, 504]],
];
const EXPECTED_RPC_CODES = ['OK', 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL'];

export class Metrics {
  /**
   * @param {FaultState} faults
   * @param {readonly string[]} rpcMethods
   */
  constructor(faults, rpcMethods) {
    // Never served itself: a metric with exemplars has to begin in a registry of this format.
    const all = openMetricsRegistry();
    const registers = [all];
    collectDefaultMetrics({ register: all });

    this.httpDuration = new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP requests that this service answered.',
      labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
      buckets: BUCKETS,
      enableExemplars: true,
      registers,
    });
    this.rpcDuration = new Histogram({
      name: 'rpc_client_call_duration_seconds',
      help: 'Duration of gRPC calls that this service made.',
      labelNames: ['rpc_method', 'rpc_response_status_code'],
      buckets: BUCKETS,
      enableExemplars: true,
      registers,
    });
    this.rpcRetries = new Counter({
      name: 'rpc_client_retries_total',
      help: 'gRPC calls that were made again after they had failed.',
      labelNames: ['rpc_method'],
      registers,
    });
    this.spansExported = new Counter({
      name: 'otel_sdk_exporter_span_exported_total',
      help: 'Spans whose export ended: without an error_type delivered, otherwise lost.',
      labelNames: ['error_type'],
      registers,
    });
    this.spansDropped = new Counter({
      name: 'otel_sdk_processor_span_dropped_total',
      help: 'Spans that found the queue full.',
      registers,
    });
    new Gauge({
      name: 'fault_active',
      help: 'Whether an injected fault of this kind is in force.',
      labelNames: ['kind'],
      registers,
      collect() {
        for (const [kind, active] of faults.activeByKind()) this.set({ kind }, active ? 1 : 0);
      },
    });

    for (const [method, route, statuses] of EXPECTED_HTTP) {
      for (const status of statuses) {
        this.httpDuration.zero({
          http_request_method: method,
          http_route: route,
          http_response_status_code: String(status),
        });
      }
    }
    for (const method of rpcMethods) {
      for (const code of EXPECTED_RPC_CODES) {
        this.rpcDuration.zero({ rpc_method: method, rpc_response_status_code: code });
      }
      this.rpcRetries.inc({ rpc_method: method }, 0);
    }
    this.spansExported.inc({ error_type: '' }, 0);

    this.text = asText(all);
    this.openMetrics = asOpenMetrics(all);
  }

  /**
   * @param {string} method
   * @param {string} route
   * @param {number} status
   * @param {number} seconds
   * @param {Span | undefined} span
   */
  observeHttp(method, route, status, seconds, span) {
    this.httpDuration.observe({
      labels: {
        http_request_method: methodLabel(method),
        http_route: route,
        http_response_status_code: String(status),
      },
      value: seconds,
      exemplarLabels: exemplar(span),
    });
  }

  /**
   * @param {string} method
   * @param {string} code
   * @param {number} seconds
   * @param {Span | undefined} span
   */
  observeRpc(method, code, seconds, span) {
    this.rpcDuration.observe({
      labels: { rpc_method: method, rpc_response_status_code: code },
      value: seconds,
      exemplarLabels: exemplar(span),
    });
  }

  /** @param {string} method */
  countRetry(method) {
    this.rpcRetries.inc({ rpc_method: method });
  }

  /**
   * @param {number} spans
   * @param {string} errorType empty when they were delivered
   */
  countExported(spans, errorType) {
    this.spansExported.inc({ error_type: errorType }, spans);
  }

  countDropped() {
    this.spansDropped.inc();
  }
}

/**
 * The trace that a bucket shows as an example of what it counted.
 *
 * @param {Span | undefined} span
 * @returns {Record<string, string>}
 */
function exemplar(span) {
  // One that was not sampled leads nowhere.
  if (!span || !(span.spanContext().traceFlags & TraceFlags.SAMPLED)) return {};
  return traceIds(span);
}

/**
 * The format that anything reads.
 *
 * @param {Registry<any>} all
 */
function asText(all) {
  const result = new Registry();
  for (const metric of /** @type {any[]} */ (all.getMetricsAsArray())) {
    result.registerMetric(metric);
  }
  return result;
}

/**
 * The format that has room for exemplars. Its counters are copies, because prom-client cuts
 * `_total` off the names of those that it writes so, and would for the other format as well.
 *
 * @param {Registry<any>} all
 */
function asOpenMetrics(all) {
  const result = openMetricsRegistry();
  for (const metric of /** @type {any[]} */ (all.getMetricsAsArray())) {
    const written =
      metric.type === 'counter'
        ? { name: metric.name, type: metric.type, get: async () => familyOf(await metric.get()) }
        : metric;
    result.registerMetric(written);
  }
  return result;
}

function openMetricsRegistry() {
  /** @type {Registry<import('prom-client').OpenMetricsContentType>} */
  const registry = new Registry();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

/** @param {{ name: string }} counter */
function familyOf(counter) {
  return { ...counter, name: counter.name.replace(/_total$/, '') };
}

/**
 * A listener of its own: a scrape must not queue behind the requests that it measures, and
 * nginx never forwards to it.
 *
 * @param {Pick<Metrics, 'text' | 'openMetrics'>} metrics
 */
export function createMetricsServer(metrics) {
  return createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('try GET /metrics\n');
      return;
    }
    try {
      const asked = request.headers.accept?.includes('application/openmetrics-text');
      const registry = asked ? metrics.openMetrics : metrics.text;
      const body = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType }).end(body);
    } catch {
      response.writeHead(500).end();
    }
  });
}
