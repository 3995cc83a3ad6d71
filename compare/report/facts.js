/* facts.js: every fact by group, what does not match first; search and filter. */

const groupNames = {
  namespace: w('名前空間', 'Namespaces'),
  cgroup: w('cgroup', 'Cgroup'),
  veth: w('ネットワーク (veth)', 'Network (veth)'),
  mounts: w('マウント', 'Mounts'),
  identity: w('ID', 'Identity'),
  privileges: w('権限', 'Privileges'),
  process: w('プロセス', 'Process'),
  exec: w('exec', 'Exec'),
  lifecycle: w('ライフサイクル', 'Lifecycle'),
};
const verdicts = {
  mismatch: { mark: '✗', texts: w('一致しない', 'does not match') },
  declared: { mark: '~', texts: w('理由のある違い', 'differs for a declared reason') },
  same: { mark: '', texts: w('一致', 'the same') },
};
const order = Object.keys(verdicts);

const verdictOf = (fact) => (!fact.match ? 'mismatch' : fact.declared ? 'declared' : 'same');

/* A value as it is shown; what is no value of the kernel's own looks different. */
function valueNode(value) {
  const words = { absent: w('(なし)', '(not there)'), '': w('(空)', '(empty)') };

  if (value === null || value === undefined) return el('span', { class: 'none' }, w('(対象外)', '(does not apply)'));
  if (value in words) return el('span', { class: 'none' }, words[value]);
  return el('span', { class: value.startsWith('error: ') ? 'value error' : 'value' }, value);
}

/* One value where all that have one agree, else the columns apart: [[names, value]]. */
function distinct(fact) {
  const kinds = new Map();

  for (const name of report.columns) {
    const value = fact.values[name];
    if (value === null || value === undefined) continue;
    if (!kinds.has(value)) kinds.set(value, []);
    kinds.get(value).push(name);
  }
  return [...kinds].map(([value, names]) => [names, value]);
}

/* What was found, and by whom: [[names, value], ...]. */
function foundBy(kinds) {
  if (kinds.length === 1) return valueNode(kinds[0][1]);
  return kinds.map(([names, value]) =>
    el(
      'span',
      { class: 'pair' },
      names.map((name) => [columnName(name), ' ']),
      valueNode(value),
      ' ',
    ),
  );
}

const shortValues = (fact) => foundBy(distinct(fact));

function factItem(fact) {
  const kind = verdictOf(fact);
  const declared = Object.entries(fact.declared || {});
  const reasons = new Map(declared.map(([, reason]) => [reason.en, reason]));

  return el(
    'details',
    { class: 'fact ' + kind, id: 'fact-' + fact.id },
    el(
      'summary',
      {},
      el('span', { class: 'mark', 'aria-hidden': 'true' }, verdicts[kind].mark),
      el(
        'span',
        { class: 'title' },
        prose(fact.title),
        kind === 'same' ? null : hidden(() => ' (' + say(verdicts[kind].texts) + ')'),
      ),
      el('span', { class: 'values' }, shortValues(fact)),
    ),
    el(
      'div',
      { class: 'more' },
      say(fact.why) ? el('p', { class: 'why' }, prose(fact.why)) : null,
      [...reasons.values()].map((reason) =>
        el(
          'p',
          { class: 'reason' },
          declared.filter(([, r]) => r.en === reason.en).map(([name]) => columnName(name)),
          prose(reason),
        ),
      ),
      el(
        'dl',
        {},
        report.columns.map((name) => [el('dt', {}, columnName(name)), el('dd', {}, valueNode(fact.values[name]))]),
        fact.source ? [el('dt', {}, w('読んだ場所', 'read from')), el('dd', {}, el('code', {}, fact.source))] : null,
        el('dt', {}, 'id'),
        el('dd', {}, el('a', { href: '#fact-' + fact.id }, el('code', {}, fact.id))),
      ),
    ),
  );
}

/* All words by which a fact is found, in both languages. */
function haystack(fact) {
  const texts = [fact.id, fact.title, fact.why, fact.source, ...Object.values(fact.values)];

  return texts
    .flatMap((t) => (t && typeof t === 'object' ? [t.ja, t.en] : [t]))
    .filter(Boolean)
    .join('\n')
    .toLowerCase();
}

