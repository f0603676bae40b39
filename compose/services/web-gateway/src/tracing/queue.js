import { TraceFlags } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';

/**
 * @typedef {import('@opentelemetry/sdk-trace').ReadableSpan} ReadableSpan
 * @typedef {import('@opentelemetry/sdk-trace').SpanExporter} SpanExporter
 * @typedef {import('@opentelemetry/sdk-trace').SpanProcessor} SpanProcessor
 */

export const QUEUE_SIZE = 2048;
const BATCH_SIZE = 512;
const DELAY_MS = 500;
export const EXPORT_TIMEOUT_MS = 2000;
// The exporter's begins with the connection: this one is for a name look-up that hangs before it.
const GIVE_UP_MS = EXPORT_TIMEOUT_MS + 1000;

/**
 * The SDK's batches, with a count of what did not fit. A finished span is put into an array and
 * the request goes on; everything else happens later.
 *
 * @implements {SpanProcessor}
 */
export class SpanQueue {
  #waiting = 0;
  #stopped = false;
  #batches;
  #onDropped;

  /**
   * @param {SpanExporter} exporter
   * @param {() => void} onDropped
   */
  constructor(exporter, onDropped) {
    this.#onDropped = onDropped;
    this.#batches = new BatchSpanProcessor({
      exporter: {
        export: (spans, done) => {
          this.#waiting -= spans.length;
          // Whatever came of it: after a failure the SDK would start two exports at once, and
          // spans be lost to its limit of those rather than wait in the queue.
          exporter.export(spans, () => done({ code: ExportResultCode.SUCCESS }));
        },
        shutdown: () => exporter.shutdown(),
      },
      maxQueueSize: QUEUE_SIZE,
      maxExportBatchSize: BATCH_SIZE,
      scheduledDelayMillis: DELAY_MS,
      exportTimeoutMillis: GIVE_UP_MS,
    });
  }

  onStart() {}

  /** @param {ReadableSpan} span */
  onEnd(span) {
    if (this.#stopped || !(span.spanContext().traceFlags & TraceFlags.SAMPLED)) return;
    // The SDK drops at the same length, but tells nobody who does not run its metrics as well.
    if (this.#waiting >= QUEUE_SIZE) {
      this.#onDropped();
      return;
    }
    this.#waiting += 1;
    this.#batches.onEnd(span);
  }

  forceFlush() {
    return this.#batches.forceFlush();
  }

  shutdown() {
    this.#stopped = true;
    return this.#batches.shutdown();
  }
}
