// A challenge in the page: begin it, say that it is mended, answer what is asked, or give up.
'use strict';

(() => {
  const { on, call, element, button, able, say, note } = window.obsbook;
  if (location.pathname.endsWith('print.html')) return;
  const GIVE_UP = 'Give up';
  const all = [...document.querySelectorAll('section.lab[data-kind="challenge"]')].map(make);

  function make(section) {
    const id = section.dataset.lab;
    const said = element('p', 'lab-now');
    const shown = element('div', 'lab-solution');
    const ask = (what) => call(`labs/${id}/${what}`).catch((error) => note(said, error.message));
    const begin = button('Begin', () => ask('begin'));
    const judge = button('I have mended it', () => ask('judge'));
    let sure = false;
    let gives_up = false;
    const give_up = button(GIVE_UP, () => {
      if (sure) {
        gives_up = true;
        ask('give-up');
        return;
      }
      sure = true;
      give_up.textContent = 'Give up: show what it was, and mend it';
    });
    const questions = [...section.querySelectorAll('.lab-questions > li')].map((item) => question(item));
    const answer = button('Check my answers', async () => {
      try {
        const { right } = await call(`labs/${id}/answer`, { answers: questions.map(({ value }) => value()) });
        right.forEach((is_right, index) => questions[index].mark(is_right));
        say(`${right.filter(Boolean).length} of ${right.length} answers are right`);
      } catch (error) {
        note(said, error.message);
      }
    });
    const place = element('div', 'lab-challenge', element('div', 'lab-buttons', begin, judge, give_up), said, shown);
    place.hidden = true;
    section.querySelector('.lab-run').before(place);
    section.querySelector('.lab-questions')?.after(answer);
    answer.hidden = true;

    function update(steps) {
      const given_up = steps?.gave_up > steps?.started;
      const mended = steps?.passed_last > steps?.started;
      const begun = Boolean(steps?.started) && !mended && !given_up;
      able(begin, !begun);
      able(judge, begun);
      able(give_up, begun);
      answer.hidden = !mended;
      if (begun) return;
      sure = false;
      give_up.textContent = GIVE_UP;
      if (given_up && gives_up) window.obsbook.reveal(id, shown).catch((error) => note(said, error.message));
      gives_up = false;
    }
    update(null);
    return { id, place, update };
  }

  function question(item) {
    const choices = [...item.querySelectorAll('ol > li')];
    const verdict = element('span', 'lab-right');
    if (choices.length === 0) {
      const input = element('input', 'panel-search');
      input.setAttribute('aria-label', item.firstChild.textContent);
      item.append(input, verdict);
      return { value: () => input.value.trim(), mark: (right) => mark(verdict, right) };
    }
    const name = `question-${Math.random().toString(36).slice(2)}`;
    for (const choice of choices) {
      const radio = element('input');
      radio.type = 'radio';
      radio.name = name;
      radio.value = choice.textContent;
      choice.replaceChildren(element('label', '', radio, ' ', ...choice.childNodes));
    }
    item.append(verdict);
    return { value: () => item.querySelector('input:checked')?.value ?? '', mark: (right) => mark(verdict, right) };
  }

  function mark(verdict, right) {
    verdict.textContent = right ? ' ✓ right' : ' ✗ not right';
    verdict.className = `lab-right ${right ? 'chart-good' : 'chart-bad'}`;
  }

  on('connection', ({ up }) => {
    for (const one of all) one.place.hidden = !up;
  });

  on('progress', (now) => {
    for (const one of all) one.update(now.labs[one.id]);
  });
})();
