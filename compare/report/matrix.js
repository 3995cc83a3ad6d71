/* matrix.js: the results of many machines, merged: where columns did not match, and what differs from
 * machine to machine. */

function matrixHead() {
  const { summary, spec } = data.merge;
  const { runs, facts, mismatches: bad } = summary;

  return el(
    'section',
    { id: 'verdict', class: bad ? 'bad' : 'good', 'aria-labelledby': 'verdict-h' },
    el('p', { class: 'where' }, el('span', {}, spec)),
    el(
      'h1',
      { id: 'verdict-h' },
      el('span', { class: 'facts' }, w(`${runs} 回の比較、`, `${runs} comparisons, `)),
      el('span', { class: 'mismatches' }, w(`不一致 ${bad}`, `${bad} mismatch${bad === 1 ? '' : 'es'}`)),
    ),
    el(
      'p',
      { class: 'lead' },
      w(
        `マシン、カーネル、Go の組ごとに同じ spec で比べた結果です。${facts} 項目のうち ${summary.same} 項目はどこでも同じ値、${summary.different} 項目はマシンによって異なります。`,
        `The same spec, compared on each machine, kernel and Go. Of ${facts} facts ${summary.same} are the same everywhere, ${summary.different} differ from machine to machine.`,
      ),
    ),
  );
}

function runsSection() {
  const names = [
    w('名前', 'name'),
    w('場所', 'place'),
    w('システム', 'system'),
    w('カーネル', 'kernel'),
    'Go',
    w('C コンパイラー', 'C compiler'),
    w('列', 'columns'),
    w('項目', 'facts'),
    w('不一致', 'mismatches'),
  ];
  const line = (run) => {
    const m = run.machine || {};
    const rest = [
      places[run.place] || run.place,
      m.system,
      run.kernel,
      m.go,
      m.compiler,
      run.columns.map((name) => [columnName(name), ' ']),
      String(run.facts),
      el('span', { class: run.mismatches ? 'mismatch' : 'same' }, String(run.mismatches)),
    ];
    return row(
      {},
      el('th', { role: 'rowheader', scope: 'row' }, run.name),
      rest.map((value, i) => cell({ 'data-label': names[i + 1] }, value)),
    );
  };

  return section(
    'runs',
    w('マシン', 'Machines'),
    table({ class: 'numbers runs' }, head(...names), el('tbody', { role: 'rowgroup' }, data.merge.runs.map(line))),
  );
}

/* What stands in a run's cell: one value where its columns agree. null: it was not tried there. */
function cellOf(fact, run) {
  const values = fact.values[run.name];
  if (!values) return null;
  const kinds = new Map();
  for (const [name, value] of Object.entries(values)) {
    if (value === null) continue;
    if (!kinds.has(value)) kinds.set(value, []);
    kinds.get(value).push(name);
  }
  return { key: JSON.stringify([...kinds]), bad: fact.mismatch.includes(run.name), kinds: [...kinds] };
}

/* Machines beside one another that say the same share one cell. */
function matrixCells(fact, runs) {
  const groups = [];

  for (const run of runs) {
    const one = cellOf(fact, run);
    const key = one ? one.key : '';
    const last = groups[groups.length - 1];
    if (last && last.key === key) last.runs.push(run.name);
    else groups.push({ key, one, runs: [run.name] });
  }
  return groups.map((g) => {
    let shown = el('span', { class: 'none' }, w('(試していない)', '(not tried)'));
    if (g.one && g.one.kinds.length === 0) shown = valueNode(null);
    else if (g.one) shown = foundBy(g.one.kinds.map(([value, names]) => [names, value]));
    return cell(
      { colspan: g.runs.length, class: g.one && g.one.bad ? 'bad' : null, 'data-label': g.runs.join(', ') },
      g.one && g.one.bad ? el('span', { class: 'mismatch' }, '✗ ') : null,
      shown,
    );
  });
}

function matrixRow(fact, runs) {
  const more = el(
    'div',
    { class: 'more' },
    say(fact.why) ? el('p', {}, prose(fact.why)) : null,
    fact.source ? el('p', {}, el('code', {}, fact.source)) : null,
    el('p', {}, el('code', {}, fact.id)),
  );

  return row(
    { id: 'fact-' + fact.id },
    el(
      'th',
      { role: 'rowheader', scope: 'row' },
      el('details', {}, el('summary', {}, prose(fact.title || fact.id)), more),
    ),
    matrixCells(fact, runs),
  );
}

function differencesSection() {
  const { runs, facts } = data.merge;
  const title = w('マシンによって異なる項目', 'What differs between machines');

  if (!facts.length) return section('differences', title, missing(w('ありません。', 'Nothing.')));
  const groups = [...new Set(facts.map((f) => f.group))];
  return section(
    'differences',
    title,
    el(
      'div',
      { class: 'wide', tabindex: '0', role: 'group', 'aria-label': w('表', 'table') },
      table(
        { class: 'matrix' },
        head(w('項目', 'fact'), ...runs.map((run) => run.name)),
        groups.map((name) => [
          el(
            'tbody',
            { role: 'rowgroup' },
            row(
              { class: 'group-name' },
              el('th', { role: 'rowheader', scope: 'rowgroup', colspan: runs.length + 1 }, groupNames[name] || name),
            ),
            facts.filter((f) => f.group === name).map((fact) => matrixRow(fact, runs)),
          ),
        ]),
      ),
    ),
  );
}
