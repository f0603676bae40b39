// Panels: drawn from the running stack, for as long as somebody sees them.
'use strict';

(() => {
  const { on, read, element, button, svg } = window.obsbook;
  if (location.pathname.endsWith('print.html')) return;

  const EVERY = 2000;
  const SHOWN = { chart, stat, table, lines, traces, alerts, nothing };
  const seen = new Set();
  let paused = false;

  const looking = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) seen.add(target);
      else seen.delete(target);
    }
    refresh();
  });

  /** Draws the panel at `path` into `figure` for as long as it is seen. */
  function attach(figure, path) {
    figure.obsbookPath = path;
    figure.append(button(words_of_pause(), pause, 'lab-button panel-pause'));
    looking.observe(figure);
  }

  /** One button stands for all. */
  function pause() {
    paused = !paused;
    for (const other of document.querySelectorAll('.panel-pause')) other.textContent = words_of_pause();
    refresh();
  }

  function words_of_pause() {
    return paused ? 'Go on' : 'Pause';
  }

  async function refresh() {
    if (paused || document.hidden || !window.obsbook.isUp()) return;
    await Promise.all([...seen].map(update));
  }

  async function update(figure) {
    // One question at a time: a slow answer is not asked for again.
    if (figure.obsbookAsking || figure.contains(document.activeElement?.closest('.panel-body'))) return;
    figure.obsbookAsking = true;
    const body = figure.querySelector('.panel-body');
    try {
      const view = await read(figure.obsbookPath);
      body.replaceChildren(...SHOWN[view.kind](view, figure), ...links(view.links ?? []));
    } catch (error) {
      body.replaceChildren(element('p', 'panel-off', error.message));
    } finally {
      figure.obsbookAsking = false;
    }
  }

  setInterval(refresh, EVERY);
  on('connection', refresh);

  for (const figure of document.querySelectorAll('[data-panel]')) attach(figure, `panels/${figure.dataset.panel}`);

  function chart(view, figure) {
    const parts = [svg(view.svg)];
    if (view.table) {
      const open = figure.querySelector('.lab-numbers')?.open ?? false;
      const numbers = element('details', 'lab-numbers', element('summary', '', 'As numbers'), markup(view.table));
      numbers.open = open;
      parts.push(numbers);
    }
    return parts;
  }

  /** A table that the server made and escaped; scripts in it would not run, since the page's policy names each. */
  function markup(html) {
    const parsed = new DOMParser().parseFromString(html, 'text/html');
    return parsed.body.firstElementChild ?? '';
  }

  function stat(view) {
    return [element('div', 'panel-stats', ...view.values.map((value) => {
      const number = element('strong', 'panel-number', tone(value.tone), value.words);
      if (value.tone) number.dataset.tone = value.tone;
      return element('div', 'panel-stat', number, value.name, spark(value.spark));
    }))];
  }

  function table(view) {
    const rows = view.rows.map((row) => {
      const bar = element('span', 'panel-bar');
      bar.style.width = `${Math.round(row.share * 100)}%`;
      return element('tr', '', element('th', '', row.name || 'value'), element('td', '', tone(row.tone), row.words), element('td', 'panel-bars', bar));
    });
    for (const row of rows) row.firstChild.scope = 'row';
    return [element('table', 'panel-table', element('tbody', '', ...rows))];
  }

  /** Shape and colour say the same, so that neither is needed. */
  function tone(name) {
    const mark = { good: '✓ ', warn: '! ', bad: '✗ ' }[name];
    return mark ? element('span', `chart-${name}`, mark) : '';
  }

  function spark(path) {
    if (!path) return '';
    const drawn = svg(`<svg xmlns="http://www.w3.org/2000/svg" class="lab-spark" viewBox="0 0 120 24" aria-hidden="true"><path class="lab-spark-curve"/></svg>`);
    drawn.firstElementChild.setAttribute('d', path);
    return drawn;
  }

  function time(milliseconds) {
    return new Date(milliseconds).toLocaleTimeString([], { hour12: false, hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });
  }

  function lines(view, figure) {
    let search = figure.querySelector('.panel-search');
    if (!search) {
      search = element('input', 'panel-search');
      search.type = 'search';
      search.placeholder = 'search these lines';
      search.setAttribute('aria-label', 'search these lines');
      search.addEventListener('input', () => filter(figure));
      figure.querySelector('.panel-body').before(search);
    }
    const rows = view.lines.map(log_line);
    const list = element('ol', 'panel-lines', ...rows);
    const note = element('p', 'panel-note', view.lines.length === 0 ? 'no lines in this time' : `${view.lines.length} lines${view.more ? ', and older ones' : ''}`);
    queueMicrotask(() => filter(figure));
    return [note, list];
  }

  function filter(figure) {
    const wanted = figure.querySelector('.panel-search')?.value.toLowerCase() ?? '';
    for (const row of figure.querySelectorAll('.panel-lines > li')) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  }

  function log_line(line) {
    const labels = Object.entries(line.labels).map(([name, value]) => element('span', 'panel-label', `${name}=${value}`));
    const more = element('details', '', element('summary', '', element('time', '', time(line.at)), ' ', line.labels.service ?? line.labels.service_name ?? '', ' ', line.text));
    more.append(element('div', 'panel-labels', ...labels));
    const row = element('li', '', more);
    const level = (line.labels.severity_text ?? line.labels.level ?? '').toLowerCase();
    if (level) row.dataset.level = level;
    return row;
  }

  function traces(view, figure) {
    if (view.traces.length === 0) return [element('p', 'panel-off', 'no such trace in this time')];
    const longest = Math.max(...view.traces.map((trace) => trace.took));
    const opened = new Set([...figure.querySelectorAll('.panel-trace[open]')].map((open) => open.dataset.trace));
    return view.traces.map((trace) => {
      // One that is being read stays as it is.
      const kept = opened.has(trace.id) && figure.querySelector(`.panel-trace[data-trace="${CSS.escape(trace.id)}"]`);
      return kept || trace_row(trace, longest, figure);
    });
  }

  function trace_row(trace, longest, figure) {
    const bar = element('span', 'panel-bar');
    bar.style.width = `${Math.max(1, Math.round((trace.took / longest) * 100))}%`;
    const head = element('summary', '', element('time', '', time(trace.at)), ` ${trace.title} `, element('span', 'panel-took', `${trace.took.toFixed(1)} ms`), ` ${trace.spans.length} spans `, trace.failed ? tone('bad') : '', element('span', 'panel-bars', bar));
    const row = element('details', 'panel-trace', head);
    row.dataset.trace = trace.id;
    row.addEventListener('toggle', () => {
      if (row.open && row.childElementCount === 1) open_trace(row, trace, figure);
    });
    return row;
  }

  function open_trace(row, trace, figure) {
    const spans = trace.spans.map((span) => {
      const bar = element('span', 'panel-bar');
      bar.style.marginInlineStart = `${(span.offset / trace.took) * 100}%`;
      bar.style.width = `${Math.max(0.4, (span.took / trace.took) * 100)}%`;
      const name = element('span', 'panel-span-name', span.failed ? tone('bad') : '', element('b', '', span.service), ` ${span.name}`);
      name.style.paddingInlineStart = `${span.depth * 0.9}em`;
      const head = element('summary', '', name, element('span', 'panel-took', `${span.took.toFixed(1)} ms`), element('span', 'panel-bars', bar));
      const events = span.events.map((event) => element('li', '', `${event.offset.toFixed(1)} ms `, pairs(event.fields)));
      return element('li', '', element('details', '', head, pairs(span.attributes), events.length ? element('ul', '', ...events) : ''));
    });
    row.append(element('p', 'panel-note', `trace ${trace.id}`), element('ol', 'panel-spans', ...spans));
    // Only a panel of the prose has a name under which the log lines of its traces are asked for.
    if (!figure.obsbookPath.startsWith('panels/')) return;
    const logs = element('div', 'panel-logs', element('p', 'panel-note', 'looking for its log lines'));
    row.append(logs);
    read(`${figure.obsbookPath}/traces/${trace.id}`).then(
      (found) => logs.replaceChildren(found.lines.length ? element('ol', 'panel-lines', ...found.lines.map(log_line)) : element('p', 'panel-note', 'no log line has this trace id')),
      (error) => logs.replaceChildren(element('p', 'panel-note', error.message)),
    );
  }

  function pairs(map) {
    return element('div', 'panel-labels', ...Object.entries(map).map(([name, value]) => element('span', 'panel-label', `${name}=${value}`)));
  }

  /** A list that may be longer than its box, which a keyboard scrolls where it can go. */
  function scrolled(items) {
    const list = element('ul', 'panel-alerts', ...items);
    list.tabIndex = 0;
    return list;
  }

  function alerts(view) {
    const now = view.alerts.map((alert) => element('li', '', tone(alert.state === 'firing' ? 'bad' : 'warn'), element('b', '', alert.name), ` ${alert.state} since ${time(alert.since)} `, pairs(alert.labels)));
    const sent = view.notifications.map((one) => element('li', '', `${time(one.at)} ${one.channel} `, tone(one.status === 'firing' ? 'bad' : 'good'), `${one.status} ${one.title}`));
    return [
      now.length ? scrolled(now) : element('p', 'panel-note', 'no alert is pending or firing'),
      view.history ? svg(view.history) : '',
      element('p', 'panel-note', sent.length ? 'Notifications, the newest first:' : 'no notification in this time'),
      sent.length ? scrolled(sent) : '',
    ];
  }

  function links(all) {
    return all.map(({ tool, href }) => {
      const link = element('a', 'panel-link', `Open in ${tool}`);
      link.href = href;
      link.target = '_blank';
      link.rel = 'noreferrer';
      return link;
    });
  }

  function nothing(view) {
    return [element('p', 'panel-off', view.words)];
  }

  window.obsbook.attachPanel = attach;
})();
