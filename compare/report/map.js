/* map.js: the fields of syscall.SysProcAttr as a table; a row opens to its programs and calls. */

const sides = { go: 'Go', c: 'C' };

function mapName(entry) {
  if (entry.kind === 'flag') return `${entry.field}: ${entry.flag}`;
  return entry.kind === 'nothing' ? w('(何も設定しない)', '(nothing set)') : entry.id;
}

function mapSources(entry) {
  return el(
    'div',
    { class: 'sides' },
    Object.entries(sides).map(([side, name]) =>
      el(
        'figure',
        { class: 'source' },
        el(
          'figcaption',
          {},
          el(
            'span',
            { class: 'column', 'data-column': side === 'go' ? 'gobox' : 'cbox' },
            el('i', { 'aria-hidden': 'true' }),
            name,
          ),
          el('code', {}, `shared/sysprocattr/${entry.id}.${side}`),
        ),
        el('pre', { tabindex: '0', 'aria-label': `${name}: ${entry.id}` }, el('code', {}, entry.source[side] || '')),
      ),
    ),
  );
}

function mapCalls(entry) {
  const body = entry.rows.map((r) => {
    const text = (side) =>
      cell(
        { 'data-column': side === 'go' ? 'gobox' : 'cbox', class: r[side] ? null : 'empty' },
        r[side] ? el('code', {}, r[side]) : '·',
      );
    const who = cell({ class: 'who' }, r.who === 'child' ? w('子', 'child') : w('親', 'parent'));
    const why =
      r.kind === 'only'
        ? row(
            { class: 'reason' },
            cell({}),
            cell({ colspan: 2 }, r.reason ? prose(r.reason) : w('理由なし', 'no reason given')),
          )
        : null;

    return el(
      'tbody',
      { role: 'rowgroup', class: r.kind },
      row(
        {},
        who,
        r.kind === 'same' && r.go === r.c
          ? cell({ colspan: 2, class: 'both' }, el('code', {}, r.go))
          : [text('go'), text('c')],
      ),
      why,
    );
  });

  return body.length
    ? table({ class: 'calls' }, head(hidden(w('誰が', 'who')), 'Go', 'C'), body)
    : el('p', {}, w('呼び出しはありません。', 'No call.'));
}

function mapFacts(entry) {
  const facts = [...entry.effect.map((f) => [f, true]), ...entry.unchanged.map((f) => [f, false])];
  const line = ([f, changed]) =>
    row(
      { class: changed ? 'changes' : null },
      el(
        'th',
        { role: 'rowheader', scope: 'row' },
        prose(f.title),
        changed ? null : el('span', { class: 'soft' }, w(' (変わらない)', ' (unchanged)')),
      ),
      cell({ 'data-label': w('前', 'before') }, valueNode(f.before)),
      f.go === f.c
        ? cell({ colspan: 2, 'data-label': 'Go, C' }, valueNode(f.go))
        : [cell({ 'data-label': 'Go' }, valueNode(f.go)), cell({ 'data-label': 'C' }, valueNode(f.c))],
    );

  if (!facts.length) return null;
  return [
    el('h3', {}, w('子プロセスの事実', 'Facts of the child')),
    table(
      { class: 'map-facts' },
      head(w('事実', 'fact'), w('前', 'before'), 'Go', 'C'),
      el('tbody', { role: 'rowgroup' }, facts.map(line)),
    ),
    el(
      'p',
      { class: 'soft' },
      w(
        `ほかも含めて ${entry.facts.equal} 項目が Go と C で同じです。`,
        `With the others ${entry.facts.equal} facts are equal in Go and C.`,
      ),
    ),
  ];
}

function mapTrap(entry) {
  if (!entry.trap) return null;
  return el(
    'div',
    { class: 'trap' },
    el('h3', {}, w('落とし穴', 'Trap')),
    el('p', {}, prose(w(entry.trap.ja, entry.trap.en))),
    el('p', { class: 'soft' }, (entry.trap.sources || []).map((s) => s.title).join(' · ')),
  );
}

