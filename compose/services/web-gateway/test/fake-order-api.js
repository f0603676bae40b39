import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { PROTO_PATH } from '../src/settings.js';

const definition = loadSync(PROTO_PATH, {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
});

/**
 * @typedef {(request: any) => unknown} Handler returns the response, or throws an error that has
 *   a gRPC status as its code; a promise that never settles is a service that never answers
 */

export const ORDER = {
  id: '6f0f7c58-4a8e-4c53-9f0e-0d3c4f4f0a01',
  status: 'ORDER_STATUS_PENDING',
  items: [{ sku: 'MUG-SRE', quantity: 2, unit_price_cents: 1190 }],
  total_cents: 2380,
  created_at: { seconds: 1_700_000_000, nanos: 123_000_000 },
};

/**
 * A gRPC server that speaks the real contract, with answers made up by each test.
 */
export class FakeOrderApi {
  /** @type {{ CreateOrder: Handler, GetOrder: Handler, ListProducts: Handler }} */
  handlers = {
    CreateOrder: () => ({ order: ORDER, replayed: false }),
    GetOrder: () => ({ order: ORDER }),
    ListProducts: () => ({
      products: [{ sku: 'MUG-SRE', name: 'Mug, holds 99.9 percent', price_cents: 1190 }],
    }),
  };
  /** @type {any[]} */
  requests = [];
  /** @type {grpc.Metadata[]} */
  metadata = [];
  port = 0;
  /** @type {grpc.Server | undefined} */
  #server;

  get address() {
    return `127.0.0.1:${this.port}`;
  }

  /** Listens, after a stop on the same port as before. */
  async start() {
    const server = new grpc.Server();
    const service = /** @type {grpc.ServiceDefinition} */ (
      definition['obsbook.orders.v1.OrderService']
    );
    server.addService(service, {
      CreateOrder: this.#answer('CreateOrder'),
      GetOrder: this.#answer('GetOrder'),
      ListProducts: this.#answer('ListProducts'),
    });
    this.port = await new Promise((resolve, reject) => {
      server.bindAsync(
        `127.0.0.1:${this.port}`,
        grpc.ServerCredentials.createInsecure(),
        (error, port) => (error ? reject(error) : resolve(port)),
      );
    });
    this.#server = server;
  }

  stop() {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  /**
   * @param {keyof FakeOrderApi['handlers']} method
   * @returns {grpc.handleUnaryCall<any, any>}
   */
  #answer(method) {
    return async (call, callback) => {
      this.requests.push(call.request);
      this.metadata.push(call.metadata);
      try {
        callback(null, await this.handlers[method](call.request));
      } catch (error) {
        callback(/** @type {grpc.ServiceError} */ (error));
      }
    };
  }
}

/**
 * @param {number} code
 * @param {string} details
 */
export function grpcError(code, details) {
  return Object.assign(new Error(details), { code, details });
}
