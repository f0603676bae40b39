// The page in a real browser, with a live server and a real stack behind it.

import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask, barriers, browser, card, copy_of_book, docker, free_port, listen, mdbook_serve, page, picture, remove, run, serve } from './lib.mjs';

let chromium;
let folder;
let server;

before(async () => {
  chromium = await browser();
  folder = copy_of_book();
  run(folder, 'up');
  server = await serve(folder);
});

after(async () => {
  await server?.end();
  await chromium?.close();
  run(folder, 'down', '--volumes');
  remove(folder);
});

/** A page of the book that has found its server, and at the end of the test has nothing in red. */
function looking(name, path, body, options) {
  test(name, { timeout: 180_000 }, async () => {
    const tab = await page(chromium, options);
    await tab.goto(`${server.address}/${path}`);
    await tab.locator('.lab-live:visible, .panel svg, .stack-live:visible, .obsbook-page .lab-now:visible').first().waitFor();
    await body(tab);
    assert.deepEqual(tab.troubles, []);
    assert.deepEqual(await barriers(tab), []);
    await tab.context().close();
  });
}

looking('a lab is predicted, run and passed, and the prediction stands beside it', 'labs.html', async (tab) => {
  const lab = card(tab, 'page-killed');
  await lab.section.locator('.lab-choice').nth(1).click();
  assert.match(await lab.section.locator('.lab-predicted').textContent(), /You expect: up becomes 0/);
  await lab.run.click();
  await lab.state('running');
  assert.equal(await lab.run.textContent(), 'Stop');
  await lab.verdict('passed');
  await picture(tab, 'passed');
  assert.match(await lab.now.textContent(), /Passed in \d/);
  assert.equal(await lab.section.locator('[data-met="true"]').count(), 4);
  assert.deepEqual(await lab.section.locator('[data-step][data-done="true"] > strong').allTextContents(), ['Steady', 'Break', 'Expect', 'Mend', 'Recover']);
  assert.match(await lab.section.locator('[data-condition="1"] .lab-value').textContent(), /seen after [\d.]+ s of 20 s/);
  assert.match(await lab.section.locator('.lab-predicted').textContent(), /You expected: up becomes 0\. What happened:.*where == 0 was looked for, after/s);
  await tab.reload();
  await lab.section.locator('.lab-choice[aria-pressed="true"]').waitFor();
});

looking('a lab that fails shows what was seen, and what comes near', 'labs.html', async (tab) => {
  const lab = card(tab, 'never-seen');
  await lab.run.click();
  await lab.verdict('failed');
  await picture(tab, 'failed');
  const seen = await lab.section.locator('.lab-seen').textContent();
  assert.match(seen, /job/);
  assert.match(seen, /page/);
  assert.match(await lab.section.locator('[data-missed]').textContent(), /and not == 0/);
  assert.equal(await lab.section.locator('[data-step="expect"]').getAttribute('data-done'), 'false');
});

looking('stopping in the middle of a fault mends the stack', 'labs.html', async (tab) => {
  const lab = card(tab, 'long-wait');
  await lab.run.click();
  await tab.waitForFunction(() => document.querySelector('[data-lab="long-wait"] .lab-now').textContent.includes('looking for what is expected'), null, { timeout: 60_000 });
  assert.match(run(folder, 'status'), /paused/);
  await lab.run.click();
  await lab.state('ended');
  assert.doesNotMatch(run(folder, 'status'), /paused/);
});

looking('a page that is loaded again in the middle of a run shows the run', 'labs.html', async (tab) => {
  const lab = card(tab, 'long-wait');
  await lab.run.click();
  await lab.state('running');
  await tab.reload();
  await lab.state('running');
  const late = await tab.context().newPage();
  await late.goto(`${server.address}/labs.html`);
  await card(late, 'long-wait').state('running');
  await late.close();
  await lab.run.click();
  await lab.state('ended');
});

