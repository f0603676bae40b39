import { createServer } from 'node:http';
import { Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** @typedef {import('./faults/state.js').FaultState} FaultState */

// Close around 0.2 to 0.5 s, where the objectives of the shop lie: a quantile is only as exact
// as the bucket that it falls into is narrow.
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10];

// Every other method is counted as _OTHER, as the semantic conventions ask: whoever sends the
// requests must not be able to make series.
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export const UNMATCHED = 'unmatched';

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
    this.registry = new Registry();
    collectDefaultMetrics({ register: this.registry });

    this.httpDuration = new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP requests that this service answered.',
      labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
      buckets: BUCKETS,
      registers: [this.registry],
    });
    this.rpcDuration = new Histogram({
      name: 'rpc_client_call_duration_seconds',
      help: 'Duration of gRPC calls that this service made.',
      labelNames: ['rpc_method', 'rpc_response_status_code'],
      buckets: BUCKETS,
      registers: [this.registry],
    });
    new Gauge({
      name: 'fault_active',
      help: 'Whether an injected fault of this kind is in force.',
      labelNames: ['kind'],
      registers: [this.registry],
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
    }
  }

  /**
   * @param {string} method
   * @param {string} route
   * @param {number} status
   * @param {number} seconds
   */
  observeHttp(method, route, status, seconds) {
    this.httpDuration.observe(
      {
        http_request_method: METHODS.has(method) ? method : '_OTHER',
        http_route: route,
        http_response_status_code: String(status),
      },
      seconds,
    );
  }

  /**
   * @param {string} method
   * @param {string} code
   * @param {number} seconds
   */
  observeRpc(method, code, seconds) {
    this.rpcDuration.observe({ rpc_method: method, rpc_response_status_code: code }, seconds);
  }
}

/**
 * A listener of its own: a scrape must not queue behind the requests that it measures, and
 * nginx never forwards to it.
 *
 * @param {Registry} registry
 */
export function createMetricsServer(registry) {
  return createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('try GET /metrics\n');
      return;
    }
    try {
      const body = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType }).end(body);
    } catch {
      response.writeHead(500).end();
    }
  });
}
