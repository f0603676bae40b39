import { ROOT_CONTEXT, context } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';

/**
 * @typedef {import('@opentelemetry/sdk-trace').ReadableSpan} ReadableSpan
 * @typedef {import('@opentelemetry/sdk-trace').SpanExporter} SpanExporter
 * @typedef {import('@opentelemetry/core').ExportResult} ExportResult
 */

/**
 * Tells how another exporter fares: every batch to the metrics, but only a change to the log.
 * Where no collector runs, each batch fails, and a line for each would bury all others.
 *
 * @implements {SpanExporter}
 */
export class ReportingExporter {
  #inner;
  #onExported;
  #log;
  /** @type {boolean | undefined} */
  #failing;

  /**
   * @param {SpanExporter} inner
   * @param {(spans: number, errorType: string) => void} onExported
   * @param {Pick<import('../log.js').Log, 'info' | 'warn'>} log
   */
  constructor(inner, onExported, log) {
    this.#inner = inner;
    this.#onExported = onExported;
    this.#log = log;
  }

  get failing() {
    return this.#failing === true;
  }

  /**
   * @param {ReadableSpan[]} spans
   * @param {(result: ExportResult) => void} done
   */
  export(spans, done) {
    this.#inner.export(spans, (result) => {
      const failed = result.code !== ExportResultCode.SUCCESS;
      const errorType = failed ? typeOf(result.error) : '';
      this.#onExported(spans.length, errorType);
      if (failed !== this.#failing) {
        this.#failing = failed;
        // Not in the trace of the request that the batch happened to begin with.
        context.with(ROOT_CONTEXT, () => this.#logChange(errorType));
      }
      done(result);
    });
  }

  /** @param {string} errorType */
  #logChange(errorType) {
    if (errorType) this.#log.warn({ error_type: errorType }, 'trace export failing');
    else this.#log.info('trace export works');
  }

  shutdown() {
    return this.#inner.shutdown();
  }
}

/**
 * One of few values, as it becomes a label.
 *
 * @param {(Error & { code?: unknown }) | undefined} error
 */
function typeOf(error) {
  // The system's, such as ECONNREFUSED, or the HTTP status that the collector answered with.
  if (typeof error?.code === 'string' || typeof error?.code === 'number') return String(error.code);
  if (/timed out|timeout/i.test(error?.message ?? '')) return 'timeout';
  return '_OTHER';
}
