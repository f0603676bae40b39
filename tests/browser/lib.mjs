// What the tests share: a book of their own, its live server, and a page that notes what goes wrong in it.

import { spawn, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const root = resolve(import.meta.dirname, '../..');
const obsbook = join(root, 'target/debug/obsbook');
const screenshots = join(root, 'target/screenshots');
// mdBook is started by obsbook, and starts it.
const path = [join(root, 'target/debug'), join(root, '.tools/bin'), process.env.PATH].join(':');
const project = 'obsbook-browser';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// What mdBook's own page has wrong is not ours: the rules are asked of what stands in the chapter.
const OURS = 'main';
const ALL = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

/** Returns a copy of the tests' own book. */
export function copy_of_book() {
  const folder = mkdtempSync(join(tmpdir(), 'obsbook-browser-'));
  cpSync(join(root, 'tests/books/tasks'), folder, { recursive: true, filter: (file) => !file.endsWith('.obsbook') });
  cpSync(join(root, 'tests/browser/book'), folder, { recursive: true });
  cpSync(join(root, 'theme'), join(folder, 'theme'), { recursive: true });
  return folder;
}

/** Runs obsbook on a book, and returns what it printed. */
export function run(folder, ...words) {
  return execFileSync(obsbook, [...words, '--book', folder, '-p', project, '--dynamic-ports'], { env: { ...process.env, PATH: path }, encoding: 'utf8' });
}

/** Does something to a container, as a reader does by hand. */
export function docker(...words) {
  return execFileSync('docker', words, { encoding: 'utf8' });
}

/** Starts `obsbook serve`; `end` asks it to end, and resolves to its exit status. */
export async function serve(folder, { port = 0, name = project, words = [] } = {}) {
  const child = spawn(obsbook, ['serve', '--format', 'json', '--port', String(port), '--book', folder, '-p', name, '--dynamic-ports', ...words], { env: { ...process.env, PATH: path }, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((done) => child.on('exit', done));
  const line = await new Promise((told, failed) => {
    createInterface(child.stdout).once('line', told);
    child.once('exit', (status) => failed(new Error(`obsbook serve ended with ${status}`)));
  });
  const address = JSON.parse(line).book;
  return {
    address,
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024,
    kill: () => child.kill('SIGKILL'),
    end: () => {
      child.kill('SIGINT');
      return ended;
    },
  };
}

/** Starts plain `mdbook serve`, whose pages find the live server at `live`. */
export async function mdbook_serve(folder, port, live) {
  const env = { ...process.env, PATH: path, MDBOOK_PREPROCESSOR__OBSBOOK__LIVE: live };
  const words = ['serve', folder, '--hostname', '127.0.0.1', '--port', String(port), '--dest-dir', join(folder, '.obsbook/plain')];
  const child = spawn('mdbook', words, { env, stdio: 'ignore' });
  const address = `http://127.0.0.1:${port}`;
  for (;;) {
    const answer = await fetch(`${address}/labs.html`).catch(() => null);
    if (answer?.ok) break;
    if (child.exitCode !== null) throw new Error(`mdbook serve ended with ${child.exitCode}`);
    await new Promise((done) => setTimeout(done, 200));
  }
  return { address, end: () => child.kill() };
}

/** Returns a port of loopback that nobody listens on. */
export async function free_port() {
  const listener = createServer();
  await new Promise((listening) => listener.listen(0, '127.0.0.1', listening));
  const { port } = listener.address();
  await new Promise((closed) => listener.close(closed));
  return port;
}

/** Returns a browser. */
export async function browser() {
  if (!executablePath) throw new Error('no chromium: apt-get install chromium');
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** Returns a page whose `troubles` are everything that a console shows in red, and every request to somebody else. */
export async function page(of, options = {}) {
  const context = await of.newContext(options);
  const made = await context.newPage();
  made.troubles = [];
  made.on('console', (message) => {
    if (message.type() === 'error') made.troubles.push(message.text());
  });
  made.on('pageerror', (error) => made.troubles.push(String(error)));
  made.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (!['data:', 'blob:'].includes(protocol) && !['127.0.0.1', 'localhost'].includes(hostname)) made.troubles.push(`asked ${request.url()}`);
  });
  return made;
}

/** Keeps a picture of the page. */
export async function picture(of, name) {
  mkdirSync(screenshots, { recursive: true });
  await of.screenshot({ path: join(screenshots, `${name}.png`), fullPage: false });
}

/** Returns what keeps somebody from reading the page, a line each. */
export async function barriers(of, rules = ALL) {
  await of.evaluate(axe);
  const { violations } = await of.evaluate((asked) => window.axe.run(asked.main, { runOnly: asked.rules }), { main: OURS, rules });
  return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`));
}

/** Returns the card of a lab, and what it says of itself. */
export function card(of, id) {
  const section = of.locator(`section.lab[data-lab="${id}"]`);
  return {
    section,
    run: section.locator('.lab-button-run'),
    now: section.locator('.lab-now'),
    state: (name, timeout = 90_000) => section.and(of.locator(`[data-state="${name}"]`)).waitFor({ timeout }),
    verdict: (name, timeout = 120_000) => section.and(of.locator(`[data-verdict="${name}"]`)).waitFor({ timeout }),
  };
}

export function remove(folder) {
  rmSync(folder, { recursive: true, force: true });
}

/** Opens a page's stream without a page, and returns what it has been told of one lab. */
export async function listen(address, lab) {
  const told = { steps: new Set(), verdict: null, run: null };
  const aborted = new AbortController();
  const answer = await fetch(`${address}/api/events`, { signal: aborted.signal });
  told.close = () => aborted.abort();
  (async () => {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const bytes of answer.body) {
      rest += decoder.decode(bytes, { stream: true });
      const events = rest.split('\n\n');
      rest = events.pop();
      for (const event of events) {
        const kind = /^event: ?(.*)$/m.exec(event)?.[1];
        const data = /^data: ?(.*)$/m.exec(event)?.[1];
        if (kind !== 'lab') continue;
        const view = JSON.parse(data);
        if (view.id !== lab) continue;
        for (const step of view.steps) told.steps.add(step.step);
        told.verdict = view.verdict;
        told.run = view.run;
      }
    }
  })().catch(() => {});
  return told;
}

/** Asks the live server for something, as a page does. */
export async function ask(address, path) {
  const { token } = await (await fetch(`${address}/api/session`)).json();
  const answer = await fetch(`${address}/api/${path}`, { method: 'POST', headers: { origin: address, 'content-type': 'application/json', 'x-obsbook-token': token }, body: '{}' });
  return answer.status;
}
