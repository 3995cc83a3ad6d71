/* calls.js: the system calls of each stage, side by side, and why one side makes a call alone. */

/* Rows that stand together: those of one kind and one reason. */
function blocksOf(rows) {
  const blocks = [];

  for (const r of rows) {
    const last = blocks[blocks.length - 1];
    const why = r.reason ? r.reason.en : '';
    if (last && last.kind === r.kind && last.why === why) last.rows.push(r);
    else blocks.push({ kind: r.kind, why, reason: r.reason, rows: [r] });
  }
  return blocks;
}

function callCell(r, name, extra) {
  const text = r.calls[name];
  const times = r.times > 1 && text ? el('span', { class: 'times' }, ` ×${r.times}`) : null;

  return cell(
    { 'data-column': name, class: text ? null : 'empty', ...extra },
    text ? el('code', {}, text) : el('span', { 'aria-hidden': 'true' }, '·'),
    times,
  );
}

function callRow(r, columns) {
  const texts = columns.map((name) => r.calls[name]);
  const all = texts.every((t) => t === texts[0]);
  const mark = cell(
    { class: 'mark' },
    r.changes
      ? [el('span', { 'aria-hidden': 'true' }, '●'), hidden(w('カーネルの状態を変える', 'changes the kernel’s state'))]
      : null,
  );

  return row(
    { class: r.changes ? 'changes' : null },
    mark,
    all
      ? callCell(r, columns[0], { colspan: columns.length, 'data-column': null, class: 'both' })
      : columns.map((name) => callCell(r, name)),
  );
}

function blockBody(block, columns) {
  const changes = block.rows.some((r) => r.changes);
  let reason = null;

  if (block.kind !== 'same')
    reason = row(
      { class: 'reason' },
      cell({ class: 'mark' }),
      cell(
        { colspan: columns.length, class: block.reason ? null : 'unexplained' },
        block.reason ? prose(block.reason) : w('理由がまだ書かれていません。', 'No reason is given for this yet.'),
      ),
    );
  return el(
    'tbody',
    { role: 'rowgroup', class: block.kind + (changes ? ' with-changes' : '') },
    block.rows.map((r) => callRow(r, columns)),
    reason,
  );
}

/* How many calls a column made in this stage, as a number and a bar; most: of all stages. */
function callTotals(stage, columns, most) {
  return columns.map((name) => {
    const t = stage.totals[name] || { calls: 0, changes: 0 };
    return el(
      'span',
      { class: 'total' },
      columnName(name),
      el('b', {}, String(t.calls)),
      svg(
        'svg',
        { viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        svg('rect', { class: 'bar light', 'data-column': name, width: (100 * t.calls) / most, height: 6 }),
        svg('rect', { class: 'bar', 'data-column': name, width: (100 * t.changes) / most, height: 6 }),
      ),
      el('span', { class: 'soft' }, w(`変更 ${t.changes}`, `${t.changes} change`)),
    );
  });
}

/* The rows are made when the stage is opened: there are many, and few are looked at. */
function stageItem(stage, columns, most) {
  let made = false;
  const make = () => {
    if (made || !stage.rows.length) return;
    made = true;
    node.append(
      el(
        'div',
        { class: 'scroll' },
        table(
          { class: 'calls' },
          head(hidden(w('変更', 'changes')), ...columns.map(columnName)),
          blocksOf(stage.rows).map((block) => blockBody(block, columns)),
        ),
      ),
    );
  };
  const node = el(
    'details',
    {
      class: 'stage-calls ' + stage.who,
      id: 'stage-' + stage.id,
      on: { toggle: () => node.open && make(), target: () => make() },
    },
    el(
      'summary',
      {},
      el(
        'h3',
        {},
        stage.title,
        el('span', { class: 'soft' }, stage.who === 'child' ? w('子', 'child') : w('親', 'parent')),
        stage.same_changes ? null : el('span', { class: 'mismatch' }, w('変更が異なる', 'changes differ')),
      ),
      el('span', { class: 'totals' }, callTotals(stage, columns, most)),
    ),
  );

  return node;
}

function callsFilter(box) {
  const check = (name, texts) =>
    el(
      'label',
      {},
      el('input', {
        type: 'checkbox',
        id: 'only-' + name,
        on: { change: (event) => box.classList.toggle('only-' + name, event.target.checked) },
      }),
      texts,
    );

  return el(
    'div',
    { class: 'tools' },
    check('changes', w('カーネルの状態を変えるものだけ ●', 'only what changes the kernel’s state ●')),
    check('different', w('異なるものだけ', 'only what differs')),
  );
}

function callsSection() {
  const trace = data.trace;
  const title = w('システムコール', 'System calls');

  if (!trace)
    return section(
      'calls',
      title,
      missing(
        w(
          'この spec のトレースはまだありません。`make report` が加えます。',
          'There is no trace of this spec yet: `make report` adds it.',
        ),
      ),
    );
  const most = Math.max(1, ...trace.stages.flatMap((s) => Object.values(s.totals).map((t) => t.calls)));
  const names = el(
    'p',
    { class: 'totals names', 'aria-hidden': 'true' },
    trace.columns.map((name) => el('span', {}, columnName(name))),
  );
  const box = el(
    'div',
    { class: 'stage-list' },
    names,
    trace.stages.map((stage) => stageItem(stage, trace.columns, most)),
  );
  const s = trace.summary;
  const unexplained = s.unexplained
    ? el(
        'p',
        { class: 'mismatch' },
        w(`理由のない違い ${s.unexplained}`, `${s.unexplained} differences without a reason`),
      )
    : null;

  return section(
    'calls',
    title,
    el(
      'p',
      {},
      w(
        `strace ${trace.strace} で見た呼び出しを、段階ごとに並べています。状態を変える呼び出しは ${s.same_changes} 個が同じ順序で同じ、` +
          `${s.declared_changes} 個は理由があって異なります。片側だけの呼び出しには、その下に理由があります。`,
        `Seen by strace ${trace.strace}, stage by stage. Of the calls that change the kernel’s state ${s.same_changes} are the same in the same order, ` +
          `${s.declared_changes} differ for a reason. What one side makes alone has its reason below it.`,
      ),
    ),
    Object.entries(trace.partial).map(([name, why]) => el('p', { class: 'mismatch' }, columnName(name), why)),
    unexplained,
    madeAt('trace.json'),
    callsFilter(box),
    box,
  );
}
