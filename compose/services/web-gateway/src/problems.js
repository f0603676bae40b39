import { status } from '@grpc/grpc-js';

/**
 * What a caller of the REST API learns of a failure: never an internal message, always whether
 * trying again can help.
 *
 * @typedef {{ status: number, error: string, reasons?: string[], retryAfterSeconds?: number }} Problem
 */

/**
 * As google.rpc.Code maps them. Codes that are absent here are faults of ours: 500.
 *
 * @type {ReadonlyMap<number, number>}
 */
const HTTP_STATUS = new Map([
  [status.INVALID_ARGUMENT, 400],
  [status.NOT_FOUND, 404],
  [status.ALREADY_EXISTS, 409],
  [status.ABORTED, 409],
  [status.FAILED_PRECONDITION, 400],
  [status.RESOURCE_EXHAUSTED, 429],
  [status.UNIMPLEMENTED, 501],
  [status.UNAVAILABLE, 503],
  [status.DEADLINE_EXCEEDED, 504],
]);

/** @param {number} code gRPC's */
export function httpStatus(code) {
  return HTTP_STATUS.get(code) ?? 500;
}

/**
 * @param {unknown} error
 * @returns {Problem}
 */
export function toProblem(error) {
  if (!(error instanceof Error)) return { status: 500, error: 'internal error' };
  if ('code' in error && typeof error.code === 'number' && 'details' in error) {
    return fromGrpc(error.code, String(error.details));
  }
  if ('validation' in error && Array.isArray(error.validation)) {
    return {
      status: 400,
      error: 'the request is not valid',
      reasons: error.validation.map((issue) => describe(error, issue)),
    };
  }
  if ('statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500) {
    return { status: error.statusCode, error: error.message };
  }
  return { status: 500, error: 'internal error' };
}

/**
 * @param {number} code
 * @param {string} details
 * @returns {Problem}
 */
function fromGrpc(code, details) {
  const http = httpStatus(code);
  if (http === 503) {
    return { status: http, error: 'order-api is unavailable', retryAfterSeconds: 1 };
  }
  if (http === 504) return { status: http, error: 'order-api did not answer in time' };
  if (http === 500) return { status: http, error: 'internal error' };
  return { status: http, error: details };
}

/**
 * @param {Error & { validationContext?: string }} error
 * @param {{ instancePath: string, message?: string, params?: Record<string, unknown> }} issue
 */
function describe(error, issue) {
  const where = `${error.validationContext ?? ''}${issue.instancePath}`;
  const unknown = issue.params?.additionalProperty;
  return `${where} ${issue.message ?? 'is not valid'}${unknown ? `: ${unknown}` : ''}`;
}
