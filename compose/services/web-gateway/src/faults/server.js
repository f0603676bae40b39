import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { Ballast } from './ballast.js';
import { CAPS, FaultRequestError, parseFaultRequest } from './request.js';
import { KINDS } from './state.js';

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('node:http').ServerResponse} ServerResponse
 * @typedef {import('./state.js').FaultState} FaultState
 * @typedef {import('./state.js').Kind} Kind
 */

const BODY_LIMIT = 4096;

/**
 * The fault API. It listens on a port of its own, so that no proxy rule can expose it by mistake.
 */
export class FaultServer {
  #service;
  #state;
  #tokenDigest;
  #exit;
  #ballast;
  #log;
  /**
   * Whose end has not been logged yet.
   *
   * @type {Set<Kind>}
   */
  #reported = new Set();
  /** @type {NodeJS.Timeout | undefined} */
  #expiryTimer;
  /** @type {NodeJS.Timeout | undefined} */
  #crashTimer;

  /**
   * @param {object} options
   * @param {string} options.service
   * @param {FaultState} options.state
   * @param {string} options.token
   * @param {() => void} options.exit ends the process as a crash would
   * @param {Pick<import('../log.js').Log, 'info' | 'warn'>} options.log
   * @param {Pick<Ballast, 'hold'>} [options.ballast]
   */
  constructor({ service, state, token, exit, log, ballast = new Ballast() }) {
    this.#service = service;
    this.#state = state;
    this.#tokenDigest = digest(token);
    this.#exit = exit;
    this.#log = log;
    this.#ballast = ballast;
    this.server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  close() {
    clearTimeout(this.#expiryTimer);
    clearTimeout(this.#crashTimer);
    this.server.close();
    this.server.closeAllConnections();
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async #handle(request, response) {
    if (!this.#authorized(request.headers.authorization)) {
      response.setHeader('www-authenticate', 'Bearer');
      send(response, 401, {
        error: 'a bearer token is needed',
        hint: 'send "Authorization: Bearer TOKEN" with the content of the fault-token file',
      });
      return;
    }
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const routes = this.#routes(path);
    if (!routes) {
      send(response, 404, {
        error: `there is no ${path}`,
        hint: `try GET /faults, PUT /faults/{${KINDS.join(',')}}, POST /faults/{crash,reset}`,
      });
      return;
    }
    const route = routes[request.method ?? ''];
    if (!route) {
      const allowed = Object.keys(routes).join(', ');
      response.setHeader('allow', allowed);
      send(response, 405, {
        error: `${request.method} is not allowed here`,
        hint: `${path} takes ${allowed}`,
      });
      return;
    }
    try {
      route(await readBody(request), response);
    } catch (error) {
      if (!(error instanceof FaultRequestError)) throw error;
      send(response, 400, { error: error.message, hint: error.hint });
    }
  }

  /**
   * @param {string} path
   * @returns {Record<string, (body: string, response: ServerResponse) => void> | undefined}
   */
  #routes(path) {
    if (path === '/faults') return { GET: (_body, response) => this.#sendState(response) };
    if (path === '/faults/reset') {
      return {
        POST: (_body, response) => {
          this.#logRemoval(KINDS);
          this.#state.reset();
          clearTimeout(this.#crashTimer);
          this.#sendState(response);
        },
      };
    }
    if (path === '/faults/crash') {
      return { POST: (body, response) => this.#crash(body, response) };
    }
    const kind = KINDS.find((candidate) => path === `/faults/${candidate}`);
    if (!kind) return undefined;
    return {
      PUT: (body, response) => {
        const { ttl_s: ttl, ...parameters } = parseFaultRequest(kind, body);
        // First the line for one of the kind that has just run out.
        this.#sync();
        this.#state.set(kind, /** @type {any} */ (parameters), Number(ttl));
        this.#log.warn({ fault_kind: kind, ...parameters, ttl_s: ttl }, 'fault injected');
        this.#sendState(response);
      },
      DELETE: (_body, response) => {
        this.#logRemoval([kind]);
        this.#state.clear(kind);
        this.#sendState(response);
      },
    };
  }

  /**
   * @param {string} body
   * @param {ServerResponse} response
   */
  #crash(body, response) {
    const { after_ms: afterMs = 0 } = parseFaultRequest('crash', body);
    this.#log.warn({ fault_kind: 'crash', after_ms: afterMs }, 'fault injected');
    // Whoever asked gets to know that it worked: a connection that breaks off could mean anything.
    response.on('finish', () => {
      clearTimeout(this.#crashTimer);
      this.#crashTimer = setTimeout(this.#exit, afterMs);
    });
    send(response, 202, { service: this.#service, crash: 'accepted' });
  }

  /** @param {readonly Kind[]} kinds that are about to be cleared */
  #logRemoval(kinds) {
    // What has run out by itself was not removed.
    this.#sync();
    for (const kind of kinds) {
      if (this.#reported.delete(kind)) this.#log.info({ fault_kind: kind }, 'fault removed');
    }
  }

  /** @param {ServerResponse} response */
  #sendState(response) {
    this.#sync();
    send(response, 200, { service: this.#service, faults: this.#state.list(), caps: CAPS });
  }

  /** Follows the state: nothing else happens by itself when a TTL has passed. */
  #sync() {
    clearTimeout(this.#expiryTimer);
    this.#ballast.hold(this.#state.memoryMib());
    const active = this.#state.list();
    const kinds = new Set(active.map((fault) => fault.kind));
    for (const kind of this.#reported) {
      if (!kinds.has(kind)) this.#log.info({ fault_kind: kind }, 'fault expired');
    }
    this.#reported = kinds;
    if (active.length === 0) return;
    // remaining_s is rounded: the extra tenth keeps the timer from firing just before the TTL.
    const afterMs = (Math.min(...active.map((fault) => fault.remaining_s)) + 0.1) * 1000;
    this.#expiryTimer = setTimeout(() => this.#sync(), afterMs).unref();
  }

  /** @param {string | undefined} header */
  #authorized(header) {
    const token = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? '';
    // Digests have one length, as the comparison in constant time demands, and hide the token's.
    return timingSafeEqual(digest(token), this.#tokenDigest);
  }
}

/** @param {string} text */
function digest(text) {
  return createHash('sha256').update(text).digest();
}

/** @param {IncomingMessage} request */
async function readBody(request) {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) {
    body += chunk;
    if (body.length > BODY_LIMIT) {
      throw new FaultRequestError('the body is too long', `${BODY_LIMIT} bytes are the limit`);
    }
  }
  return body;
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {object} body
 */
function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body)}\n`);
}