/* A tick a fact: where in the group something differs. */
function strip(facts) {
  const ticks = facts.map((fact, i) => {
    const kind = verdictOf(fact);
    return svg('rect', { class: kind, x: i, y: kind === 'same' ? 2 : 0, width: 0.7, height: kind === 'same' ? 6 : 10 });
  });

  return svg(
    'svg',
    { class: 'strip', viewBox: `0 0 ${facts.length} 10`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    ticks,
  );
}

function groupItem(name, facts) {
  const count = el('span', { class: 'count' });
  const kinds = order.slice(0, 2).map((kind) => [kind, facts.filter((f) => verdictOf(f) === kind).length]);
  const items = facts.map((fact) => ({ fact, node: factItem(fact), text: haystack(fact) }));
  const node = el(
    'details',
    { class: 'group', id: 'group-' + name },
    el(
      'summary',
      {},
      el('h3', {}, groupNames[name] || name),
      count,
      el(
        'span',
        { class: 'kinds' },
        kinds.map(([kind, n]) => (n ? el('span', { class: kind }, () => `${n} ${say(verdicts[kind].texts)}`) : null)),
      ),
      strip(facts),
    ),
    items.map((item) => item.node),
  );

  return { name, node, items, count, worst: kinds[0][1] };
}

function groupsOf(facts) {
  const names = [...new Set(facts.map((f) => f.group))];
  const groups = names.map((name) => {
    const own = facts.filter((f) => f.group === name);
    return groupItem(
      name,
      order.flatMap((kind) => own.filter((f) => verdictOf(f) === kind)),
    );
  });

  return [...groups.filter((g) => g.worst), ...groups.filter((g) => !g.worst)];
}

/* What could not be tried, by reason. */
function skippedList() {
  const reasons = [...new Set(report.skipped.map((s) => s.why))];

  if (!reasons.length) return null;
  return el(
    'details',
    { class: 'skipped' },
    el(
      'summary',
      {},
      w(`ここでは試していない項目 (${report.skipped.length})`, `Not tried here (${report.skipped.length})`),
    ),
    reasons.map((why) =>
      el(
        'div',
        {},
        el('p', {}, why),
        el(
          'ul',
          {},
          report.skipped.filter((s) => s.why === why).map((s) => el('li', {}, el('code', {}, s.id))),
        ),
      ),
    ),
  );
}

function factsSection() {
  const groups = groupsOf(report.facts);
  const state = { words: [], kind: 'all' };
  const found = el('p', { class: 'found', role: 'status' });
  const nothing = el('p', { class: 'missing', hidden: true }, w('見つかりません。', 'Nothing is found.'));
  const search = el('input', {
    type: 'search',
    id: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: w('検索: 例 memory、/proc、uid', 'search: memory, /proc, uid'),
    'aria-label': w('項目を検索', 'search the facts'),
    on: { input: () => apply({ words: search.value.toLowerCase().split(/\s+/).filter(Boolean) }) },
  });
  let shown = report.facts.length;

  /* A group opens for what is looked for; without a search only for what does not match. */
  function apply(change) {
    Object.assign(state, change);
    shown = 0;
    for (const g of groups) {
      let n = 0;
      for (const { fact, node, text } of g.items) {
        const wanted =
          (state.kind === 'all' || verdictOf(fact) === state.kind) && state.words.every((word) => text.includes(word));
        node.hidden = !wanted;
        n += wanted;
      }
      g.node.hidden = !n;
      g.node.open = n > 0 && (state.words.length > 0 || state.kind !== 'all' || g.worst > 0);
      g.count.textContent = n === g.items.length ? String(n) : `${n} / ${g.items.length}`;
      shown += n;
    }
    nothing.hidden = shown > 0;
    tell();
  }

  function tell() {
    const all = report.facts.length;
    found.textContent = say(w(`${all} 項目のうち ${shown} 項目`, `${shown} of ${all} facts`));
  }

  const count = (kind) => report.facts.filter((f) => verdictOf(f) === kind).length;
  const kinds = [
    ['all', w('すべて', 'all')],
    ...order.map((kind) => [kind, () => `${say(verdicts[kind].texts)} ${count(kind)}`]),
  ];

  spoken.push(tell);
  apply({});
  return section(
    'facts',
    w('項目', 'Facts'),
    el(
      'div',
      { class: 'tools' },
      search,
      choice(w('絞り込み', 'filter'), kinds, 'all', (kind) => apply({ kind })),
      el(
        'div',
        { class: 'choice' },
        el(
          'button',
          { type: 'button', on: { click: () => groups.forEach((g) => (g.node.open = true)) } },
          w('開く', 'open all'),
        ),
        el(
          'button',
          { type: 'button', on: { click: () => groups.forEach((g) => (g.node.open = false)) } },
          w('閉じる', 'close all'),
        ),
      ),
      found,
    ),
    nothing,
    groups.map((g) => g.node),
    skippedList(),
  );
}
