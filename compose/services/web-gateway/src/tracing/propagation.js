import { trace } from '@opentelemetry/api';
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';

/** How a trace crosses from one process into the next: `traceparent`, `tracestate`, `baggage`. */
export const propagator = new CompositePropagator({
  propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
});

/**
 * The ids of the span that is active, under the names that logs and exemplars share.
 *
 * @param {import('@opentelemetry/api').Span | undefined} [span]
 */
export function traceIds(span = trace.getActiveSpan()) {
  if (!span) return {};
  const { traceId, spanId } = span.spanContext();
  return { trace_id: traceId, span_id: spanId };
}
