import { status } from '@grpc/grpc-js';
import { httpStatus } from './problems.js';

// One retry for ten calls over time, and a reserve of ten for a hiccup after a quiet while.
const EARNED_PER_CALL = 0.1;
const RESERVE = 10;

// Around the 100 ms after which the channel tries to connect again. Drawn at random, so that calls
// that failed together are not repeated together.
const BACKOFF_MS = { least: 50, most: 150 };

/**
 * Decides whether a call that failed is made again.
 *
 * Every method may be repeated: two only read, and CreateOrder carries an idempotency key, the
 * caller's or one that the gateway made, which is the same in each attempt. Even so only a call
 * that never reached order-api is: no connection could be had, so nothing was done and nothing
 * answered. An UNAVAILABLE that order-api answered itself is passed on: it sheds load or its
 * database is away, a repetition adds to its trouble, and it would hide from the metrics of the
 * gateway how often order-api fails. The caller learns of it and has the key to repeat with.
 * (Calls on a connection that closes under them before they are sent are moved to the next one by
 * gRPC itself, without an attempt of ours.)
 *
 * The fault `retries` replaces all of that by what careless code does.
 */
export class RetryPolicy {
  #faults;
  #random;
  #budget = RESERVE;

  /**
   * @param {Pick<import('./faults/state.js').FaultState, 'carelessAttempts'>} faults
   * @param {() => number} random uniform in [0, 1)
   */
  constructor(faults, random = Math.random) {
    this.#faults = faults;
    this.#random = random;
  }

  /** Every call that is made adds to what may be spent on repeating some. */
  called() {
    this.#budget = Math.min(RESERVE, this.#budget + EARNED_PER_CALL);
  }

  /**
   * @param {object} failure
   * @param {number} failure.attempts made so far
   * @param {number} failure.code gRPC's status
   * @param {boolean} failure.reached whether the call was sent to order-api
   * @param {number} failure.remainingMs until the deadline of the call
   * @returns {{ delayMs: number, newDeadline: boolean } | undefined} undefined to give up
   */
  next({ attempts, code, reached, remainingMs }) {
    const careless = this.#faults.carelessAttempts();
    if (careless > 0) {
      if (attempts >= careless || httpStatus(code) < 500) return undefined;
      return { delayMs: 0, newDeadline: true };
    }
    if (attempts > 1 || reached || code !== status.UNAVAILABLE) return undefined;
    const { least, most } = BACKOFF_MS;
    const delayMs = least + this.#random() * (most - least);
    if (delayMs >= remainingMs || this.#budget < 1) return undefined;
    this.#budget -= 1;
    return { delayMs, newDeadline: false };
  }
}
