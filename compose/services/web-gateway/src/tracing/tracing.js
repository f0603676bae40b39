import { readFileSync } from 'node:fs';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, ParentBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { SERVICE } from '../log.js';
import { ReportingExporter } from './exporter.js';
import { EXPORT_TIMEOUT_MS, SpanQueue } from './queue.js';

/**
 * @typedef {import('@opentelemetry/sdk-trace').SpanProcessor} SpanProcessor
 *
 * @typedef {object} Options
 * @property {string} endpoint of OTLP over HTTP, without the path
 * @property {Pick<import('../metrics.js').Metrics, 'countExported' | 'countDropped'>} metrics
 * @property {Pick<import('../log.js').Log, 'info' | 'warn'>} log
 */

const FLUSH_MS = 2000;
// A collector that did not take the last batch will hardly take this one, and where none runs,
// every stop would take as long as a flush may.
const FLUSH_WHILE_FAILING_MS = 200;

// A caller chooses paths and headers, and so how much memory a queue of spans would take.
const ATTRIBUTE_LENGTH = 1024;

// An export that hangs in a name look-up is given up but goes on, on one of the four threads that
// gRPC's look-ups need too.
const CONCURRENT_EXPORTS = 2;

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

// What makes a span the active one until the work that it stands for is done. The process has one.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/**
 * The SDK's own diagnostics stay off, as they are until somebody sets a logger for them: they
 * would tell of each batch that failed.
 *
 * @param {Options} options
 */
export function startTracing({ endpoint, metrics, log }) {
  const exporter = new ReportingExporter(
    new OTLPTraceExporter({
      url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
      timeoutMillis: EXPORT_TIMEOUT_MS,
      concurrencyLimit: CONCURRENT_EXPORTS,
    }),
    (spans, errorType) => metrics.countExported(spans, errorType),
    log,
  );
  const provider = createProvider(new SpanQueue(exporter, () => metrics.countDropped()));
  return {
    tracer: tracerOf(provider),
    /** Sends what waits, for a bounded time. */
    async stop() {
      const limit = exporter.failing ? FLUSH_WHILE_FAILING_MS : FLUSH_MS;
      /** @type {NodeJS.Timeout | undefined} */
      let timer;
      const patience = new Promise((resolve) => {
        timer = setTimeout(resolve, limit);
      });
      await Promise.race([provider.shutdown().catch(() => {}), patience]);
      clearTimeout(timer);
    },
  };
}

/** @param {SpanProcessor} processor */
export function createProvider(processor) {
  return new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': SERVICE,
      'service.namespace': 'shop',
      'service.version': version,
      'deployment.environment.name': 'sandbox',
    }),
    // Everything, unless the caller decided already: what is worth keeping shows only at the end
    // of a trace, and there the collector chooses.
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_LENGTH },
    spanProcessors: [processor],
  });
}

/** @param {TracerProvider} provider */
export function tracerOf(provider) {
  return provider.getTracer(SERVICE, version);
}
