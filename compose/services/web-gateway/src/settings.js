import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Settings
 * @property {string} orderApiAddress
 * @property {number} deadlineMs
 * @property {number} createDeadlineMs
 * @property {string} protoPath
 * @property {number} port
 * @property {number} metricsPort
 * @property {number} faultsPort
 * @property {string} faultToken
 * @property {string} logLevel
 * @property {string} otlpEndpoint
 */

/**
 * The same relative path holds in the repository and in the image, which keeps the layout.
 */
export const PROTO_PATH = fileURLToPath(new URL('../../../proto/orders.proto', import.meta.url));

/**
 * Reads everything once at start, so that a bad setting ends the process with a plain reason
 * rather than surfacing in the first request that needs it.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Settings}
 */
export function readSettings(env) {
  const tokenFile = env.FAULT_TOKEN_FILE ?? '/run/obsbook/fault-token';
  return {
    orderApiAddress: env.ORDER_API_ADDRESS ?? 'order-api:50051',
    deadlineMs: positiveInteger(env, 'ORDER_API_DEADLINE_MS', 2000),
    createDeadlineMs: positiveInteger(env, 'ORDER_API_CREATE_DEADLINE_MS', 3000),
    protoPath: env.PROTO_PATH ?? PROTO_PATH,
    port: positiveInteger(env, 'PORT', 8000),
    metricsPort: positiveInteger(env, 'METRICS_PORT', 9101),
    faultsPort: positiveInteger(env, 'FAULTS_PORT', 9901),
    faultToken: readSecret(tokenFile),
    logLevel: env.LOG_LEVEL ?? 'info',
    otlpEndpoint: readUrl(env, 'OTEL_EXPORTER_OTLP_ENDPOINT', 'http://trace-collector:4318'),
  };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} name
 * @param {number} fallback
 */
function positiveInteger(env, name, fallback) {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new Error(`${name}=${text} is not a positive whole number`);
  }
  return value;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} name
 * @param {string} fallback
 */
function readUrl(env, name, fallback) {
  const text = env[name] || fallback;
  if (!URL.canParse(text)) throw new Error(`${name}=${text} is not a URL`);
  return text;
}

/** @param {string} path */
function readSecret(path) {
  const secret = readFileSync(path, 'utf8').trim();
  // An empty token would let everybody in.
  if (secret === '') throw new Error(`${path} is empty`);
  return secret;
}
