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
  let lost = false;

  // A stream that was silent for this long has lost its server: it beats every ten seconds.
  const SILENCE = 25_000;
  const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

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

  /** Where a live server may be: where the book says, else where the page is from, and only for a page of this machine. */
  function candidate() {
    return document.querySelector('[data-live]')?.dataset.live || location.origin;
  }

  async function find() {
    if (!LOOPBACK.includes(location.hostname)) return false;
    const origin = candidate();
    try {
      const answer = await fetch(`${origin}/api/session`, { credentials: 'omit' });
      if (!answer.ok || !answer.headers.get('content-type')?.includes('json')) return false;
      session = await answer.json();
      base = origin;
      return true;
    } catch {
      // Nobody listens there.
      return false;
    }
  }

  async function connect() {
    if (source || document.hidden) return;
    if (!(await find())) {
      if (session) lose();
      return;
    }
    if (source || document.hidden) return;
    source = new EventSource(`${base}/api/events`);
    for (const kind of ['lab', 'server', 'progress', 'stack', 'work']) {
      source.addEventListener(kind, (event) => {
        hear();
        tell(kind, JSON.parse(event.data));
      });
    }
    source.addEventListener('beat', hear);
    source.addEventListener('error', () => {
      if (source?.readyState === EventSource.CLOSED) lose();
    });
  }

  function hear() {
    heard = Date.now();
    attempt = 0;
    lost = false;
    tell('connection', { up: true });
  }

  function close() {
    source?.close();
    source = null;
  }

  /** The server is gone, or is another one: its token is asked for anew. */
  function lose() {
    close();
    if (!lost) {
      lost = true;
      tell('connection', { up: false, since: heard });
    }
    attempt += 1;
    setTimeout(connect, Math.min(1000 * 2 ** attempt, 15_000));
  }

  setInterval(() => {
    if (source && heard && Date.now() - heard > SILENCE) lose();
  }, 5000);

  // One stream a page, and none for a page that nobody sees: a browser allows six to one host.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) close();
    else connect();
  });

  /** Asks the server to do something; returns its answer, or throws an error whose message is for the reader. */
  async function call(path, body = {}) {
    const answer = await fetch(`${base}/api/${path}`, {
      method: 'POST',
      credentials: 'omit',
      headers: { 'content-type': 'application/json', 'x-obsbook-token': session.token },
      body: JSON.stringify(body),
    });
    const json = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(json.error ?? `the live server answered ${answer.status}`);
    return json;
  }

  async function read(path) {
    const answer = await fetch(`${base}/api/${path}`, { credentials: 'omit' });
    if (!answer.ok) throw new Error(`the live server answered ${answer.status}`);
    return answer.json();
  }

  /** Returns an element with a class and children; text is text, never markup. */
  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  /** Returns a button that calls `press`. */
  function button(words, press) {
    const made = element('button', 'lab-button', words);
    made.type = 'button';
    made.addEventListener('click', press);
    return made;
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

  document.addEventListener('DOMContentLoaded', connect);
  window.addEventListener('load', () => document.fonts.ready.then(reach));
  if (document.readyState !== 'loading') connect();
  return { on, call, read, element, button, svg, chapters: () => session?.chapters ?? [], isUp: () => Boolean(source) && !lost };
})();
