// A copy of compose/services/web-gateway/src/app.js for the lab `labels-are-not-free`, with one line changed: the one below
// the word CHANGED. When the original changes, copy it anew.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify from 'fastify';
import { UNMATCHED } from './metrics.js';
import { toProblem } from './problems.js';
import { createOrderSchema, getOrderSchema } from './schemas.js';
import { endServerSpan, spanOf, startServerSpan, withSpanOf } from './tracing/http.js';

/**
 * @typedef {import('fastify').FastifyRequest} FastifyRequest
 * @typedef {import('fastify').FastifyReply} FastifyReply
 * @typedef {import('./orders-client.js').Order} Order
 * @typedef {import('./orders-client.js').NewOrder} NewOrder
 * @typedef {import('./orders-client.js').Timestamp} Timestamp
 *
 * @typedef {object} Parts
 * @property {Pick<import('./orders-client.js').OrdersClient,
 *   'createOrder' | 'getOrder' | 'listProducts' | 'state'>} orders
 * @property {Pick<import('./faults/state.js').FaultState, 'delayMs' | 'fails'>} faults
 * @property {Pick<import('./metrics.js').Metrics, 'observeHttp'>} metrics
 * @property {import('./log.js').Log} log
 * @property {import('@opentelemetry/api').Tracer} tracer
 */

const BODY_LIMIT = 16 * 1024;
// Longer than the 60 s that nginx keeps an idle upstream connection: the side that sends must be
// the one that closes, or a request meets a connection that is being closed.
const KEEP_ALIVE_MS = 75_000;
const HEALTH_ROUTE = '/healthz';

class InjectedError extends Error {}

/** @param {Parts} parts */
export function createApp({ orders, faults, metrics, log, tracer }) {
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    keepAliveTimeout: KEEP_ALIVE_MS,
    exposeHeadRoutes: false,
    // Fastify's defaults would turn "2" into 2 and drop unknown keys in silence.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } },
  });

  app.addHook('onRequest', (request, reply, done) => {
    const route = routeOf(request);
    if (route !== HEALTH_ROUTE) startServerSpan(request, tracer, route);
    // Comes after onResponse, and in its place when the connection breaks: the calls that were
    // made for the request must not be left without their parent.
    reply.raw.once('close', () => endServerSpan(request));
    done();
  });
  // Only here, since reading the body, which is over now, would have lost the active span.
  app.addHook('preValidation', (request, _reply, done) => withSpanOf(request, done));
  app.addHook('onResponse', (request, reply, done) => {
    withSpanOf(request, () => record(request, reply, metrics, log));
    endServerSpan(request, reply.statusCode);
    done();
  });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `there is no ${request.method} ${request.url}` }),
  );

  app.get('/healthz', { config: { route: HEALTH_ROUTE } }, () => ({
    status: 'ok',
    // Shown, not judged: restarting the gateway would not bring order-api back.
    dependencies: { 'order-api': orders.state() },
  }));

  app.register((api, _options, done) => {
    api.addHook('preHandler', async () => {
      const delayMs = faults.delayMs();
      if (delayMs > 0) await sleep(delayMs);
      if (faults.fails()) throw new InjectedError('injected error');
    });

    api.post(
      '/api/orders',
      { schema: createOrderSchema, config: { route: '/api/orders' } },
      async (request, reply) => {
        const body = /** @type {Omit<NewOrder, 'idempotency_key'>} */ (request.body);
        const key = request.headers['idempotency-key'];
        const { order, replayed } = await orders.createOrder({
          ...body,
          idempotency_key: typeof key === 'string' ? key : randomUUID(),
        });
        rememberOrder(request, reply, order.id);
        if (replayed) reply.header('idempotency-replayed', 'true');
        reply.header('location', `/api/orders/${order.id}`);
        return reply.code(201).send(toJson(order));
      },
    );

    api.get(
      '/api/orders/:id',
      { schema: getOrderSchema, config: { route: '/api/orders/{id}' } },
      async (request, reply) => {
        const { id } = /** @type {{ id: string }} */ (request.params);
        rememberOrder(request, reply, id);
        const { order } = await orders.getOrder(id);
        return toJson(order);
      },
    );

    api.get('/api/products', { config: { route: '/api/products' } }, async () => {
      const { products } = await orders.listProducts();
      return { products };
    });
    done();
  });

  return app;
}

/**
 * @param {unknown} error
 * @param {FastifyRequest} request
 * @param {FastifyReply} reply
 */
function sendProblem(error, request, reply) {
  const { status, retryAfterSeconds, ...body } = toProblem(error);
  if (status >= 500) {
    remember(reply, { error: error instanceof Error ? error.message : error });
    spanOf(request)?.recordException(error instanceof Error ? error : String(error));
  }
  if (retryAfterSeconds) reply.header('retry-after', retryAfterSeconds);
  return reply.code(status).send(body);
}

/** @type {WeakMap<FastifyReply, Record<string, unknown>>} */
const logFields = new WeakMap();

/**
 * Keeps fields for the one log line that each request gets once it is answered.
 *
 * @param {FastifyReply} reply
 * @param {Record<string, unknown>} fields
 */
function remember(reply, fields) {
  logFields.set(reply, { ...logFields.get(reply), ...fields });
}

/**
 * @param {FastifyRequest} request
 * @param {FastifyReply} reply
 * @param {string} id
 */
function rememberOrder(request, reply, id) {
  remember(reply, { order_id: id });
  spanOf(request)?.setAttribute('shop.order.id', id);
}

/** @param {FastifyRequest} request */
function routeOf(request) {
  return /** @type {{ route?: string }} */ (request.routeOptions.config).route;
}

/**
 * @param {FastifyRequest} request
 * @param {FastifyReply} reply
 * @param {Parts['metrics']} metrics
 * @param {Parts['log']} log
 */
function record(request, reply, metrics, log) {
  // CHANGED: the path as it was asked for, in place of the route that it belongs to.
  const route = request.url;
  const status = reply.statusCode;
  const span = spanOf(request);
  metrics.observeHttp(request.method, route, status, reply.elapsedTime / 1000, span);
  if (route === HEALTH_ROUTE) return;
  const level = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info';
  log[level](
    {
      http_request_method: request.method,
      http_route: route,
      status,
      duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      ...logFields.get(reply),
    },
    'request served',
  );
}

/** @param {Order} order */
function toJson(order) {
  return {
    id: order.id,
    status: order.status.replace('ORDER_STATUS_', '').toLowerCase(),
    items: order.items,
    total_cents: order.total_cents,
    ...(order.customer && { customer: order.customer }),
    created_at: toRfc3339(order.created_at),
    ...(order.fulfilled_at && { fulfilled_at: toRfc3339(order.fulfilled_at) }),
  };
}

/** @param {Timestamp | null} timestamp */
function toRfc3339(timestamp) {
  if (!timestamp) return null;
  return new Date(timestamp.seconds * 1000 + timestamp.nanos / 1e6).toISOString();
}
