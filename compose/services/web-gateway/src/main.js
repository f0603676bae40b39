import { onStop } from './signals.js';
import { createApp } from './app.js';
import { FaultServer } from './faults/server.js';
import { FaultState } from './faults/state.js';
import { SERVICE, createLog } from './log.js';
import { Metrics, createMetricsServer } from './metrics.js';
import { OrdersClient, RPC_METHODS } from './orders-client.js';
import { RetryPolicy } from './retries.js';
import { readSettings } from './settings.js';
import { startTracing } from './tracing/tracing.js';

// Below the 5 s after which whoever asked the process to stop may kill it.
const SHUTDOWN_MS = 4000;
const EVERY_INTERFACE = '0.0.0.0';

const log = createLog(process.env.LOG_LEVEL ?? 'info');

try {
  await main();
} catch (error) {
  log.error({ error }, 'cannot start');
  process.exit(1);
}

async function main() {
  const settings = readSettings(process.env);
  const faults = new FaultState();
  const metrics = new Metrics(faults, RPC_METHODS);
  const tracing = startTracing({ endpoint: settings.otlpEndpoint, metrics, log });
  const { tracer } = tracing;
  const orders = new OrdersClient({
    address: settings.orderApiAddress,
    protoPath: settings.protoPath,
    deadlineMs: settings.deadlineMs,
    createDeadlineMs: settings.createDeadlineMs,
    tracer,
    retries: new RetryPolicy(faults),
    metrics,
  });
  const app = createApp({ orders, faults, metrics, log, tracer });
  const metricsServer = createMetricsServer(metrics);
  const faultServer = new FaultServer({
    service: SERVICE,
    state: faults,
    token: settings.faultToken,
    exit: () => process.exit(1),
    log,
  });

  await listen(metricsServer, settings.metricsPort);
  await listen(faultServer.server, settings.faultsPort);
  await app.listen({ host: EVERY_INTERFACE, port: settings.port });
  log.info({ port: settings.port }, 'started');

  onStop(async () => {
    log.info('stopping');
    setTimeout(() => {
      log.warn('stopped with requests unanswered');
      process.exit(0);
    }, SHUTDOWN_MS).unref();
    faultServer.close();
    await app.close();
    orders.close();
    metricsServer.close();
    metricsServer.closeAllConnections();
    await tracing.stop();
    // An export that was given up may still hold a socket or a timer.
    process.exit(0);
  });
}

/**
 * @param {import('node:http').Server} server
 * @param {number} port
 * @returns {Promise<void>}
 */
function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, EVERY_INTERFACE, () => resolve());
  });
}
