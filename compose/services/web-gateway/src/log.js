import { pino } from 'pino';

export const SERVICE = 'web-gateway';

/** @typedef {Pick<import('pino').Logger, 'debug' | 'info' | 'warn' | 'error'>} Log */

/**
 * Field names are shared by all services of the shop, so that one query reads all their logs.
 *
 * @param {string} level
 * @returns {import('pino').Logger}
 */
export function createLog(level) {
  return pino({
    level,
    base: { service: SERVICE },
    // Names, not pino's numbers: nobody remembers that 30 is info.
    formatters: { level: (label) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { error: (error) => (error instanceof Error ? error.message : error) },
  });
}
