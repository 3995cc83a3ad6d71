/* stages.js: when each stage ran, column beside column, drawn as SVG and told as a table. */

const LANE = 13; /* of one column in a stage's row, in the units of figure() */
const ROW_GAP = 11;

/* The stages of all columns in the order of the story: { id, title, spans: {column: span} }. */
function stageRows(timeline) {
  const rows = [];

  for (const [name, spans] of Object.entries(timeline)) {
    let after = -1;
    for (const span of spans) {
      let at = rows.findIndex((r) => r.id === span.id);
      if (at < 0) {
        at = after + 1;
        rows.splice(at, 0, { id: span.id, who: span.who, title: span.title, spans: {} });
      }
      rows[at].spans[name] = span;
      after = at;
    }
  }
  return rows;
}

/* A distance for the marks of an axis of that length: 1, 2 or 5 of some power of ten. */
function axisStep(length, marks) {
  const power = 10 ** Math.floor(Math.log10(length / marks));
  return [1, 2, 5, 10].map((k) => k * power).find((step) => length / step <= marks) || length;
}

/*
 * The time until the command runs is drawn to scale from left to cut; then it was looked at, as
 * long as that took, and that time is left out; the cleanup has a scale of its own behind the cut.
 */
function timeScale(rows, left, right) {
  const spans = (r) => Object.values(r.spans);
  const last = (s) => (s.end === null ? s.begin : s.end);
  const start = Math.max(
    1,
    ...rows
      .filter((r) => !isAfter(r))
      .flatMap(spans)
      .map(last),
  );
  const end = Math.max(
    1,
    ...rows
      .filter(isCleanup)
      .flatMap(spans)
      .map((s) => last(s) - s.begin),
  );
  const cut = left + (right - left) * 0.72;
  const again = cut + 14;
  const before = (ns) => left + (ns / start) * (cut - 48 - left);
  const after = (ns) => again + (ns / end) * (right - again);

  return { start, cut, before, after };
}

const isCleanup = (r) => r.id === 'cleanup';
const isAfter = (r) => r.id === 'wait' || isCleanup(r);

function drawTimeline(rows, columns, width) {
  const narrow = width < 620;
  const left = narrow ? 4 : 252;
  const above = narrow ? 17 : 0;
  const scale = timeScale(rows, left, width - 50);
  const shown = rows.filter((r) => r.id !== 'wait');
  const height = (r) => above + LANE * columns.length + ROW_GAP;
  const top = 26;
  const bottom = top + shown.reduce((sum, r) => sum + height(r), 0);
  const axis = [];
  const step = axisStep(scale.start / 1e6, narrow ? 3 : 8);
  const { cut } = scale;
  let y = top;

  for (let i = 0; i * step * 1e6 <= scale.start; i++) {
    const x = scale.before(i * step * 1e6);
    axis.push(
      svg('line', { class: 'grid', x1: x, x2: x, y1: top - 6, y2: bottom }),
      svg(
        'text',
        { class: 'tick', x, y: 12, 'text-anchor': i || !narrow ? 'middle' : 'start' },
        `${+(i * step).toPrecision(4)}${i ? '' : ' ms'}`,
      ),
    );
  }
  const body = shown.map((r) => {
    const y0 = y;
    y += height(r);
    return stageBars(r, columns, { y: y0, above, narrow, left, width, scale });
  });

  return svg(
    'svg',
    {
      class: 'timeline',
      viewBox: `0 0 ${width} ${bottom + 4}`,
      role: 'group',
      'aria-labelledby': 'stages-title',
    },
    svg(
      'title',
      { id: 'stages-title' },
      w('段階ごとの時間。同じ内容の表が下にあります。', 'Time of each stage; the table below says the same.'),
    ),
    svg('g', { 'aria-hidden': 'true' }, axis),
    svg('path', { class: 'cut', d: `M${cut} ${top - 8}V${bottom}` }),
    svg('text', { class: 'tick', 'aria-hidden': 'true', x: cut, y: 12, 'text-anchor': 'middle' }, '⋯'),
    body,
  );
}

