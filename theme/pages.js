// Whole pages that live on the server's answers: the stack, the dashboards, progress and skills.
'use strict';

(() => {
  const { on, call, read, element, button, able, say, note, svg } = window.obsbook;
  if (location.pathname.endsWith('print.html')) return;
  const MAKE = { stack, dashboards, progress, skills: progress };
  for (const section of document.querySelectorAll('.obsbook-page')) MAKE[section.dataset.page]?.(section);

  function mib(bytes) {
    return `${Math.round(bytes / 1048576)} MiB`;
  }

  function stack(section) {
    const said = element('p', 'lab-now');
    const answer = element('p', 'lab-now');
    const log = element('pre', 'stack-log');
    log.tabIndex = 0;
    const buttons = element('div', 'lab-buttons');
    const table = element('div', '');
    const map = element('div', 'stack-map');
    const ask = (path) => call(path).then(() => (answer.textContent = ''), (error) => note(answer, error.message));
    const place = element('div', 'stack-live', said, buttons, answer, log, map, table);
    place.hidden = true;
    section.append(place);
    let profiles = null;
    let trouble = null;
    on('connection', ({ up }) => {
      place.hidden = !up;
      section.querySelector('.panel-off').hidden = up;
    });
    on('work', (work) => {
      log.textContent = work.lines.join('\n');
      log.hidden = work.lines.length === 0;
      for (const other of buttons.children) able(other, !work.doing || other.textContent === 'Stop this');
      const before = trouble;
      trouble = work.lines.find((line) => line.startsWith('error: '));
      if (trouble && trouble !== before) say(trouble);
    });
    on('stack', (view) => {
      const running = view.services.filter((service) => service.tone === 'good').length;
      const words = view.trouble ?? (view.services.length === 0 ? `stack ${view.project} is down` : `stack ${view.project}: ${view.profiles.length === 0 ? '' : view.profile ? `profile ${view.profile} is up, ` : 'no profile is whole, '}${running} of ${view.services.length} services are well, ${mib(view.services.reduce((sum, service) => sum + service.memory, 0))}`);
      if (view.trouble && said.textContent !== words) say(words);
      said.textContent = words;
      if (profiles !== view.profiles.join()) {
        profiles = view.profiles.join();
        buttons.replaceChildren(
          ...view.profiles.map((profile) => button(`Start ${profile}`, () => ask(`stack/up/${profile}`))),
          button('Reset', () => ask('stack/reset')),
          button('Stop the stack', () => ask('stack/down')),
          button('Stop this', () => ask('stack/stop')),
        );
      }
      const broken = view.in_place.map((words) => element('li', '', `broken: ${words}`));
      map.replaceChildren(view.map ? svg(view.map) : '', broken.length ? element('ul', '', ...broken) : '');
      // Memory changes at nearly every look, which must not take the focus from a link.
      if (!table.contains(document.activeElement)) table.replaceChildren(view.services.length ? services(view.services) : '');
    });
  }

  function services(all) {
    const head = ['Service', 'State', 'Memory', 'Limit', 'Restarts', 'Where'].map((words) => element('th', '', words));
    const rows = all.map((service) => {
      const links = service.addresses.map((address) => {
        const link = element('a', '', address.replace('http://', ''));
        link.href = address;
        link.rel = 'noreferrer';
        return element('span', 'stack-link', link, ' ');
      });
      const mark = { good: '✓ ', warn: '! ', bad: '✗ ' }[service.tone];
      const name = element('th', '', service.service);
      name.scope = 'row';
      return element('tr', '', name, element('td', `chart-${service.tone}`, `${mark}${service.state}`), element('td', '', mib(service.memory)), element('td', '', service.memory_limit ? mib(service.memory_limit) : 'none'), element('td', '', String(service.restarts)), element('td', '', ...links));
    });
    return element('table', 'panel-table', element('thead', '', element('tr', '', ...head)), element('tbody', '', ...rows));
  }

  function dashboards(section) {
    let shown = false;
    on('connection', async ({ up }) => {
      section.querySelector('.panel-off').hidden = up;
      if (!up || shown) return;
      shown = true;
      const { dashboards: all } = await read('dashboards');
      for (const board of all) {
        const figures = board.panels.map((panel, number) => {
          const figure = element('figure', panel.wide ? 'panel panel-wide' : 'panel', element('figcaption', '', panel.title), element('div', 'panel-body'));
          if (panel.description) figure.title = panel.description;
          window.obsbook.attachPanel(figure, `dashboards/${board.uid}/${number}`);
          return figure;
        });
        const part = element('details', 'dashboard', element('summary', '', board.title), element('div', 'dashboard-panels', ...figures));
        part.id = `dashboard-${board.uid}`;
        section.append(part);
      }
      if (location.hash.startsWith('#dashboard-')) section.querySelector(`#${CSS.escape(location.hash.slice(1))}`)?.setAttribute('open', '');
    });
  }

  function progress(section) {
    const off = section.querySelector('.panel-off');
    const save = button('Export', async () => {
      const text = JSON.stringify(await read('progress'), null, 2);
      const link = element('a');
      link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
      link.download = 'obsbook-progress.json';
      link.click();
      URL.revokeObjectURL(link.href);
    });
    let sure = false;
    const forget = button('Forget everything', async () => {
      if (!sure) {
        sure = true;
        forget.textContent = 'Forget it: press once more';
        return;
      }
      await call('progress/reset').catch((error) => note(sum, error.message));
      sure = false;
      forget.textContent = 'Forget everything';
    });
    const sum = element('p', 'lab-now');
    const place = element('div', '', sum, element('div', 'lab-buttons', save, forget));
    place.hidden = true;
    off.after(place);
    on('connection', ({ up }) => {
      off.hidden = up;
      place.hidden = !up;
    });
    on('progress', (now) => {
      const items = [...section.querySelectorAll('[data-lab-done]')];
      let done = 0;
      for (const item of items) {
        const steps = now.labs[item.dataset.labDone];
        const is_done = Boolean(steps?.done);
        done += is_done ? 1 : 0;
        item.dataset.done = String(is_done);
        let how = item.querySelector('.lab-steps-done');
        if (!how) item.append((how = element('span', 'lab-steps-done')));
        const passed = steps?.passed ? `passed ${steps.passed.slice(0, 10)}` : '';
        how.textContent = is_done ? ` ✓ ${passed}` : passed ? ` ${passed}; its questions are open` : steps?.runs ? ` tried ${steps.runs} times` : '';
      }
      for (const skill of section.querySelectorAll('[data-skill]')) {
        const open = skill.querySelectorAll('[data-done="false"]').length;
        skill.dataset.learnt = String(open === 0);
        let how = skill.querySelector(':scope > .lab-steps-done');
        if (!how) skill.querySelector('strong').after((how = element('span', 'lab-steps-done')));
        const all = skill.querySelectorAll('[data-done]').length;
        how.textContent = open === 0 ? ' ✓ learnt' : ` ${all - open} of ${all}`;
      }
      sum.textContent = `${done} of ${items.length} labs done`;
    });
  }
})();
