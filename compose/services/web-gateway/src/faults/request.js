/** @typedef {import('./state.js').Kind} Kind */

/** What a request may ask for at most: enough for every lesson, too little to hurt the machine. */
export const CAPS = Object.freeze({
  by_ms: 10_000,
  ratio: 1,
  mib: 64,
  attempts: 10,
  ttl_s: 1800,
});
const AFTER_MS_CAP = 10_000;

const DEFAULT_RATIO = 1;
const DEFAULT_TTL_S = 60;

export class FaultRequestError extends Error {
  /**
   * @param {string} message
   * @param {string} hint
   */
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/**
 * @typedef {{ max: number, whole: boolean, zero?: boolean, fallback?: number }} Rule
 * @type {Record<Kind | 'crash', Record<string, Rule>>}
 */
const RULES = {
  latency: {
    by_ms: { max: CAPS.by_ms, whole: true },
    ratio: { max: CAPS.ratio, whole: false, fallback: DEFAULT_RATIO },
    ttl_s: { max: CAPS.ttl_s, whole: false, fallback: DEFAULT_TTL_S },
  },
  error: {
    ratio: { max: CAPS.ratio, whole: false, fallback: DEFAULT_RATIO },
    ttl_s: { max: CAPS.ttl_s, whole: false, fallback: DEFAULT_TTL_S },
  },
  memory: {
    mib: { max: CAPS.mib, whole: true },
    ttl_s: { max: CAPS.ttl_s, whole: false, fallback: DEFAULT_TTL_S },
  },
  retries: {
    attempts: { max: CAPS.attempts, whole: true },
    ttl_s: { max: CAPS.ttl_s, whole: false, fallback: DEFAULT_TTL_S },
  },
  crash: {
    after_ms: { max: AFTER_MS_CAP, whole: true, zero: true, fallback: 0 },
  },
};

/**
 * Strict, because a mistyped key that was ignored would leave a lab waiting for a fault that was
 * never as it asked.
 *
 * @param {Kind | 'crash'} kind
 * @param {string} text the body as received; empty counts as {}
 * @returns {Record<string, number>} every key of the kind, defaults filled in
 */
export function parseFaultRequest(kind, text) {
  const rules = RULES[kind];
  const body = parseObject(text);
  const known = Object.keys(rules);
  for (const key of Object.keys(body)) {
    if (!known.includes(key)) {
      throw new FaultRequestError(`unknown key "${key}"`, `${kind} takes ${known.join(', ')}`);
    }
  }
  return Object.fromEntries(
    Object.entries(rules).map(([key, rule]) => [key, readNumber(key, body[key], rule)]),
  );
}

/**
 * @param {string} text
 * @returns {Record<string, unknown>}
 */
function parseObject(text) {
  if (text.trim() === '') return {};
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw new FaultRequestError('the body is not JSON', 'send an object such as {"ttl_s":60}');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new FaultRequestError('the body is not an object', 'send one such as {"ttl_s":60}');
  }
  return body;
}

/**
 * @param {string} key
 * @param {unknown} value
 * @param {Rule} rule
 */
function readNumber(key, value, rule) {
  const lower = rule.zero ? 'from 0' : 'above 0';
  const hint = `${key} is a ${rule.whole ? 'whole ' : ''}number ${lower} and at most ${rule.max}`;
  if (value === undefined) {
    if (rule.fallback === undefined) throw new FaultRequestError(`${key} is missing`, hint);
    return rule.fallback;
  }
  if (typeof value !== 'number' || (rule.whole && !Number.isInteger(value))) {
    throw new FaultRequestError(`${key} has the wrong type`, hint);
  }
  if (value > rule.max || value < 0 || (value === 0 && !rule.zero)) {
    throw new FaultRequestError(`${key} is out of range`, hint);
  }
  return value;
}
