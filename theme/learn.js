// What a reader has done: predictions, hints one at a time, sealed solutions, and marks in the sidebar.
'use strict';

(() => {
  const { on, call, element, button, hide, say, note } = window.obsbook;
  if (location.pathname.endsWith('print.html')) return;
  const KEPT = 'obsbook-predictions';
  let progress = { labs: {} };
  // What each lab was last seen to do.
  const views = new Map();

  /** Without a server a prediction is kept in this browser, so that it stands beside the evidence all the same. */
  function kept() {
    try {
      return JSON.parse(localStorage.getItem(KEPT)) ?? {};
    } catch {
      return {};
    }
  }

  function predicted(id) {
    return progress.labs[id]?.prediction ?? kept()[id] ?? null;
  }

  for (const section of document.querySelectorAll('section.lab')) {
    const asked = section.querySelector('.lab-predict');
    if (asked) offer(section, asked);
    const hints = section.querySelector('.lab-hints');
    if (hints) ladder(section, hints);
    if (section.dataset.kind !== 'lab') seal(section);
  }

  function offer(section, asked) {
    const id = section.dataset.lab;
    const list = asked.querySelector('ol');
    const said = element('div', 'lab-predicted');
    [...list.children].forEach((item, index) => {
      const choice = button('', () => choose(id, index), 'lab-choice');
      choice.append(...item.childNodes);
      choice.setAttribute('aria-pressed', 'false');
      item.replaceChildren(choice);
    });
    asked.append(said);
    show_prediction(section);
  }

  async function choose(id, choice) {
    try {
      localStorage.setItem(KEPT, JSON.stringify({ ...kept(), [id]: choice }));
    } catch {
      // A browser that keeps nothing still shows it until the page is left.
    }
    (progress.labs[id] ??= {}).prediction = choice;
    for (const section of document.querySelectorAll(`section.lab[data-lab="${CSS.escape(id)}"]`)) show_prediction(section);
    if (window.obsbook.isUp()) await call(`labs/${id}/predict`, { choice }).catch(() => {});
  }

  function show_prediction(section) {
    const choice = predicted(section.dataset.lab);
    const buttons = section.querySelectorAll('.lab-choice');
    buttons.forEach((one, index) => one.setAttribute('aria-pressed', String(index === choice)));
    const said = section.querySelector('.lab-predicted');
    if (!said || choice === null || !buttons[choice]) return;
    const words = buttons[choice].textContent;
    const happened = outcome(section, views.get(section.dataset.lab));
    if (happened) {
      said.replaceChildren(element('p', '', `You expected: ${words}. What happened:`), happened);
      return;
    }
    const next = section.querySelector('.lab-evidence') ? 'The run that is drawn here says what happens; or run it, and see.' : 'Run it, and see.';
    said.replaceChildren(element('p', '', `You expect: ${words}. ${next}`));
  }

  /** What a run that came to its end has shown of what is expected; nothing of any other run. */
  function outcome(section, view) {
    if (view?.state !== 'ended' || !['passed', 'failed'].includes(view.verdict)) return null;
    const lines = view.conditions.map(({ phase, seen, bound, detected }, index) => {
      const query = section.querySelector(`[data-condition="${index}"] .lab-query`)?.textContent;
      if (phase !== 'expect' || !query || seen === null) return null;
      const when = detected === null ? '' : `, after ${detected.toFixed(1)} s`;
      return element('li', '', element('code', '', query), `: ${seen}, where ${bound} was looked for${when}`);
    });
    return element('ul', '', ...lines);
  }

  on('lab', (view) => {
    const before = views.get(view.id);
    views.set(view.id, view);
    if (before?.state === view.state) return;
    const section = document.querySelector(`section.lab[data-lab="${CSS.escape(view.id)}"]`);
    if (section) show_prediction(section);
  });

  /** Hints are asked for one at a time: each is folded until the one before it was open. */
  function ladder(section, hints) {
    const items = [...hints.querySelectorAll('li')];
    let shown = 0;
    const name = () => (more.textContent = `Hint ${shown + 1} of ${items.length}`);
    const more = button('', () => {
      const next = items[shown];
      next.hidden = false;
      shown += 1;
      if (shown === items.length) hide(more, true, next);
      else {
        say(next.textContent);
        name();
      }
      if (window.obsbook.isUp()) call(`labs/${section.dataset.lab}/hint`).catch(() => {});
    });
    for (const item of items) item.hidden = true;
    hints.querySelector('ol').after(more);
    name();
  }

  /** The solution is shown when somebody asks for it twice: once to be asked back. */
  function seal(section) {
    const id = section.dataset.lab;
    const shown = element('div', 'lab-solution');
    let sure = false;
    const open = button('Show the solution', async () => {
      const tried = (progress.labs[id]?.runs ?? 0) > 0;
      if (!tried && !sure) {
        sure = true;
        open.textContent = 'You have not tried yet. Show it all the same';
        return;
      }
      try {
        await reveal(id, shown);
        hide(open, true, shown);
      } catch (error) {
        note(shown, error.message);
      }
    });
    const place = element('div', 'lab-sealed', open, shown);
    place.hidden = true;
    section.append(place);
    on('connection', ({ up }) => {
      // What was shown stays.
      place.hidden = !up && !open.hidden;
    });
  }

  /** Shows how a lab is solved, and of a challenge what is broken. */
  async function reveal(id, shown) {
    const { file, text, broken } = await call(`labs/${id}/reveal`);
    const faults = broken && element('ul', '', ...broken.map((words) => element('li', '', words)));
    shown.replaceChildren(
      ...(faults ? [element('p', '', 'The breakage:'), faults] : []),
      element('p', '', `What solves it, ${file}:`),
      element('pre', '', element('code', '', text)),
    );
  }

  window.obsbook.reveal = reveal;

  on('progress', (now) => {
    progress = now;
    document.querySelectorAll('section.lab').forEach(show_prediction);
    mark();
  });

  /** A mark at each chapter of the sidebar whose labs are all done, and a count at those that are begun. */
  function mark() {
    const chapters = window.obsbook.chapters();
    for (const link of document.querySelectorAll('ol.chapter li.chapter-item a[href]')) {
      const path = new URL(link.href).pathname;
      const labs = chapters.find((chapter) => path.endsWith(`/${chapter.page}`))?.labs ?? [];
      if (labs.length === 0) continue;
      const done = labs.filter((id) => progress.labs[id]?.done).length;
      link.querySelector('.chapter-progress')?.remove();
      if (done === 0) continue;
      const seen = element('span', '', done === labs.length ? ' ✓' : ` ${done}/${labs.length}`);
      seen.setAttribute('aria-hidden', 'true');
      const read = element('span', 'lab-for-readers', `, ${done} of ${labs.length} labs done`);
      link.append(element('span', 'chapter-progress', seen, read));
    }
  }
})();
