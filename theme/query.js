// The queries of cards: their parts told apart, which mdBook's highlighter cannot, and what can be done with one.
'use strict';

(() => {
  const { element, button } = window.obsbook;

  // Words of PromQL and LogQL that are neither names nor functions.
  const WORDS = new Set('and atan2 bool by decolorize drop group_left group_right ignoring json keep label_format line_format logfmt offset on or unless unwrap without'.split(' '));
  // A string, a number with its unit, or a name, and whether a bracket follows it, or a comparison with a string.
  const TOKEN = /("(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|`[^`]*`?)|(\d[\w.]*)|([A-Za-z_][\w:.]*)(?=(\()?(\s*(?:=~?|![=~])\s*["'`])?)/gs;
  const DRAWN = ['promql', 'logql', 'trace', 'alert', 'panel'];

  for (const code of document.querySelectorAll('.lab-query:is([data-language="promql"], [data-language="logql"])')) {
    // Where the search has marked something its marks stay.
    if (code.childElementCount === 0) code.replaceChildren(...parts(code.textContent));
  }

  function parts(text) {
    const made = [];
    let from = 0;
    for (const found of text.matchAll(TOKEN)) {
      const [token, string, number, name, call, comparison] = found;
      const kind = string ? 'string' : number ? 'number' : WORDS.has(name) ? 'keyword' : call ? 'built_in' : comparison ? 'attr' : '';
      if (!kind) continue;
      made.push(text.slice(from, found.index), element('span', `hljs-${kind}`, token));
      from = found.index + token.length;
    }
    return [...made, text.slice(from)];
  }

  /** Returns what can be done with the query of a condition: copy it, and see its course. */
  function tools(id, item) {
    const query = item.querySelector('.lab-query');
    const copy = button('Copy', async () => {
      try {
        await navigator.clipboard.writeText(query.textContent);
        copy.textContent = 'Copied';
      } catch {
        copy.textContent = 'Select it by hand';
      }
      setTimeout(() => (copy.textContent = 'Copy'), 2000);
    }, 'lab-tool');
    const show = button('Show it live', () => {
      const shown = item.querySelector('.panel');
      show.textContent = shown ? 'Show it live' : 'Hide it';
      if (shown) {
        shown.remove();
        return;
      }
      const figure = element('figure', 'panel', element('div', 'panel-body'));
      item.append(figure);
      window.obsbook.attachPanel(figure, `labs/${id}/conditions/${item.dataset.condition}`);
    }, 'lab-tool lab-show');
    show.hidden = true;
    return element('span', 'lab-tools', copy, DRAWN.includes(query.dataset.language) ? show : null);
  }

  window.obsbook.queryTools = tools;
})();
