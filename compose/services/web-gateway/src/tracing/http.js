import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  context,
  defaultTextMapGetter,
  trace,
} from '@opentelemetry/api';
import { methodLabel } from '../metrics.js';
import { propagator } from './propagation.js';

/**
 * @typedef {import('fastify').FastifyRequest} FastifyRequest
 * @typedef {import('@opentelemetry/api').Context} Context
 * @typedef {import('@opentelemetry/api').Tracer} Tracer
 */

/** @type {WeakMap<FastifyRequest, Context>} */
const contexts = new WeakMap();

/** @param {FastifyRequest} request */
export function contextOf(request) {
  return contexts.get(request) ?? ROOT_CONTEXT;
}

/**
 * @param {FastifyRequest} request
 * @returns {import('@opentelemetry/api').Span | undefined}
 */
export function spanOf(request) {
  return trace.getSpan(contextOf(request));
}

/**
 * A server span for each request that has come this far, as a child of its caller's if that sent
 * a `traceparent`.
 *
 * Made here rather than by auto-instrumentation: that would have to be loaded before everything
 * else and patch `node:http`, where no request has a route yet, to give the same span.
 *
 * @param {FastifyRequest} request
 * @param {Tracer} tracer
 * @param {string | undefined} route of a request that matches one
 */
export function startServerSpan(request, tracer, route) {
  const parent = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
  const method = methodLabel(request.method);
  // The convention for a method that anybody may have made up.
  const name = method === '_OTHER' ? 'HTTP' : method;
  const span = tracer.startSpan(
    route ? `${name} ${route}` : name,
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': method,
        ...(route && { 'http.route': route }),
        'url.path': request.url.split('?', 1)[0] ?? '',
        'url.scheme': 'http',
        ...(request.headers['user-agent'] && {
          'user_agent.original': request.headers['user-agent'],
        }),
      },
    },
    parent,
  );
  contexts.set(request, trace.setSpan(parent, span));
}

/**
 * @param {FastifyRequest} request
 * @param {number} [status] none if the caller went away before there was one
 */
export function endServerSpan(request, status) {
  const span = spanOf(request);
  if (!span?.isRecording()) return;
  if (status) span.setAttribute('http.response.status_code', status);
  // A 4xx is the caller's mistake: counted as an error of this service, it would drown those.
  if (status && status >= 500) {
    span.setAttribute('error.type', String(status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

/**
 * Makes the request's span the active one for whatever `work` starts.
 *
 * @param {FastifyRequest} request
 * @param {() => void} work
 */
export function withSpanOf(request, work) {
  context.with(contextOf(request), work);
}