looking('while somebody watches, what is broken by hand is seen', 'labs.html', async (tab) => {
  const lab = card(tab, 'page-killed');
  await lab.section.getByRole('button', { name: 'Watch' }).click();
  await lab.state('watching');
  run(folder, 'fault', 'page', 'kill');
  await lab.section.locator('[data-condition="1"][data-met="true"]').waitFor({ timeout: 30_000 });
  await picture(tab, 'watching');
  // What is watched goes on being watched after the reset that was asked for.
  await lab.section.getByRole('button', { name: 'Reset' }).click();
  await lab.section.locator('[data-condition="1"][data-met="false"]').waitFor({ timeout: 30_000 });
  await lab.state('watching');
  await lab.section.getByRole('button', { name: 'Reset' }).waitFor({ state: 'hidden' });
  await lab.run.click();
  await lab.state('idle');
});

looking('what is watched makes room for everything that waits, and goes on after it', 'labs.html', async (tab) => {
  const watched = card(tab, 'page-killed');
  await watched.section.getByRole('button', { name: 'Watch' }).click();
  await watched.state('watching');
  const first = card(tab, 'never-seen');
  await first.run.click();
  await first.state('running');
  const second = card(tab, 'long-wait');
  await second.run.click();
  await second.state('running');
  await second.run.click();
  await second.state('ended');
  await watched.state('watching');
  await watched.run.click();
  await watched.state('idle');
});

looking('an exercise goes from red to green', 'tasks.html', async (tab) => {
  const lab = card(tab, 'page-down-rule');
  await lab.run.click();
  await lab.verdict('unsolved');
  cpSync(join(folder, 'solutions/rules.yml'), join(folder, 'labs/mine/rules.yml'));
  await lab.run.click();
  await lab.verdict('passed');
  await picture(tab, 'exercise');
});

looking('hints come one at a time, and a solution is asked for twice', 'tasks.html', async (tab) => {
  const lab = card(tab, 'page-closes');
  await lab.section.getByRole('button', { name: 'Show the solution' }).click();
  assert.equal(await lab.section.locator('.lab-solution pre').count(), 0);
  await lab.section.getByRole('button', { name: 'all the same' }).click();
  await lab.section.locator('.lab-solution pre').waitFor();
  const hints = card(tab, 'page-down-rule').section.locator('.lab-hints');
  await hints.locator('summary').click();
  assert.equal(await hints.locator('li:visible').count(), 0);
  await hints.getByRole('button').click();
  assert.equal(await hints.locator('li:visible').count(), 1);
});

looking('progress is kept, shown in the sidebar, and forgotten on request', 'progress.html', async (tab) => {
  await tab.locator('[data-lab-done="page-killed"][data-done="true"]').waitFor();
  assert.match(await tab.locator('ol.chapter .chapter-progress').first().textContent(), /1\/3/);
  const forget = tab.getByRole('button', { name: 'Forget everything' });
  await forget.click();
  await tab.getByRole('button', { name: 'press once more' }).click();
  await tab.locator('[data-lab-done="page-killed"][data-done="false"]').waitFor();
});

looking('panels are drawn from the running stack', 'labs.html', async (tab) => {
  await tab.locator('#panel-page-up').scrollIntoViewIfNeeded();
  await tab.locator('#panel-page-up svg .chart-curve').first().waitFor({ state: 'attached' });
  await tab.locator('#panel-page-up-table td').first().waitFor();
  await picture(tab, 'panels');
});

looking('the stack is seen, stopped and started', 'stack.html', async (tab) => {
  await tab.getByRole('rowheader', { name: 'metrics' }).waitFor();
  await tab.getByRole('button', { name: 'Stop the stack' }).click();
  await tab.getByText('is down').waitFor({ timeout: 60_000 });
  // What is not there cannot be watched, and the page says what to type.
  const labs = await tab.context().newPage();
  await labs.goto(`${server.address}/labs.html`);
  const { section, now } = card(labs, 'page-killed');
  await section.getByRole('button', { name: 'Watch' }).click();
  await section.getByText('obsbook up', { exact: true }).waitFor();
  assert.match(await now.textContent(), /no stack runs/);
  await labs.close();
  run(folder, 'up');
  await tab.getByRole('rowheader', { name: 'page' }).waitFor({ timeout: 60_000 });
  await picture(tab, 'stack');
});

