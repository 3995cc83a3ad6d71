/* base.js: the data, two languages, and how elements are made. All text of a spec or of the kernel
 * reaches the page as text nodes and attribute values, never as markup. */
'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const report = data.report;

/* --- Two languages -------------------------------------------------------- */

/* What is said in both: { ja, en }, or a function that says it in the language of the moment. */
const w = (ja, en) => ({ ja, en });
let language = 'en';
const spoken = [];

function say(texts) {
  if (typeof texts === 'function') return texts();
  if (texts === null || texts === undefined) return '';
  return typeof texts === 'object' ? texts[language] || texts.en : String(texts);
}

/* Calls set with the text now and, where it has two languages, after every switch. */
function live(set, texts) {
  set(say(texts));
  if (typeof texts === 'function' || (texts && typeof texts === 'object')) spoken.push(() => set(say(texts)));
}

function setLanguage(name) {
  language = name;
  document.documentElement.lang = name;
  for (const speak of spoken) speak();
}

/* Kept where the browser lets a file keep anything. */
function recall(key) {
  try {
    return localStorage.getItem('twinbox.' + key);
  } catch {
    return null;
  }
}

function keep(key, value) {
  try {
    localStorage.setItem('twinbox.' + key, value);
  } catch {
    /* then not */
  }
}

/* --- Elements ------------------------------------------------------------- */

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') for (const [event, f] of Object.entries(value)) node.addEventListener(event, f);
    else live((text) => node.setAttribute(name, text), value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    if (child instanceof Node) {
      node.append(child);
      continue;
    }
    const text = document.createTextNode('');
    live((s) => (text.data = s), child);
    node.append(text);
  }
  return node;
}

const el = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);
const svg = (tag, properties, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);

const hidden = (texts) => el('span', { class: 'unseen' }, texts);

/* A sentence of shared/*.json: what stands between backquotes is code. */
function prose(texts) {
  const node = el('span', {});

  live(
    (text) => node.replaceChildren(...text.split('`').map((part, i) => (i % 2 ? el('code', {}, part) : part))),
    texts,
  );
  return node;
}

/* A section of the page with its heading. */
function section(id, title, ...children) {
  return el('section', { id, 'aria-labelledby': id + '-h' }, el('h2', { id: id + '-h' }, title), ...children);
}

/* A choice of one: buttons, of which one is pressed. names: [[value, texts]]. */
function choice(label, names, first, chosen) {
  const buttons = names.map(([value, texts]) =>
    el(
      'button',
      {
        type: 'button',
        'data-value': value,
        'aria-pressed': String(value === first),
        on: { click: () => choose(value) },
      },
      texts,
    ),
  );

  function choose(value) {
    for (const b of buttons) b.setAttribute('aria-pressed', String(b.dataset.value === value));
    chosen(value);
  }
  return el('div', { class: 'choice', role: 'group', 'aria-label': label }, buttons);
}

/* A table with its roles spelled out: on a narrow screen its rows are no table rows for CSS. */
const table = (properties, ...parts) => el('table', { role: 'table', ...properties }, ...parts);
const row = (properties, ...cells) => el('tr', { role: 'row', ...properties }, ...cells);
const cell = (properties, ...children) => el('td', { role: 'cell', ...properties }, ...children);
const head = (...names) =>
  el(
    'thead',
    { role: 'rowgroup' },
    row(
      {},
      names.map((name) => el('th', { role: 'columnheader', scope: 'col' }, name)),
    ),
  );

/* --- Words that several parts use ------------------------------------------ */

const roles = {
  cbox: w('C、libcbox', 'C, libcbox'),
  gobox: w('Go、標準ライブラリだけ', 'Go, nothing but the standard library'),
  bridge: w('Go、各段階は C (cgo)', 'Go, its stages by C (cgo)'),
  crun: w('参考: C の OCI ランタイム', 'for reference: an OCI runtime in C'),
  runc: w('参考: Go の OCI ランタイム', 'for reference: an OCI runtime in Go'),
};
const places = {
  native: w('直接実行', 'native'),
  lab: w('lab (使い捨ての VM)', 'lab (a throw-away VM)'),
};

const columnName = (name) =>
  el('span', { class: 'column', 'data-column': name }, el('i', { 'aria-hidden': 'true' }), name);

/* Milliseconds with three digits that count. */
function milliseconds(ms) {
  if (ms < 0.001) return '0';
  return ms.toFixed(ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0);
}

/* When a part was made: it may be older than the facts. */
function madeAt(file) {
  const time = data.made && data.made[file];
  return el('p', { class: 'soft' }, time ? w(`作成: ${time}`, `Made: ${time}`) : '');
}

/*
 * A box that draws itself for its width, now and when that changes. Its unit is a pixel of a page
 * with letters of 16: on a projector all that is drawn grows with the letters.
 */
function figure(draw) {
  const box = el('div', { class: 'figure' });
  let drawn = 0;

  new ResizeObserver(() => {
    const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    const width = Math.round(box.clientWidth / unit);
    if (!width || width === drawn) return;
    drawn = width;
    box.replaceChildren(draw(width));
  }).observe(box);
  return box;
}

/* Where a part is missing: how it comes to be there. */
const missing = (texts) => el('p', { class: 'missing' }, texts);
