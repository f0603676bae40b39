// The lab card while a live server is there: run, stop, watch, and what is seen meanwhile.
'use strict';

(() => {
  const { on, call, element } = window.obsbook;
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
  const BUSY = ['queued', 'preparing', 'running', 'recovering', 'watching'];
  const cards = new Map();

  // One place of a page that screen readers listen to: phase and verdict, and no values.
  const status = element('p', 'lab-status-for-readers');
  status.setAttribute('role', 'status');
  document.body.append(status);

  for (const section of document.querySelectorAll('section.lab')) {
    cards.set(section.dataset.lab, new_card(section));
  }

  function new_card(section) {
    const id = section.dataset.lab;
    const kind = section.dataset.kind;
    const run = element('button', 'lab-button lab-button-run', 'Run it here');
    const watch = element('button', 'lab-button', 'Watch');
    const reset = element('button', 'lab-button lab-button-reset', 'Reset');
    const line = element('p', 'lab-now');
    const seen = element('div', 'lab-seen');
    const live = element('div', 'lab-live', element('div', 'lab-buttons', run, watch, reset), line, seen);
    live.hidden = true;
    section.querySelector('.lab-run').before(live);
    // A challenge has buttons of its own.
    run.hidden = kind === 'challenge';
    for (const button of [run, watch, reset]) button.type = 'button';
    watch.title = 'Break things yourself, and see which expectations come true';
    reset.title = 'Undo whatever is broken in the stack';
    reset.hidden = true;
    const conditions = new Map();
    for (const item of section.querySelectorAll('[data-condition]')) {
      const value = element('span', 'lab-value');
      const spark = new_spark();
      const look = element('span', 'lab-look', value, spark.svg);
      look.hidden = true;
      item.append(look, tools(id, item));
      conditions.set(Number(item.dataset.condition), { item, look, value, spark });
    }
    const card = { id, kind, section, run, watch, reset, line, seen, live, conditions, view: null };
    run.addEventListener('click', () => press(card));
    watch.addEventListener('click', () => ask(card, `labs/${id}/watch`));
    reset.addEventListener('click', () => ask(card, 'stack/reset'));
    // mdBook turns pages with the arrow keys; inside a card they are the reader's.
    section.addEventListener('keydown', (event) => {
      if (event.target.closest('button, input, summary')) event.stopPropagation();
    });
    return card;
  }

  /** What can be done with a query: copy it, and see its course. */
  function tools(id, item) {
    const query = item.querySelector('.lab-query');
    const copy = element('button', 'lab-tool', 'Copy');
    const show = element('button', 'lab-tool lab-show', 'Show it live');
    for (const button of [copy, show]) button.type = 'button';
    copy.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(query.textContent);
        copy.textContent = 'Copied';
      } catch {
        copy.textContent = 'Select it by hand';
      }
      setTimeout(() => (copy.textContent = 'Copy'), 2000);
    });
    show.hidden = true;
    show.addEventListener('click', () => {
      const shown = item.querySelector('.panel');
      if (shown) {
        shown.remove();
        show.textContent = 'Show it live';
        return;
      }
      const figure = element('figure', 'panel', element('div', 'panel-body'));
      item.append(figure);
      window.obsbook.attachPanel(figure, `labs/${id}/conditions/${item.dataset.condition}`);
      show.textContent = 'Hide it';
    });
    if (!['promql', 'logql', 'trace', 'alert', 'panel'].includes(query.dataset.language)) return copy;
    return element('span', 'lab-tools', copy, show);
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

  function press(card) {
    const busy = card.view && BUSY.includes(card.view.state);
    ask(card, `labs/${card.id}/${busy ? 'stop' : 'run'}`);
  }

  async function ask(card, path) {
    try {
      await call(path);
    } catch (error) {
      card.line.textContent = error.message;
    }
  }

  on('connection', ({ up, since }) => {
    for (const card of cards.values()) {
      card.live.hidden = card.live.hidden && !up;
      card.section.classList.toggle('lab-lost', !up && !card.live.hidden);
      card.run.disabled = !up;
      card.watch.disabled = !up;
      card.reset.disabled = !up;
      for (const show of card.section.querySelectorAll('.lab-show')) show.hidden = !up;
      if (!up && !card.live.hidden) {
        const ago = Math.round((Date.now() - since) / 1000);
        card.line.textContent = broken(card)
          ? `The live server is gone since ${ago} s. The fault may still be in place: obsbook reset`
          : 'The live server is gone; looking for it';
      } else if (up) {
        show(card);
      }
    }
  });

  // What is broken now can be undone from each card, but from one that is run: there it is Stop that undoes.
  let in_place = [];
  on('stack', (view) => {
    in_place = view.in_place;
    for (const card of cards.values()) show_reset(card);
  });

  function show_reset(card) {
    const runs = card.view !== null && BUSY.includes(card.view.state) && card.view.state !== 'watching';
    card.reset.hidden = in_place.length === 0 || runs || card.kind === 'challenge';
  }

  function broken(card) {
    return card.view?.faults.some((fault) => fault.injected && !fault.undone) ?? false;
  }

  on('lab', (view) => {
    const card = cards.get(view.id);
    if (!card) return;
    const before = card.view;
    card.view = view;
    show(card);
    announce(card, before, view);
  });

  /** Says what changed to those who do not see it: a phase or a verdict. */
  function announce(card, before, view) {
    const said = phrase(view);
    if (before && phrase(before) !== said) {
      status.textContent = `${card.section.querySelector('.lab-title').textContent}: ${said}`;
    }
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
    const busy = view !== null && BUSY.includes(view.state);
    card.run.textContent = busy ? 'Stop' : card.kind === 'exercise' ? 'Check my answer' : 'Run it here';
    card.run.disabled = view?.state === 'recovering';
    card.watch.hidden = busy || card.kind === 'challenge';
    show_reset(card);
    card.section.dataset.state = view?.state ?? '';
    card.section.dataset.verdict = view?.verdict ?? '';
    if (view === null) return;
    card.line.textContent = sentence(view);
    for (const [index, known] of card.conditions) {
      const seen = view.conditions[index];
      known.item.dataset.met = seen?.met ?? '';
      known.look.hidden = !seen?.seen;
      known.value.textContent = seen?.seen ? look(seen) : '';
      known.spark.svg.classList.toggle('lab-spark-empty', !seen?.spark);
      known.spark.curve.setAttribute('d', seen?.spark ?? '');
      const bound = seen?.spark_bound;
      known.spark.bound.setAttribute('d', bound === null || bound === undefined || !seen.spark ? '' : `M0 ${bound}H120`);
    }
    card.seen.replaceChildren(...reasons(view));
  }

  function look(seen) {
    const mark = seen.met ? '✓' : '·';
    const found = seen.detected === null ? '' : `, seen after ${seen.detected.toFixed(1)} s`;
    return `${mark} now ${seen.seen}${found}`;
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
    if (view.seen.length > 0) {
      parts.push(element('ul', '', ...view.seen.map((line) => element('li', '', line))));
    }
    return parts;
  }
})();
