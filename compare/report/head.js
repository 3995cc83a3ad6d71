/* head.js: the verdict, and what was compared. */

function verdictHead() {
  const n = report.summary.facts;
  const bad = report.summary.mismatches;
  const where = [report.spec, places[report.place] || report.place, 'Linux ' + report.kernel];

  if (report.machine) where.push(report.machine.time.slice(0, 16).replace('T', ' ') + ' UTC');
  return el(
    'section',
    { id: 'verdict', class: bad ? 'bad' : 'good', 'aria-labelledby': 'verdict-h' },
    el(
      'p',
      { class: 'where' },
      where.map((part) => el('span', {}, part)),
    ),
    el(
      'h1',
      { id: 'verdict-h' },
      el('span', { class: 'facts' }, w(`${n} 項目、`, `${n} facts, `)),
      el('span', { class: 'mismatches' }, w(`不一致 ${bad}`, `${bad} mismatch${bad === 1 ? '' : 'es'}`)),
    ),
    el(
      'p',
      { class: 'lead' },
      w(
        '1 つの spec からコンテナを列ごとに 1 つ起動し、外からカーネルに尋ねた値を並べています。' +
          'inode 番号のように必ず異なる値は、関係 (「ホストとは別の名前空間か」) にして比べます。',
        'One spec, one container for each column, and every value asked of the kernel from outside. ' +
          'What must differ, such as an inode number, is compared as a relation (“is it another namespace than the host’s?”).',
      ),
    ),
    el(
      'ul',
      { class: 'columns' },
      report.columns.map(columnCard),
      Object.entries(report.absent_columns).map(absentCard),
    ),
  );
}

function columnCard(name) {
  const own = report.facts.filter((f) => f.values[name] !== null).length;
  const declared = report.facts.filter((f) => f.declared && f.declared[name]).length;
  const version = report.machine && report.machine.programs[name];
  const first = name === report.columns[0];

  return el(
    'li',
    {},
    columnName(name),
    el('span', {}, roles[name] || ''),
    version ? el('span', { class: 'soft' }, version) : null,
    el('span', { class: 'soft' }, w(`${own} 項目`, `${own} facts`)),
    declared && !first
      ? el('span', { class: 'note' }, w(`理由のある違い ${declared}`, `${declared} differ for a declared reason`))
      : null,
  );
}

function absentCard([name, why]) {
  return el(
    'li',
    { class: 'absent' },
    columnName(name),
    el('span', {}, why || w('インストールされていないため、比較していません', 'not installed, so not compared')),
  );
}
