// What a reader has done: predictions, hints one at a time, sealed solutions, and marks in the sidebar.
'use strict';

(() => {
  const { on, call, element } = window.obsbook;
  if (location.pathname.endsWith('print.html')) return;
  const KEPT = 'obsbook-predictions';
  let progress = { labs: {} };

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
    const said = element('p', 'lab-predicted');
    [...list.children].forEach((item, index) => {
      const button = element('button', 'lab-choice', ...item.childNodes);
      button.type = 'button';
      button.setAttribute('aria-pressed', 'false');
      button.addEventListener('click', () => choose(id, index));
      item.replaceChildren(button);
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
    buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(index === choice)));
    const said = section.querySelector('.lab-predicted');
    if (said && choice !== null && buttons[choice]) {
      said.textContent = `You expect: ${buttons[choice].textContent}. Run it, and see.`;
    }
  }

  /** Hints are asked for one at a time: each is folded until the one before it was open. */
  function ladder(section, hints) {
    const items = [...hints.querySelectorAll('li')];
    const more = element('button', 'lab-button', 'Next hint');
    more.type = 'button';
    const count = () => items.filter((item) => !item.hidden).length;
    const update = () => {
      more.textContent = `Hint ${count() + 1} of ${items.length}`;
      more.hidden = count() === items.length;
    };
    items.forEach((item) => {
      item.hidden = true;
    });
    more.addEventListener('click', () => {
      const next = items[count()];
      if (!next) return;
      next.hidden = false;
      update();
      if (window.obsbook.isUp()) call(`labs/${section.dataset.lab}/hint`).catch(() => {});
    });
    hints.querySelector('ol').after(more);
    update();
  }

  /** The solution is shown when somebody asks for it twice: once to be asked back. */
  function seal(section) {
    const id = section.dataset.lab;
    const open = element('button', 'lab-button', 'Show the solution');
    open.type = 'button';
    const shown = element('div', 'lab-solution');
    const place = element('div', 'lab-sealed', open, shown);
    place.hidden = true;
    section.append(place);
    on('connection', ({ up }) => {
      place.hidden = !up;
    });
    let sure = false;
    open.addEventListener('click', async () => {
      const tried = (progress.labs[id]?.runs ?? 0) > 0;
      if (!tried && !sure) {
        sure = true;
        open.textContent = 'You have not tried yet. Show it all the same';
        return;
      }
      try {
        const { file, text } = await call(`labs/${id}/reveal`);
        const code = element('code', '', text);
        shown.replaceChildren(element('p', '', file), element('pre', '', code));
        open.hidden = true;
      } catch (error) {
        shown.textContent = error.message;
      }
    });
  }

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
      const done = labs.filter((id) => progress.labs[id]?.passed).length;
      let note = link.querySelector('.chapter-progress');
      if (!note) {
        note = element('span', 'chapter-progress');
        link.append(note);
      }
      note.textContent = done === 0 ? '' : done === labs.length ? ' ✓' : ` ${done}/${labs.length}`;
      note.setAttribute('aria-label', done === 0 ? '' : `, ${done} of ${labs.length} labs passed`);
    }
  }
})();