looking('everything can be done with the keyboard alone', 'labs.html', async (tab) => {
  const lab = card(tab, 'page-killed');
  await tab.evaluate(() => document.querySelector('section.lab').focus?.());
  for (let step = 0; step < 200; step += 1) {
    await tab.keyboard.press('Tab');
    if (await lab.run.evaluate((button) => button === document.activeElement)) break;
  }
  assert.ok(await lab.run.evaluate((button) => button === document.activeElement), 'Tab reaches the button');
  const where = tab.url();
  // mdBook turns the page with these.
  await tab.keyboard.press('ArrowRight');
  assert.equal(tab.url(), where);
  await tab.keyboard.press('Enter');
  await lab.state('running');
  assert.ok(await lab.run.evaluate((button) => button === document.activeElement), 'the focus stays');
  await lab.verdict('passed');
  // What hides itself hands the focus on.
  await lab.section.getByRole('button', { name: 'Watch' }).press('Enter');
  await lab.state('watching');
  assert.ok(await lab.run.evaluate((button) => button === document.activeElement), 'the focus goes to what stops it');
  await tab.keyboard.press('Enter');
  await lab.state('idle');
});

test('a page says that its server is gone, and finds the next one', { timeout: 240_000 }, async () => {
  const other = await serve(folder, { name: 'obsbook-browser' });
  const tab = await page(chromium);
  await tab.goto(`${other.address}/labs.html`);
  const lab = card(tab, 'page-killed');
  await tab.locator('.lab-live:visible').first().waitFor();
  other.kill();
  await tab.getByText('The live server is gone').first().waitFor({ timeout: 60_000 });
  const port = Number(new URL(other.address).port);
  const again = await serve(folder, { port });
  await lab.section.locator('.lab-button-run[aria-disabled="false"]').waitFor({ timeout: 60_000 });
  assert.equal(await lab.run.textContent(), 'Run it here');
  // Another process that comes so soon that nobody misses the first one.
  await lab.run.click();
  await lab.state('running');
  again.kill();
  const third = await serve(folder, { port });
  await lab.section.and(tab.locator('[data-state=""]')).waitFor({ timeout: 60_000 });
  await lab.run.click();
  await lab.verdict('passed');
  await third.end();
  await tab.context().close();
});

test('a page shows what was saved', { timeout: 60_000 }, async () => {
  const own = copy_of_book();
  const saved = await serve(own);
  const tab = await page(chromium);
  await tab.goto(`${saved.address}/labs.html`);
  await tab.locator('.lab-live:visible').first().waitFor();
  const file = join(own, 'src/labs.md');
  writeFileSync(file, readFileSync(file, 'utf8').replace('marmalade', 'quince'));
  await tab.getByText('quince').waitFor();
  await tab.context().close();
  await saved.end();
  remove(own);
});

test('a page of plain mdbook serve runs labs, if its origin is named, and no other origin does', { timeout: 180_000 }, async () => {
  const [book, live] = [await free_port(), await free_port()];
  const plain = await mdbook_serve(folder, book, `http://127.0.0.1:${live}`);
  const other = await serve(folder, { port: live, words: ['--origin', plain.address] });
  const tab = await page(chromium);
  await tab.goto(`${plain.address}/labs.html`);
  const lab = card(tab, 'page-killed');
  await lab.run.click();
  await lab.verdict('passed');
  assert.deepEqual(tab.troubles, []);
  // The same page under another name of the same machine.
  await tab.goto(`http://localhost:${book}/labs.html`);
  await tab.waitForTimeout(3000);
  assert.equal(await tab.locator('.lab-live:visible').count(), 0);
  assert.ok(tab.troubles.some((trouble) => trouble.includes('CORS') || trouble.includes('403')), tab.troubles.join('\n'));
  await tab.context().close();
  await other.end();
  plain.end();
});