function stageBars(r, columns, at) {
  const label = svg(
    'text',
    {
      class: 'stage ' + r.who,
      x: at.narrow ? at.left : at.left - 12,
      y: at.y + (at.narrow ? 12 : (LANE * columns.length) / 2 + 4),
      'text-anchor': at.narrow ? 'start' : 'end',
    },
    r.title,
    r.who === 'child' ? svg('tspan', { class: 'tick' }, w(' · 子', ' · child')) : null,
  );
  const bars = columns.map((name, i) => {
    const span = r.spans[name];
    const y = at.y + at.above + i * LANE;

    if (!span) return null;
    const length = span.end === null ? 0 : span.end - span.begin;
    const [from, to] = isCleanup(r)
      ? [at.scale.after(0), at.scale.after(length)]
      : [at.scale.before(span.begin), at.scale.before(span.begin + length)];
    const text = span.end === null ? '✗' : milliseconds(length / 1e6);

    return [
      svg('rect', {
        class: 'bar',
        'data-column': name,
        x: from,
        y: y + 2,
        width: Math.max(1.5, to - from),
        height: LANE - 4,
        rx: 1.5,
      }),
      svg('text', { class: 'time', 'aria-hidden': 'true', x: Math.max(to, from + 1.5) + 5, y: y + LANE - 3 }, text),
    ];
  });
  const trace = data.trace && data.trace.stages.some((s) => s.id === r.id);

  return [
    svg('line', { class: 'rule', x1: 0, x2: at.width, y1: at.y - ROW_GAP / 2, y2: at.y - ROW_GAP / 2 }),
    trace ? svg('a', { href: '#stage-' + r.id }, label) : label,
    bars,
  ];
}

function stageTable(rows, columns) {
  const span = (r, name) => r.spans[name];
  const time = (s) => (!s ? '' : s.end === null ? '✗' : milliseconds((s.end - s.begin) / 1e6));

  return el(
    'details',
    { class: 'as-table' },
    el('summary', {}, w('表で見る (ミリ秒)', 'as a table (milliseconds)')),
    table(
      { class: 'numbers' },
      head(w('段階', 'stage'), w('誰が', 'who'), ...columns),
      el(
        'tbody',
        { role: 'rowgroup' },
        rows.map((r) =>
          row(
            {},
            el('th', { role: 'rowheader', scope: 'row' }, r.title),
            cell({}, r.who === 'child' ? w('子', 'child') : w('親', 'parent')),
            columns.map((name) => cell({ 'data-label': name }, r.id === 'wait' ? '⋯' : time(span(r, name)))),
          ),
        ),
      ),
    ),
  );
}

function stagesSection() {
  const timeline = report.timeline || {};
  const columns = report.columns.filter((name) => timeline[name] && timeline[name].length);
  const rows = stageRows(timeline);
  const without = report.columns.filter((name) => !columns.includes(name));

  if (!columns.length)
    return section(
      'stages',
      w('段階', 'Stages'),
      missing(w('時刻を伝える列がありません。', 'No column told the time of its stages.')),
    );

  return section(
    'stages',
    w('段階', 'Stages'),
    el(
      'p',
      {},
      w(
        '事実を読んだコンテナそのものの時刻です (--events)。単位はミリ秒、0 は最初の段階の始まりです。' +
          'コマンドが動いて観察されていた間 (⋯) は省き、その右に後片付けを別の尺度で描いています。1 回の実行なので、速さの比較には「速さ」を見てください。',
        'The clocks of the very containers whose facts are above (--events), in milliseconds since the first stage. ' +
          'The time in which the command ran and was looked at (⋯) is left out; the cleanup stands behind it, with a scale of its own. ' +
          'It is one run: how fast they are is said under Speed.',
      ),
    ),
    el(
      'p',
      { class: 'legend' },
      columns.map(columnName),
      without.length
        ? el('span', { class: 'soft' }, () => say(w('段階を伝えない列: ', 'tell no stages: ')) + without.join(', '))
        : null,
    ),
    figure((width) => drawTimeline(rows, columns, width)),
    stageTable(rows, columns),
  );
}
