// The lab card while a live server is there: run, stop, watch, and what is seen meanwhile.
'use strict';

(() => {
  const { on, call, element, button, able, hide, say, note, queryTools } = window.obsbook;
  // In print every chapter is on one page, and nothing there is run.
  if (document.querySelector('section.lab') === null || location.pathname.endsWith('print.html')) return;

  const WORDS = {
    passed: 'Passed',
    failed: 'Failed',
    vacuous: 'Proved nothing',
    unsteady: 'Not steady',
    unrecovered: 'Did not recover',
    invalid: 'Invalid',
    unsolved: 'Unsolved',
    skipped: 'Skipped',
  };
  const SHAPES = { passed: '✓', failed: '✗', vacuous: '○', unsteady: '~', unrecovered: '!', invalid: '!', unsolved: '…' };
  const STEPS = {
    steady: 'looking at the steady state',
    control: 'making sure that nothing expected is true yet',
    break: 'breaking',
    expect: 'looking for what is expected',
    recover: 'mended; waiting for the steady state',
  };
  // The part of the card where a part of the run is seen, where that has another name.
  const PLACES = { control: 'expect' };
  const RUNS = ['running', 'recovering'];
  const BUSY = ['queued', 'preparing', 'watching', ...RUNS];
  const cards = new Map();
  // Since when the server is gone.
  let lost = null;

  for (const section of document.querySelectorAll('section.lab')) cards.set(section.dataset.lab, new_card(section));

  function new_card(section) {
    const id = section.dataset.lab;
    const kind = section.dataset.kind;
    const card = { id, kind, section, view: null, conditions: new Map() };
    card.run = button('Run it here', () => press(card), 'lab-button lab-button-run');
    card.watch = button('Watch', () => ask(card, `labs/${id}/watch`));
    card.reset = button('Reset', () => ask(card, 'stack/reset'));
    card.said = element('span', '');
    // What changes every second is no part of what is said.
    card.time = element('span', '');
    card.seen = element('div', 'lab-seen');
    card.live = element('div', 'lab-live', element('div', 'lab-buttons', card.run, card.watch, card.reset), element('p', 'lab-now', card.said, card.time), card.seen);
    card.live.hidden = true;
    section.querySelector('.lab-run').before(card.live);
    // A challenge has buttons of its own.
    card.run.hidden = kind === 'challenge';
    card.watch.title = 'Break things yourself, and see which expectations come true';
    card.reset.title = 'Undo whatever is broken in the stack';
    card.reset.hidden = true;
    for (const item of section.querySelectorAll('[data-condition]')) {
      const value = element('span', 'lab-value');
      const spark = new_spark();
      const look = element('span', 'lab-look', value, spark.svg);
      look.hidden = true;
      item.append(look, queryTools(id, item));
      card.conditions.set(Number(item.dataset.condition), { item, look, value, spark });
    }
    return card;
  }

  function new_spark() {
    const of = (tag) => document.createElementNS('http://www.w3.org/2000/svg', tag);
    const svg = of('svg');
    svg.setAttribute('class', 'lab-spark');
    svg.setAttribute('viewBox', '0 0 120 24');
    svg.setAttribute('aria-hidden', 'true');
    const bound = of('path');
    bound.setAttribute('class', 'lab-spark-bound');
    const curve = of('path');
    curve.setAttribute('class', 'lab-spark-curve');
    svg.append(bound, curve);
    return { svg, bound, curve };
  }

  function is_busy({ view }) {
    return view !== null && BUSY.includes(view.state);
  }

  function press(card) {
    ask(card, `labs/${card.id}/${is_busy(card) ? 'stop' : 'run'}`);
  }

  async function ask(card, path) {
    try {
      await call(path);
    } catch (error) {
      note(card.said, error.message);
    }
  }

  on('connection', ({ up, since }) => {
    lost = up ? null : since;
    for (const card of cards.values()) {
      card.live.hidden = card.live.hidden && !up;
      const is_lost = !up && !card.live.hidden;
      card.section.classList.toggle('lab-lost', is_lost);
      able(card.watch, up);
      able(card.reset, up);
      for (const tool of card.section.querySelectorAll('.lab-show')) tool.hidden = !up;
      show(card);
      if (is_lost) {
        card.said.textContent = last_words(card);
        say(card.said.textContent);
      }
    }
  });

  /** What a reader has to know once nobody can mend the stack from here. */
  function last_words({ view }) {
    const left = (view?.faults ?? []).filter((fault) => fault.injected && !fault.undone);
    if (left.length === 0) return 'The live server is gone; looking for it';
    const ends = left.map((fault) => fault.ends);
    const until = ends.every(Boolean) ? ` until ${new Date(Math.max(...ends)).toLocaleTimeString()}` : '';
    return `The live server is gone. The fault may still be in place${until}: obsbook reset`;
  }

  // What is broken now can be undone from each card, but from one that is run: there it is Stop that undoes.
  let in_place = [];
  on('stack', (view) => {
    in_place = view.in_place;
    for (const card of cards.values()) show_reset(card);
  });

  function show_reset(card) {
    const runs = is_busy(card) && card.view.state !== 'watching';
    hide(card.reset, in_place.length === 0 || runs || card.kind === 'challenge', card.run);
  }

  on('lab', (view) => {
    const card = cards.get(view.id);
    if (!card) return;
    const before = card.view;
    card.view = view;
    show(card);
    const is_new = before?.verdict !== view.verdict || before?.run !== view.run;
    if (is_new && view.verdict === 'passed') card.section.querySelector('.lab-after')?.setAttribute('open', '');
    announce(card, before, view);
  });

  /** Says what changed to those who do not see it: a phase or a verdict. */
  function announce(card, before, view) {
    const said = phrase(view);
    if (before && phrase(before) !== said) say(`${card.section.querySelector('.lab-title').textContent}: ${said}`);
  }

  function phrase(view) {
    if (view.state === 'ended') return WORDS[view.verdict] ?? view.verdict;
    if (view.state === 'queued') return 'waiting';
    if (view.state === 'preparing') return 'the stack comes up';
    if (view.state === 'watching') return 'watching';
    return STEPS[view.steps.at(-1)?.step] ?? '';
  }

  function show(card) {
    const view = card.view;
    const busy = is_busy(card);
    card.run.textContent = busy ? 'Stop' : card.kind === 'exercise' ? 'Check my answer' : 'Run it here';
    able(card.run, lost === null && view?.state !== 'recovering');
    hide(card.watch, busy || card.kind === 'challenge', card.run);
    show_reset(card);
    card.section.dataset.state = view?.state ?? '';
    card.section.dataset.verdict = view?.verdict ?? '';
    card.said.textContent = view === null ? '' : sentence(view);
    tick(card);
    if (view === null) return;
    light(card);
    const missed = first_missed(view);
    for (const [index, known] of card.conditions) {
      const seen = view.conditions[index];
      known.item.dataset.met = seen?.met ?? '';
      known.item.toggleAttribute('data-missed', index === missed);
      known.look.hidden = !seen?.seen;
      known.value.textContent = seen?.seen ? look(seen, view.state === 'ended', index === missed) : '';
      known.spark.svg.classList.toggle('lab-spark-empty', !seen?.spark);
      known.spark.curve.setAttribute('d', seen?.spark ?? '');
      const bound = seen?.spark_bound;
      known.spark.bound.setAttribute('d', bound === null || bound === undefined || !seen.spark ? '' : `M0 ${bound}H120`);
    }
    card.seen.replaceChildren(...reasons(view));
  }

  /** Lights up what came out as it should, and what is under way. */
  function light({ section, view }) {
    const now = RUNS.includes(view.state) ? view.steps.at(-1) : null;
    for (const item of section.querySelectorAll('[data-step]')) {
      const place = item.dataset.step;
      const last = view.steps.filter(({ step }) => (PLACES[step] ?? step) === place).at(-1);
      const held = view.state !== 'watching' && last?.step === place && last.held;
      item.dataset.done = String(Boolean(held));
      if (now && last === now && !held) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
    }
  }

  /** The place of the condition that a lab ended with; none of one that passed. */
  function first_missed({ state, verdict, conditions }) {
    if (state !== 'ended' || !['failed', 'unsteady', 'unrecovered'].includes(verdict)) return -1;
    return conditions.findIndex(({ phase, always, met, detected }) => {
      if (phase === 'steady' || always) return met === false;
      return verdict !== 'unsteady' && met === false && detected === null;
    });
  }

  /** How long what is under way has taken, and what it may take; of a server that is gone, since when. */
  function tick(card) {
    const { view } = card;
    const seconds = (since) => Math.max(0, Math.round((Date.now() - since) / 1000));
    const step = view && RUNS.includes(view.state) ? view.steps.at(-1) : null;
    let words = '';
    if (lost !== null) words = ` · for ${seconds(lost)} s`;
    else if (step?.ended === null) {
      const limits = view.conditions.filter(({ phase }) => phase === step.step).map(({ within }) => within);
      words = ` · ${seconds(step.began)} s${limits.length ? ` of at most ${Math.max(...limits)} s` : ''}`;
    }
    if (card.time.textContent !== words) card.time.textContent = words;
  }

  setInterval(() => {
    for (const card of cards.values()) tick(card);
  }, 1000);

  function look(seen, has_ended, is_missed) {
    if (is_missed) return `✗ ${seen.seen}, and not ${seen.bound}`;
    const found = seen.detected === null ? '' : `, seen after ${seen.detected.toFixed(1)} s of ${seen.within} s`;
    return `${seen.met ? '✓' : '·'} ${has_ended ? 'last' : 'now'} ${seen.seen}${found}`;
  }

  function sentence(view) {
    if (view.state === 'ended') {
      const mark = SHAPES[view.verdict] ?? '';
      if (view.reason === 'interrupted') return 'Stopped; what was broken is mended';
      const took = view.seconds === null ? '' : ` in ${view.seconds.toFixed(1)} s`;
      return `${mark} ${WORDS[view.verdict] ?? view.verdict}${took}`;
    }
    const words = phrase(view);
    return words && view.activity ? `${words}: ${view.activity}` : (view.activity ?? words);
  }

  function reasons(view) {
    // What kept it from beginning has a way out.
    if (view.state === 'idle') return view.seen.map((line) => element('p', 'lab-reason', line));
    if (view.state !== 'ended' || view.verdict === 'passed' || view.reason === 'interrupted') return [];
    const parts = [element('p', 'lab-reason', view.reason ?? '')];
    if (view.seen.length > 0) parts.push(element('ul', '', ...view.seen.map((line) => element('li', '', line))));
    return parts;
  }
})();
