// A challenge in the page: begin it, say that it is mended, answer what is asked, or give up.
'use strict';

(() => {
  const { on, call, element, button } = window.obsbook;
  if (location.pathname.endsWith('print.html')) return;
  const all = [...document.querySelectorAll('section.lab[data-kind="challenge"]')].map(make);

  function make(section) {
    const id = section.dataset.lab;
    const said = element('p', 'lab-now');
    const ask = (what) => call(`labs/${id}/${what}`).catch((error) => (said.textContent = error.message));
    const begin = button('Begin', () => ask('begin'));
    const judge = button('I have mended it', () => ask('judge'));
    let sure = false;
    const give_up = button('Give up', () => {
      if (sure) return ask('give-up');
      sure = true;
      give_up.textContent = 'Give up: show what it was, and mend it';
      return undefined;
    });
    const questions = [...section.querySelectorAll('.lab-questions > li')].map((item) => question(item));
    const answer = button('Check my answers', async () => {
      try {
        const { right } = await call(`labs/${id}/answer`, { answers: questions.map(({ value }) => value()) });
        right.forEach((is_right, index) => questions[index].mark(is_right));
      } catch (error) {
        said.textContent = error.message;
      }
    });
    const place = element('div', 'lab-challenge', element('div', 'lab-buttons', begin, judge, give_up), said);
    place.hidden = true;
    section.querySelector('.lab-run').before(place);
    section.querySelector('.lab-questions')?.after(answer);
    answer.hidden = true;
    return { id, place, begin, judge, give_up, answer, questions };
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
    for (const one of all) {
      const steps = now.labs[one.id];
      const begun = Boolean(steps?.started) && !(steps.passed_last > steps.started) && !(steps.gave_up > steps.started);
      one.begin.disabled = begun;
      one.judge.disabled = !begun;
      one.give_up.disabled = !begun;
      one.answer.hidden = !(steps?.passed_last > steps?.started);
    }
  });
})();
