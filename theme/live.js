// The connection to the live server, and what it last said. Without a server nothing here changes the page.
'use strict';

window.obsbook = (() => {
  const known = new Map();
  const listeners = new Map();
  let session = null;
  let base = null;
  let source = null;
  let heard = 0;
  let attempt = 0;
  let retry = null;
  // Whether the server is there; `null` until it was heard.
  let up = null;
  // The process that the page is of, and its build of the book.
  let served = null;

  // A stream that was silent for this long has lost its server: it beats every ten seconds.
  const SILENCE = 25_000;
  const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
  // Where this tab has found a server.
  const FOUND = 'obsbook-live';

  /** Calls `listener` with what is known of `kind` now, and whenever it changes. */
  function on(kind, listener) {
    if (!listeners.has(kind)) listeners.set(kind, new Set());
    listeners.get(kind).add(listener);
    for (const [key, value] of known) {
      if (key.startsWith(`${kind} `)) listener(value);
    }
  }

  function tell(kind, value) {
    known.set(`${kind} ${value?.id ?? ''}`, value);
    for (const listener of listeners.get(kind) ?? []) listener(value);
  }

  function remembered() {
    try {
      return sessionStorage.getItem(FOUND);
    } catch {
      return null;
    }
  }

  function remember(origin) {
    try {
      sessionStorage.setItem(FOUND, origin);
    } catch {
      // A browser that keeps nothing asks from pages with labs alone.
    }
  }

  /** Where a live server may be: where the book says, else where the page is from; `null` where nobody is to be asked. */
  function candidate() {
    const marked = document.querySelector('[data-live]');
    // In print every chapter is on one page, and nothing there is run.
    if (!marked || !LOOPBACK.includes(location.hostname) || location.pathname.endsWith('print.html')) return null;
    const origin = marked.dataset.live || location.origin;
    // A page with nothing to run asks another origin only once that one has answered.
    const asks = origin === location.origin || document.querySelector('section.lab, [data-panel], .obsbook-page') || remembered() === origin;
    return asks ? origin : null;
  }

  async function find() {
    const origin = candidate();
    if (!origin) return false;
    try {
      const answer = await fetch(`${origin}/api/session`, { credentials: 'omit' });
      if (!answer.ok || !answer.headers.get('content-type')?.includes('json')) return false;
      session = await answer.json();
    } catch {
      // Nobody listens there.
      return false;
    }
    base = origin;
    remember(origin);
    return true;
  }

  async function connect() {
    if (source || document.hidden) return;
    if (!(await find())) {
      if (session) lose();
      return;
    }
    if (source || document.hidden) return;
    heard = Date.now();
    source = new EventSource(`${base}/api/events`);
    for (const kind of ['lab', 'progress', 'stack', 'work']) {
      source.addEventListener(kind, (event) => {
        hear();
        tell(kind, JSON.parse(event.data));
      });
    }
    source.addEventListener('server', renew);
    source.addEventListener('beat', hear);
    source.addEventListener('error', () => {
      if (source?.readyState === EventSource.CLOSED) lose();
    });
  }

  /** Of a book that was built again, and of a process that has another token, the page shows and says what was. */
  function renew({ data, lastEventId }) {
    // An event's id begins with the process.
    const now = `${lastEventId.split('-')[0]} ${data}`;
    if (served !== null && served !== now) location.reload();
    served = now;
  }

  function hear() {
    heard = Date.now();
    attempt = 0;
    if (up === true) return;
    up = true;
    tell('connection', { up });
  }

  function close() {
    source?.close();
    source = null;
  }

  /** The server is gone, or is another one: its token is asked for anew. */
  function lose() {
    close();
    attempt += 1;
    clearTimeout(retry);
    retry = setTimeout(connect, Math.min(1000 * 2 ** attempt, 15_000));
    if (up === false) return;
    up = false;
    tell('connection', { up, since: heard });
  }

  setInterval(() => {
    if (source && Date.now() - heard > SILENCE) lose();
  }, 5000);

  // One stream a page, and none for a page that nobody sees: a browser allows six to one host.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) close();
    else connect();
  });
  // Somebody comes back from the terminal, where a server may have been started.
  window.addEventListener('focus', connect);

  async function taken(answer) {
    const json = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(json.error ?? `the live server answered ${answer.status}`);
    return json;
  }

  /** Asks the server to do something; returns its answer, or throws an error whose message is for the reader. */
  async function call(path, body = {}) {
    return taken(
      await fetch(`${base}/api/${path}`, {
        method: 'POST',
        credentials: 'omit',
        headers: { 'content-type': 'application/json', 'x-obsbook-token': session.token },
        body: JSON.stringify(body),
      }),
    );
  }

  async function read(path) {
    return taken(await fetch(`${base}/api/${path}`, { credentials: 'omit' }));
  }

  /** Returns an element with a class and children; text is text, never markup. */
  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  /** Returns a button that calls `press`. */
  function button(words, press, className = 'lab-button') {
    const made = element('button', className, words);
    made.type = 'button';
    made.addEventListener('click', () => {
      if (made.getAttribute('aria-disabled') !== 'true') press();
    });
    return made;
  }

  /** Lets a button do something, or nothing; unlike one that is disabled it keeps the focus. */
  function able(button, is) {
    button.setAttribute('aria-disabled', String(!is));
  }

  /** Hides a button, or shows it. The focus of one that goes is `next`'s, since elsewhere it would be lost. */
  function hide(button, is, next) {
    if (is && button === document.activeElement) {
      if (next.tabIndex < 0) next.tabIndex = -1;
      next.focus();
    }
    button.hidden = is;
  }

  // One place of a page that screen readers listen to: phases, verdicts and refusals, and no values.
  const status = element('p', 'lab-for-readers');
  status.setAttribute('role', 'status');
  document.body.append(status);

  /** Says something to those who do not see it. */
  function say(words) {
    // A new element, so that the same words are said again.
    status.replaceChildren(element('span', '', words));
  }

  /** Shows words at their place, and says them. */
  function note(place, words) {
    place.textContent = words;
    say(words);
  }

  /** Returns a drawing that the server made. It is XML, so that what it names is never markup of the page's own. */
  function svg(text) {
    const drawn = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
    return drawn.nodeName === 'svg' ? document.importNode(drawn, true) : '';
  }

  /** Code that is wider than the page is scrolled, which a keyboard can only do where it can go. */
  function reach() {
    for (const code of document.querySelectorAll('main pre, main pre code, main .table-wrapper')) {
      if (code.scrollWidth > code.clientWidth) code.tabIndex = 0;
    }
  }

  // mdBook turns pages with these keys; where something is pressed or scrolled they are the reader's.
  document.querySelector('main')?.addEventListener('keydown', (event) => {
    const is_sideways = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
    if (is_sideways && event.target.closest('.lab, .panel, .obsbook-page, [tabindex="0"]')) event.stopPropagation();
  });

  document.addEventListener('DOMContentLoaded', connect);
  window.addEventListener('load', () => document.fonts.ready.then(reach));
  if (document.readyState !== 'loading') connect();
  const chapters = () => session?.chapters ?? [];
  const isUp = () => source !== null && up !== false;
  return { on, call, read, element, button, able, hide, say, note, svg, chapters, isUp };
})();