test('a hundred pages cost under 50 MiB, and none misses how a lab goes', { timeout: 180_000 }, async () => {
  const fresh = await serve(folder);
  const before = fresh.memory();
  const pages = await Promise.all(Array.from({ length: 100 }, () => listen(fresh.address, 'page-killed')));
  // One that never reads holds nobody up.
  const silent = await fetch(`${fresh.address}/api/events`);
  assert.equal(await ask(fresh.address, 'labs/page-killed/run'), 200);
  const deadline = Date.now() + 120_000;
  while (pages.some((told) => told.verdict === null) && Date.now() < deadline) await new Promise((done) => setTimeout(done, 200));
  const cost = fresh.memory() - before;
  console.log(`100 pages: ${cost.toFixed(1)} MiB beyond ${before.toFixed(1)}`);
  for (const told of pages) {
    assert.equal(told.verdict, 'passed');
    assert.deepEqual([...told.steps], ['steady', 'control', 'break', 'expect', 'recover']);
    told.close();
  }
  await silent.body.cancel();
  assert.ok(cost < 50, `${cost} MiB`);
  await fresh.end();
});

test('the page and the terminal come to the same verdict and the same evidence', { timeout: 180_000 }, async () => {
  const evidence = () => JSON.parse(readFileSync(join(folder, '.obsbook/evidence/page-killed.json'), 'utf8'));
  const facts = ({ verdict, conditions, faults, attempts }) => ({
    verdict,
    conditions: conditions.map(({ condition, phase, detected }) => ({ condition, phase, detected: detected !== null && detected !== undefined })),
    faults: faults.map(({ words, undone }) => ({ words, undone: Boolean(undone) })),
    asked: [...new Set(attempts.map((attempt) => attempt.condition))],
  });
  const in_page = await listen(server.address, 'page-killed');
  // What was known of the lab comes first.
  await new Promise((done) => setTimeout(done, 1000));
  assert.equal(await ask(server.address, 'labs/page-killed/run'), 200);
  const deadline = Date.now() + 120_000;
  const earlier = in_page.run;
  while ((in_page.verdict === null || in_page.run === earlier) && Date.now() < deadline) await new Promise((done) => setTimeout(done, 200));
  const of_page = facts(evidence());
  in_page.close();
  run(folder, 'check', 'page-killed');
  assert.deepEqual(of_page, facts(evidence()));
});

looking('a challenge is begun, mended, judged and answered', 'tasks.html', async (tab) => {
  const { section } = card(tab, 'silent-page');
  const press = (name) => section.getByRole('button', { name, exact: true }).click();
  await press('Begin');
  const begun = section.locator('.lab-challenge button[aria-disabled="true"]', { hasText: 'Begin' });
  await begun.waitFor({ timeout: 60_000 });
  // To look at the solution is not to give up.
  await press('Show the solution');
  await section.getByRole('button', { name: 'all the same' }).click();
  await section.locator('.lab-sealed pre').waitFor();
  await press('I have mended it');
  await section.and(tab.locator('[data-verdict="failed"]')).waitFor({ timeout: 100_000 });
  docker('unpause', 'obsbook-browser-page-1');
  await press('I have mended it');
  await section.and(tab.locator('[data-verdict="passed"]')).waitFor({ timeout: 90_000 });
  await section.locator('.lab-questions input.panel-search').fill('page');
  await section.getByLabel('it has died').check();
  await press('Check my answers');
  await section.locator('.lab-right.chart-bad').waitFor();
  await section.getByLabel('it does nothing').check();
  await press('Check my answers');
  await section.locator('.lab-right.chart-bad').waitFor({ state: 'detached' });
  assert.equal(await section.locator('.lab-right.chart-good').count(), 2);
  await picture(tab, 'challenge');
});

looking('a challenge that is given up shows what it was', 'tasks.html', async (tab) => {
  const { section } = card(tab, 'silent-page');
  const press = (name) => section.getByRole('button', { name }).click();
  await press('Begin');
  await section.locator('.lab-challenge button[aria-disabled="true"]', { hasText: 'Begin' }).waitFor({ timeout: 60_000 });
  await press('Give up');
  await press('show what it was');
  await section.locator('.lab-challenge .lab-solution').getByText('pause page', { exact: true }).waitFor({ timeout: 60_000 });
  assert.doesNotMatch(run(folder, 'status'), /paused/);
});
