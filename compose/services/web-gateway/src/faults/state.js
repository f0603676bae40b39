/**
 * What is injected at the moment, and nothing else: no timers, no I/O, so that a test with a
 * clock of its own sees all of it.
 *
 * @typedef {{ by_ms: number, ratio: number }} Latency
 * @typedef {{ ratio: number }} Failure
 * @typedef {{ mib: number }} Memory
 * @typedef {{ attempts: number }} Retries
 * @typedef {{ latency: Latency, error: Failure, memory: Memory, retries: Retries }} Parameters
 * @typedef {keyof Parameters} Kind
 * @typedef {{ parameters: Parameters[Kind], ttlMs: number, expiresAt: number }} Entry
 */

/** @type {readonly Kind[]} */
export const KINDS = ['latency', 'error', 'memory', 'retries'];

export class FaultState {
  /** @type {Map<Kind, Entry>} */
  #entries = new Map();
  #now;
  #random;

  /**
   * @param {() => number} now milliseconds of a clock that nobody sets: a fault must neither
   *   outlive its TTL nor end early because the wall clock jumped
   * @param {() => number} random uniform in [0, 1)
   */
  constructor(now = () => performance.now(), random = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  /**
   * A fault of the same kind is replaced.
   *
   * @template {Kind} K
   * @param {K} kind
   * @param {Parameters[K]} parameters
   * @param {number} ttlSeconds
   */
  set(kind, parameters, ttlSeconds) {
    const ttlMs = ttlSeconds * 1000;
    this.#entries.set(kind, { parameters, ttlMs, expiresAt: this.#now() + ttlMs });
  }

  /** @param {Kind} kind */
  clear(kind) {
    this.#entries.delete(kind);
  }

  reset() {
    this.#entries.clear();
  }

  /** How long the unit of work that is about to begin is to be held back. */
  delayMs() {
    const latency = this.#active('latency');
    return latency && this.#random() < latency.ratio ? latency.by_ms : 0;
  }

  /** Whether the unit of work that is about to begin is to fail. */
  fails() {
    const failure = this.#active('error');
    return failure !== undefined && this.#random() < failure.ratio;
  }

  memoryMib() {
    return this.#active('memory')?.mib ?? 0;
  }

  /** How often a call to order-api is made at most without any care; 0 while it is with care. */
  carelessAttempts() {
    return this.#active('retries')?.attempts ?? 0;
  }

  /** @returns {[Kind, boolean][]} */
  activeByKind() {
    return KINDS.map((kind) => [kind, this.#active(kind) !== undefined]);
  }

  list() {
    const now = this.#now();
    return KINDS.flatMap((kind) => {
      const entry = this.#entries.get(kind);
      if (!entry || entry.expiresAt <= now) return [];
      const remaining = (entry.expiresAt - now) / 1000;
      return [
        {
          kind,
          ...entry.parameters,
          ttl_s: entry.ttlMs / 1000,
          remaining_s: Math.round(remaining * 10) / 10,
        },
      ];
    });
  }

  /**
   * @template {Kind} K
   * @param {K} kind
   * @returns {Parameters[K] | undefined}
   */
  #active(kind) {
    const entry = this.#entries.get(kind);
    if (!entry) return undefined;
    if (entry.expiresAt <= this.#now()) {
      this.#entries.delete(kind);
      return undefined;
    }
    return /** @type {Parameters[K]} */ (entry.parameters);
  }
}
