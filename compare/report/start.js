/* start.js: the page put together. */

const ofRun = [
  ['facts', w('項目', 'Facts'), factsSection],
  ['stages', w('段階', 'Stages'), stagesSection],
  ['calls', w('システムコール', 'System calls'), callsSection],
  ['map', w('SysProcAttr', 'SysProcAttr'), mapSection],
  ['bench', w('速さ', 'Speed'), benchSection],
  ['machine', w('環境', 'Machine'), machineSection],
];
const ofMerge = [
  ['runs', w('マシン', 'Machines'), runsSection],
  ['differences', w('異なる項目', 'Differences'), differencesSection],
];
const parts = data.merge ? ofMerge : ofRun;

function setTheme(name) {
  if (name === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}

/* The element that the address names is opened, with all that it lies in. */
function openTarget() {
  let id = location.hash.slice(1);

  try {
    id = decodeURIComponent(id);
  } catch {
    /* as it is */
  }
  const target = id && document.getElementById(id);
  if (!target) return;
  for (let node = target; node; node = node.parentElement) if (node.tagName === 'DETAILS') node.open = true;
  target.dispatchEvent(new CustomEvent('target'));
  target.scrollIntoView();
}

function start() {
  const shown = data.merge || report;
  const theme = recall('theme') || 'auto';
  const first = recall('language') || (navigator.language.startsWith('ja') ? 'ja' : 'en');

  live(
    (text) => (document.title = text),
    () => `${shown.spec} · ${shown.summary.mismatches ? '✗' : '✓'} · twinbox`,
  );
  fill(document.getElementById('skip'), {}, [w('本文へ', 'to the content')]);
  document.getElementById('switches').append(
    choice(
      w('言語', 'language'),
      [
        ['ja', '日本語'],
        ['en', 'English'],
      ],
      first,
      (name) => {
        keep('language', name);
        setLanguage(name);
      },
    ),
    choice(
      w('配色', 'theme'),
      [
        ['auto', w('自動', 'auto')],
        ['light', w('明', 'light')],
        ['dark', w('暗', 'dark')],
      ],
      theme,
      (name) => {
        keep('theme', name);
        setTheme(name);
      },
    ),
  );
  fill(document.getElementById('nav'), { 'aria-label': w('この画面の部分', 'parts of this page') }, [
    el(
      'ul',
      {},
      parts.map(([id, title]) => el('li', {}, el('a', { href: '#' + id }, title))),
    ),
  ]);
  fill(document.getElementById('main'), {}, [
    data.merge ? matrixHead() : verdictHead(),
    ...parts.map(([, , make]) => make()),
  ]);
  setTheme(theme);
  setLanguage(first);
  for (const b of document.querySelectorAll('#switches [data-value]'))
    if (b.dataset.value === first) b.setAttribute('aria-pressed', 'true');
  openTarget();
  addEventListener('hashchange', openTarget);
  /* On paper nothing can be opened: the facts are, and what the reader opened. */
  addEventListener('beforeprint', () => {
    for (const g of document.querySelectorAll('details.group:not([hidden])')) g.open = true;
  });
  document.addEventListener('keydown', (event) => {
    const search = document.getElementById('search');
    if (!search || event.key !== '/' || event.target.matches('input') || event.ctrlKey || event.metaKey || event.altKey)
      return;
    event.preventDefault();
    search.focus();
  });
}

start();
