/* machine.js: how fast it was where that was measured, and what all this was made on. */

const cases = {
  plain: w('veth なし', 'without veth'),
  veth: w('veth あり', 'with veth'),
  hot: w('続けて', 'one after another'),
};

/* A bar is the median, the thin line goes on to the 99th percentile. */
function benchChart(name, runs, width) {
  const names = Object.keys(runs);
  const narrow = width < 520;
  const left = narrow ? 72 : 110;
  const most = Math.max(...names.map((n) => runs[n].p99));
  const x = (ms) => left + (ms / most) * (width - left - 76);
  const lane = 24;

  return svg(
    'svg',
    {
      class: 'bench',
      viewBox: `0 0 ${width} ${lane * names.length}`,
      role: 'img',
      'aria-label': () => say(cases[name] || name),
    },
    names.map((n, i) => [
      svg('text', { class: 'stage', x: left - 10, y: i * lane + 16, 'text-anchor': 'end' }, n),
      svg('line', { class: 'whisker', x1: x(0), x2: x(runs[n].p99), y1: i * lane + 12, y2: i * lane + 12 }),
      svg('rect', {
        class: 'bar',
        'data-column': n,
        x: x(0),
        y: i * lane + 5,
        width: Math.max(1.5, x(runs[n].p50) - x(0)),
        height: 14,
        rx: 1.5,
      }),
      svg('text', { class: 'time', x: x(runs[n].p99) + 6, y: i * lane + 16 }, milliseconds(runs[n].p50) + ' ms'),
    ]),
  );
}

function benchTable(runs) {
  const number = (v, digits) => (typeof v === 'number' ? v.toFixed(digits) : '');

  return table(
    { class: 'numbers' },
    head(
      hidden(w('ランタイム', 'runtime')),
      w('中央値 ms', 'median ms'),
      w('平均 ms', 'mean ms'),
      '99% ms',
      w('呼び出し', 'system calls'),
      w('メモリー KiB', 'memory KiB'),
      w('回数', 'runs'),
    ),
    el(
      'tbody',
      { role: 'rowgroup' },
      Object.entries(runs).map(([name, r]) =>
        row(
          {},
          el('th', { role: 'rowheader', scope: 'row' }, name),
          cell({ 'data-label': w('中央値 ms', 'median ms') }, number(r.p50, 2)),
          cell({ 'data-label': w('平均 ms', 'mean ms') }, number(r.mean, 2)),
          cell({ 'data-label': '99% ms' }, number(r.p99, 2)),
          cell({ 'data-label': w('呼び出し', 'system calls') }, number(r.calls, 0)),
          cell({ 'data-label': w('メモリー KiB', 'memory KiB') }, number(r.memory_kib, 0)),
          cell({ 'data-label': w('回数', 'runs') }, number(r.runs, 0)),
        ),
      ),
    ),
  );
}

function benchCase([name, runs]) {
  return el(
    'div',
    {},
    el('h3', {}, cases[name] || name),
    figure((width) => benchChart(name, runs, width)),
    benchTable(runs),
  );
}

function benchSection() {
  const bench = data.bench;

  if (!bench)
    return section('bench', w('速さ', 'Speed'), missing(w('ここでは測っていません。', 'It was not measured here.')));
  return section(
    'bench',
    w('速さ', 'Speed'),
    el(
      'p',
      {},
      w(
        `プロセス全体 (起動から片付けまで) の時間です。棒は中央値、細い線は 99 パーセンタイルまでです。測ったマシン: Linux ${bench.machine.kernel}、CPU ${bench.machine.cpus} 個。`,
        `The whole process, from its start to the end of its cleanup. Bars are medians, thin lines go on to the 99th percentile. Measured on Linux ${bench.machine.kernel}, ${bench.machine.cpus} CPUs.`,
      ),
    ),
    madeAt('../bench/bench.json'),
    Object.entries(bench.cases).map(benchCase),
  );
}

function machineSection() {
  const m = report.machine || { libraries: {}, programs: {} };
  const versions = (o) =>
    Object.entries(o)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ');
  const lines = [
    [w('場所', 'place'), places[report.place] || report.place],
    [w('カーネル', 'kernel'), 'Linux ' + report.kernel],
    [w('システム', 'system'), m.system],
    ['CPU', m.cpu && `${m.cpu} × ${m.cpus} (${m.arch})`],
    [w('メモリー', 'memory'), m.memory && `${Math.round(m.memory / 1024)} MiB`],
    ['Go', m.go],
    [w('C コンパイラー', 'C compiler'), m.compiler],
    [w('ライブラリ', 'libraries'), versions(m.libraries)],
    [
      w('ランタイム', 'runtimes'),
      Object.entries(m.programs)
        .map(([name, said]) => `${name}: ${said}`)
        .join(', '),
    ],
    ['strace', data.trace && data.trace.strace],
    [w('spec', 'spec'), report.spec],
    [w('時刻', 'time'), m.time],
    ['twinbox', data.version],
  ];

  return section(
    'machine',
    w('環境', 'Machine'),
    el(
      'dl',
      { class: 'machine' },
      lines.filter(([, value]) => value).map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
    ),
  );
}
