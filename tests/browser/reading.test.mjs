// Every page of the real book, as somebody reads it who has no server: nothing in red, nobody else asked, and readable to everyone.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { barriers, browser, page, picture } from './lib.mjs';

const root = resolve(import.meta.dirname, '../..');
const book = join(root, 'book');
const KINDS = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
// The themes differ in their colours alone.
const WHOLE = ['light', 'navy'];

let chromium;
let files;
let address;

before(async () => {
  chromium = await browser();
  files = createServer((request, response) => {
    const file = join(book, decodeURIComponent(new URL(request.url, 'http://x').pathname));
    if (!file.startsWith(book) || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': KINDS[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file));
  });
  await new Promise((listening) => files.listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${files.address().port}`;
});

after(async () => {
  files.closeAllConnections();
  files.close();
  await chromium.close();
});

function pages(folder = '') {
  const entries = readdirSync(join(book, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const name = join(folder, entry.name);
    if (entry.isDirectory()) return pages(name);
    return name.endsWith('.html') && !['404.html', 'toc.html', 'print.html'].includes(name) ? [name] : [];
  });
}

/** Opens a page of the book; anew when an engine beside this has changed the machine's networks, which ends every request of a browser. */
async function open(tab, name) {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    tab.troubles.length = 0;
    await tab.goto(`${address}/${name}`).catch((error) => tab.troubles.push(String(error)));
    if (!tab.troubles.some((trouble) => trouble.includes('ERR_NETWORK_CHANGED'))) return;
  }
}

for (const theme of ['light', 'rust', 'coal', 'navy', 'ayu']) {
  test(`every page reads well in ${theme}`, { timeout: 600_000 }, async () => {
    const tab = await page(chromium);
    await tab.addInitScript((name) => localStorage.setItem('mdbook-theme', name), theme);
    const found = [];
    for (const name of pages()) {
      await open(tab, name);
      const rules = WHOLE.includes(theme) ? undefined : ['color-contrast'];
      // A missing live server is no trouble of the page's.
      const troubles = tab.troubles.filter((trouble) => !trouble.includes('ERR_CONNECTION_REFUSED'));
      found.push(...[...(await barriers(tab, rules)), ...troubles].map((trouble) => `${name}: ${trouble}`));
    }
    assert.deepEqual(found, []);
    await tab.goto(`${address}/sandbox.html#lab-worker-down`);
    await picture(tab, `reading-${theme}`);
    await tab.context().close();
  });
}

test('without scripts a card says all that it has to say', async () => {
  const tab = await page(chromium, { javaScriptEnabled: false });
  await tab.goto(`${address}/sandbox.html`);
  const card = tab.locator('#lab-worker-down');
  assert.match(await card.textContent(), /obsbook check worker-down/);
  assert.equal(await card.getByRole('button').count(), 0);
  await tab.context().close();
});

test('a quiz says why an answer is right or wrong, with scripts and without', async () => {
  for (const javaScriptEnabled of [true, false]) {
    const tab = await page(chromium, { javaScriptEnabled });
    await tab.goto(`${address}/sandbox.html`);
    const answers = tab.locator('#sandbox-quiz fieldset').first().locator('.quiz-answer');
    assert.equal(await answers.locator('.quiz-why:visible').count(), 0);
    for (const answer of await answers.all()) {
      await answer.getByRole('radio').check();
      const shown = answers.locator('.quiz-why:visible');
      assert.equal(await shown.count(), 1);
      const why = await answer.locator('.quiz-why').textContent();
      assert.equal(await shown.textContent(), why);
      const told = await tab.locator('#sandbox-quiz .quiz-status').textContent();
      assert.equal(told, javaScriptEnabled ? why : '');
    }
    await tab.context().close();
  }
});

test('a query has its parts told apart, and arrow keys scroll what is wider than the page', async () => {
  const tab = await page(chromium, { viewport: { width: 480, height: 800 } });
  await tab.goto(`${address}/sandbox.html`);
  const query = tab.locator('.lab-query[data-language="promql"]').first();
  await query.locator('[class^="hljs-"]').first().waitFor({ state: 'attached' });
  const code = tab.locator('main [tabindex="0"]').first();
  await code.focus();
  const where = tab.url();
  await tab.keyboard.press('ArrowRight');
  await tab.waitForFunction(() => document.activeElement.scrollLeft > 0);
  assert.equal(tab.url(), where);
  await tab.context().close();
});

test('a page with nothing to run asks nobody for a live server', async () => {
  const tab = await page(chromium);
  const asked = [];
  tab.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await tab.goto(`${address}/introduction.html`);
  await tab.waitForLoadState('networkidle');
  assert.ok(!asked.includes('/api/session'), asked.join('\n'));
  assert.deepEqual(tab.troubles, []);
  await tab.context().close();
});

test('print shows every lab once, and nothing to press', async () => {
  const tab = await page(chromium);
  await tab.goto(`${address}/print.html`);
  const ids = await tab.evaluate(() => [...document.querySelectorAll('[id]')].map((element) => element.id).filter((id) => id.startsWith('lab-') || id.startsWith('panel-')));
  assert.equal(new Set(ids).size, ids.length, 'ids are unique');
  assert.equal(await tab.locator('main button.lab-button:visible').count(), 0);
  await tab.context().close();
});

test('what we add to a page is under 60 KB compressed', () => {
  const theme = join(root, 'theme');
  const sizes = readdirSync(theme).filter((name) => /\.(js|css)$/.test(name)).map((name) => gzipSync(readFileSync(join(theme, name))).length);
  const sum = sizes.reduce((all, size) => all + size, 0);
  console.log(`${sum} bytes in ${sizes.length} files`);
  assert.ok(sum < 60 * 1024, `${sum} bytes`);
});