function mapDetail(entry, move) {
  const steps = el(
    'p',
    { class: 'steps' },
    el('button', { type: 'button', on: { click: () => move(-1) } }, w('← 前', '← previous')),
    el('button', { type: 'button', on: { click: () => move(1) } }, w('次 →', 'next →')),
  );

  if (entry.newer)
    return [
      el(
        'p',
        { class: 'missing' },
        w(`Go ${entry.since.slice(2)} からです。`, `It came with Go ${entry.since.slice(2)}.`),
      ),
      mapTrap(entry),
      steps,
    ];
  return [
    mapTrap(entry),
    mapSources(entry),
    el('h3', {}, w('そのための呼び出し', 'Calls made for it')),
    entry.fails_under_strace ? el('p', { class: 'reason' }, prose(entry.fails_under_strace)) : null,
    mapCalls(entry),
    mapFacts(entry),
    steps,
  ];
}

/* Two rows: the entry's line with its button, and below it what the button opens. */
function mapRows(entry, columns, move) {
  const names = [...new Set(((entry.calls || {}).go || []).map((c) => c.text.replace(/\(.*$/s, '')))];
  const detail = cell({ colspan: columns, id: 'map-detail-' + entry.id });
  const below = row({ class: 'detail', hidden: true }, detail);
  const button = el(
    'button',
    {
      type: 'button',
      'aria-expanded': 'false',
      'aria-controls': 'map-detail-' + entry.id,
      on: { click: () => open(button.getAttribute('aria-expanded') !== 'true') },
    },
    mapName(entry),
  );
  const line = row(
    {
      id: 'map-' + entry.id,
      class: 'line ' + entry.kind,
      on: { target: () => open(true), click: (event) => event.target.closest('button') || button.click() },
    },
    el('th', { role: 'rowheader', scope: 'row' }, button),
    cell({}, prose(entry.title)),
    cell(
      { class: 'names', 'data-label': w('呼び出し', 'calls') },
      names.slice(0, 4).map((n) => [el('code', {}, n), ' ']),
      names.length > 4 ? '…' : null,
    ),
    cell({ 'data-label': w('Go から', 'since Go') }, entry.since.slice(2)),
    cell(
      { class: 'verdict' },
      entry.newer
        ? '–'
        : el(
            'span',
            { class: entry.match ? 'same' : 'mismatch' },
            entry.match ? w('一致', 'equal') : w('不一致', 'differs'),
          ),
    ),
  );

  function open(on) {
    if (on && !detail.firstChild) fill(detail, {}, [mapDetail(entry, move)]);
    button.setAttribute('aria-expanded', String(on));
    below.hidden = !on;
  }
  return { entry, rows: [line, below], button, open };
}

function mapOrder(order) {
  return el(
    'details',
    { class: 'as-table' },
    el('summary', {}, w('Go の子プロセスが呼ぶ順序', 'The order in which Go’s child makes its calls')),
    el(
      'ol',
      { class: 'order' },
      order.map((o) => el('li', {}, el('code', {}, o.text), ' ', el('span', { class: 'soft' }, o.fields.join(', ')))),
    ),
  );
}

function mapSection() {
  const map = data.map;
  const title = 'syscall.SysProcAttr';

  if (!map)
    return section(
      'map',
      title,
      missing(
        w('対応表はまだありません。`make report` が加えます。', 'The map is not made yet: `make report` adds it.'),
      ),
    );
  const titles = [
    w('フィールド', 'field'),
    w('意味', 'what it does'),
    w('Go の呼び出し', 'calls of Go'),
    'Go',
    w('Go と C', 'Go and C'),
  ];
  const items = map.entries.map((entry, i) => mapRows(entry, titles.length, (step) => move(i, step)));

  function move(i, step) {
    const next = items[(i + step + items.length) % items.length];
    items[i].open(false);
    next.open(true);
    next.button.focus({ preventScroll: true });
    next.rows[0].scrollIntoView({ block: 'start' });
  }
  return section(
    'map',
    title,
    el(
      'p',
      {},
      w(
        `${map.go} の各フィールドと CLONE_NEW* フラグについて、数行の Go と、同じことを頼む C を実際に動かしました。` +
          `${map.summary.entries} 項目のうち不一致は ${map.summary.mismatches} です。行を開くと、プログラム、呼び出し、事実が並びます。`,
        `For each field of ${map.go} and each CLONE_NEW* flag, a few lines of Go and the C that asks for the same were really run: ` +
          `${map.summary.entries} entries, ${map.summary.mismatches} mismatches. A row opens to its programs, calls and facts.`,
      ),
    ),
    madeAt('map.json'),
    table(
      { class: 'fields' },
      head(...titles),
      el(
        'tbody',
        { role: 'rowgroup' },
        items.map((item) => item.rows),
      ),
    ),
    mapOrder(map.order),
  );
}
