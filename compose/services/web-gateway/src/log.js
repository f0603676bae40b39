import { pino } from 'pino';
import { traceIds } from './tracing/propagation.js';

export const SERVICE = 'web-gateway';

/** @typedef {Pick<import('pino').Logger, 'debug' | 'info' | 'warn' | 'error'>} Log */

/**
 * Field names are shared by all services of the shop, so that one query reads all their logs.
 *
 * @param {string} level
 * @param {import('pino').DestinationStream} [destination] standard output by default
 * @returns {import('pino').Logger}
 */
export function createLog(level, destination) {
  let seq = 0;
  const options = {
    level,
    base: { service: SERVICE },
    // Names, not pino's numbers: nobody remembers that 30 is info.
    formatters: { level: (/** @type {string} */ label) => ({ level: label }) },
    // Asked once for each line that is written. Numbers without a gap let whoever collects the
    // lines know how many were lost; the ids lead from a line to its trace.
    mixin: () => ({ seq: (seq += 1), ...traceIds() }),
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: {
      error: (/** @type {unknown} */ error) => (error instanceof Error ? error.message : error),
    },
  };
  return pino(options, destination);
}
