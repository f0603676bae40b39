import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { createProvider, tracerOf } from '../src/tracing/tracing.js';

/** A tracer as the service has it, whose finished spans stay in memory. */
export class Spans {
  #exporter = new InMemorySpanExporter();
  tracer = tracerOf(createProvider(new SimpleSpanProcessor({ exporter: this.#exporter })));

  /** In the order in which they ended. */
  get finished() {
    return this.#exporter.getFinishedSpans();
  }

  /** @param {string} name */
  named(name) {
    return this.finished.filter((span) => span.name === name);
  }

  forget() {
    this.#exporter.reset();
  }
}
