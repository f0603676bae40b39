import { setTimeout as sleep } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { endClientSpan, startClientSpan } from './tracing/rpc.js';

/**
 * @typedef {{ sku: string, quantity: number, unit_price_cents: number }} OrderLine
 * @typedef {{ seconds: number, nanos: number }} Timestamp
 * @typedef {object} Order
 * @property {string} id
 * @property {string} status
 * @property {OrderLine[]} items
 * @property {number} total_cents
 * @property {string} customer
 * @property {Timestamp | null} created_at
 * @property {Timestamp | null} fulfilled_at
 * @typedef {{ sku: string, name: string, price_cents: number }} Product
 * @typedef {object} NewOrder
 * @property {string} idempotency_key
 * @property {{ sku: string, quantity: number }[]} items
 * @property {string} [customer]
 *
 * @typedef {object} Options
 * @property {string} address host:port
 * @property {string} protoPath
 * @property {number} deadlineMs
 * @property {number} createDeadlineMs
 * @property {import('@opentelemetry/api').Tracer} tracer
 * @property {Pick<import('./retries.js').RetryPolicy, 'called' | 'next'>} retries
 * @property {Pick<import('./metrics.js').Metrics, 'observeRpc' | 'countRetry'>} metrics
 *
 * @typedef {{ response: any, error: grpc.ServiceError | null, reached: boolean }} Outcome
 */

const SERVICE = 'obsbook.orders.v1.OrderService';
export const RPC_METHODS = /** @type {const} */ (['CreateOrder', 'GetOrder', 'ListProducts']);

/** @type {grpc.ChannelOptions} */
const CHANNEL_OPTIONS = {
  // Back within a second of order-api's return; the default waits for up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // A restarted container may have another address. The default asks DNS every 30 s at most.
  'grpc.dns_min_time_between_resolutions_ms': 500,
  // A peer that vanished without closing its connection is noticed by its silence, not by TCP,
  // which would go on for a quarter of an hour. Pings are sent only while calls are in flight.
  'grpc.keepalive_time_ms': 1000,
  'grpc.keepalive_timeout_ms': 2000,
  // Otherwise the subchannel of a channel that was given up is shared with its successor.
  'grpc.use_local_subchannel_pool': 1,
};

const WATCH_INTERVAL_MS = 500;
const STUCK_AFTER_MS = 1500;

/**
 * Calls order-api. Every call has a deadline, whatever is repeated within it; what may be is for
 * the retry policy to say.
 */
export class OrdersClient {
  #options;
  #Client;
  #client;
  /** @type {number | undefined} */
  #troubledSince;
  #watch;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#Client = loadClient(options.protoPath);
    this.#client = this.#connect();
    this.#watch = setInterval(() => this.#replaceStuckChannel(), WATCH_INTERVAL_MS).unref();
  }

  /**
   * @param {NewOrder} order
   * @returns {Promise<{ order: Order, replayed: boolean }>}
   */
  createOrder(order) {
    return this.#call('CreateOrder', order, this.#options.createDeadlineMs);
  }

  /**
   * @param {string} id
   * @returns {Promise<{ order: Order }>}
   */
  getOrder(id) {
    return this.#call('GetOrder', { id }, this.#options.deadlineMs, id);
  }

  /** @returns {Promise<{ products: Product[] }>} */
  listProducts() {
    return this.#call('ListProducts', {}, this.#options.deadlineMs);
  }

  /** @returns {string} the channel's state in lower case, such as `ready` */
  state() {
    const state = this.#client.getChannel().getConnectivityState(false);
    return (grpc.connectivityState[state] ?? 'unknown').toLowerCase();
  }

  close() {
    clearInterval(this.#watch);
    this.#client.close();
  }

  /**
   * @param {typeof RPC_METHODS[number]} method
   * @param {object} request
   * @param {number} timeoutMs
   * @param {string} [orderId] where it is known before the answer
   * @returns {Promise<any>}
   */
  async #call(method, request, timeoutMs, orderId) {
    const { retries, metrics } = this.#options;
    retries.called();
    let deadline = Date.now() + timeoutMs;
    for (let attempts = 1; ; attempts += 1) {
      const { response, error, reached } = await this.#attempt(
        { method, request, deadline, orderId },
        attempts,
      );
      if (!error) return response;
      const remainingMs = deadline - Date.now();
      const again = retries.next({ attempts, code: error.code, reached, remainingMs });
      if (!again) throw error;
      metrics.countRetry(method);
      if (again.delayMs > 0) await sleep(again.delayMs);
      if (again.newDeadline) deadline = Date.now() + timeoutMs;
    }
  }

  /**
   * @param {object} call
   * @param {typeof RPC_METHODS[number]} call.method
   * @param {object} call.request
   * @param {number} call.deadline
   * @param {string | undefined} call.orderId
   * @param {number} attempt
   * @returns {Promise<Outcome>}
   */
  #attempt({ method, request, deadline, orderId }, attempt) {
    const { tracer, metrics, address } = this.#options;
    const started = performance.now();
    const { span, metadata } = startClientSpan(tracer, {
      service: SERVICE,
      method,
      address,
      attempt,
      orderId,
    });
    return new Promise((resolve) => {
      const client = this.#client;
      /**
       * @param {grpc.ServiceError | null} error
       * @param {any} response
       */
      const done = (error, response) => {
        const code = grpc.status[error?.code ?? grpc.status.OK] ?? 'UNKNOWN';
        metrics.observeRpc(method, code, (performance.now() - started) / 1000, span);
        endClientSpan(span, error, response?.order?.id);
        // A call that was given no connection has the channel's target in place of a peer.
        const reached = call.getPeer() !== client.getChannel().getTarget();
        resolve({ response, error, reached });
      };
      const invoke = /** @type {Function} */ (client[method]);
      /** @type {grpc.ClientUnaryCall} */
      const call = invoke.call(client, request, metadata, { deadline }, done);
    });
  }

  #connect() {
    const credentials = grpc.credentials.createInsecure();
    const client = new this.#Client(this.#options.address, credentials, CHANNEL_OPTIONS);
    client.getChannel().getConnectivityState(true);
    return client;
  }

  /**
   * A channel whose connection attempt got no answer, because the address belongs to nobody any
   * more, waits for the kernel to give up: minutes in the worst case, while order-api may long
   * be back elsewhere. A new channel begins with a new look at DNS.
   */
  #replaceStuckChannel() {
    const state = this.#client.getChannel().getConnectivityState(true);
    if (state === grpc.connectivityState.READY) {
      this.#troubledSince = undefined;
      return;
    }
    this.#troubledSince ??= performance.now();
    if (performance.now() - this.#troubledSince < STUCK_AFTER_MS) return;
    this.#troubledSince = undefined;
    const stuck = this.#client;
    this.#client = this.#connect();
    stuck.close();
  }
}

/** @param {string} protoPath */
function loadClient(protoPath) {
  const definition = loadSync(protoPath, {
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
  });
  const Client = definition[SERVICE];
  if (!Client) throw new Error(`${protoPath} does not define ${SERVICE}`);
  return grpc.makeGenericClientConstructor(
    /** @type {grpc.ServiceDefinition} */ (Client),
    'OrderService',
  );
}
