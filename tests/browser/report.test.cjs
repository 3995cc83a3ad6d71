/* report.test.cjs: build/compare/report.html as people use it, in a real browser. */
'use strict';

const { test, before, after } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { launch, open, accessibility, json, file, end } = require('./browser.cjs');

const whole = json('whole', 'report.json');
const trace = json('whole', 'trace.json');
const map = json('whole', 'map.json');
const sizes = { phone: [360, 740], desk: [1280, 800], projector: [1920, 1080] };
const markup = '<img src=x onerror=pwned()>';

before(launch);
after(end);

/* use NAME OPTIONS, FUNCTION: the page, and in the end nothing may have gone wrong in it. */
function use(title, name, options, f) {
  test(title, async () => {
    const page = await open(name, options);
    try {
      await f(page);
      assert.deepEqual(page.wrong, []);
    } finally {
      await page.context().close();
    }
  });
}

const shown = (page, selector) => page.locator(selector).filter({ visible: true });
const texts = (page, selector) => page.locator(selector).allInnerTexts();
const search = async (page, words) => page.fill('#search', words);
const colour = (page, selector) => page.locator(selector).evaluate((node) => getComputedStyle(node).color);
const background = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

async function openEverything(page) {
  await page.evaluate(() => {
    for (const d of document.querySelectorAll('details')) d.open = true;
    for (const b of document.querySelectorAll('#map .line button')) b.click();
  });
  await page.waitForFunction(
    () => document.querySelectorAll('.stage-calls table').length > 0 || !document.querySelector('.stage-calls'),
  );
}

/* --- What it says ----------------------------------------------------------- */

use('the verdict, the columns and the place are those of the run', 'whole', {}, async (page) => {
  assert.equal(await page.innerText('h1'), `${whole.summary.facts} facts, 0 mismatches`);
  assert.equal(await colour(page, 'h1 .mismatches'), 'rgb(37, 107, 62)');
  assert.deepEqual(await texts(page, '.columns .column'), whole.columns);
  const where = await page.innerText('.where');
  for (const word of [whole.spec, whole.place, whole.kernel]) assert.ok(where.includes(word), `${word} in ${where}`);
});

use('every fact is there with its values, why it matters and where it was read', 'whole', {}, async (page) => {
  await openEverything(page);
  const seen = await page.$$eval('.fact', (facts) =>
    facts.map((f) => ({
      id: f.id.slice(5),
      title: f.querySelector('.title').innerText,
      why: f.querySelector('.why').innerText,
      pairs: [...f.querySelectorAll('dt')].map((dt) => [dt.innerText, dt.nextElementSibling.innerText]),
    })),
  );
  const by = new Map(seen.map((f) => [f.id, f]));
  const words = { absent: '(not there)', '': '(empty)', null: '(does not apply)' };

  assert.equal(seen.length, whole.facts.length);
  for (const fact of whole.facts) {
    const one = by.get(fact.id);
    const plain = (text) => text.replaceAll('`', '');
    assert.equal(one.title, plain(fact.title.en));
    assert.equal(one.why, plain(fact.why.en));
    const pairs = Object.fromEntries(one.pairs);
    assert.equal(pairs['read from'], fact.source);
    for (const name of whole.columns) assert.equal(pairs[name], words[fact.values[name]] ?? fact.values[name], fact.id);
  }
});

use('what does not match stands first, is open and says so without colour', 'mismatch', {}, async (page) => {
  const report = json('mismatch', 'report.json');
  const bad = report.facts.filter((f) => !f.match);

  assert.ok(bad.length > 0 && bad.length < 10, `${bad.length} mismatches`);
  assert.equal(
    await page.innerText('h1'),
    `${report.summary.facts} facts, ${bad.length} mismatch${bad.length > 1 ? 'es' : ''}`,
  );
  assert.equal(await page.getAttribute('.group >> nth=0', 'id'), 'group-' + bad[0].group);
  assert.equal(await colour(page, 'h1 .mismatches'), 'rgb(176, 35, 24)');
  const first = shown(page, '.fact').first();
  assert.equal(await first.getAttribute('id'), 'fact-' + bad[0].id);
  assert.match(await first.innerText(), /does not match/);
  assert.match(await first.innerText(), new RegExp(`cbox\\s+${bad[0].values.cbox}`));
  await page.click('.choice [data-value=mismatch]');
  assert.equal(await shown(page, '.fact').count(), bad.length);
});

use('parts that were not made say how they come to be there', 'mismatch', {}, async (page) => {
  for (const id of ['calls', 'map']) assert.match(await page.innerText('#' + id), /`make report`/);
  assert.match(await page.innerText('#bench'), /not measured/);
});

use('the machine: kernel, Go, compiler, libraries', 'whole', {}, async (page) => {
  const text = await page.innerText('#machine');
  const m = whole.machine;

  for (const word of [whole.kernel, m.go, m.compiler, `libnl ${m.libraries.libnl}`, trace.strace])
    assert.ok(text.includes(word), `${word} in ${text}`);
});

/* --- What one can do -------------------------------------------------------- */

use('the language is switched everywhere, and kept', 'whole', {}, async (page) => {
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.click('text=日本語');
  assert.equal(await page.getAttribute('html', 'lang'), 'ja');
  assert.deepEqual(await texts(page, 'h2'), ['項目', '段階', 'システムコール', 'syscall.SysProcAttr', '速さ', '環境']);
  assert.equal(await page.innerText('h1'), `${whole.summary.facts} 項目、不一致 0`);
  await openEverything(page);
  const first = whole.facts[0];
  const item = await page.innerText(`[id="fact-${first.id}"]`);
  for (const text of [first.title.ja, first.why.ja]) assert.ok(item.includes(text), `${text} in ${item}`);
  await page.reload();
  assert.equal(await page.getAttribute('html', 'lang'), 'ja');
});

use('a Japanese browser begins in Japanese', 'whole', { locale: 'ja-JP' }, async (page) => {
  assert.equal(await page.getAttribute('html', 'lang'), 'ja');
});

use('the theme follows the system until one is chosen', 'whole', { colorScheme: 'dark' }, async (page) => {
  const dark = await background(page);
  await page.click('[data-value=light]');
  const light = await background(page);
  assert.notEqual(light, dark);
  /* What a page stores another process writes, which on a slow machine may be later than it reads. */
  for (let i = 0; i < 20; i++) {
    await page.reload();
    if ((await background(page)) === light) break;
  }
  assert.equal(await background(page), light);
  await page.click('[data-value=auto]');
  assert.equal(await background(page), dark);
});

use('the search finds by id, title, value, reason and source, and counts', 'whole', {}, async (page) => {
  const contains = (word) => (fact) =>
    JSON.stringify([fact.id, fact.title, fact.why, fact.source, Object.values(fact.values)])
      .toLowerCase()
      .includes(word);

  for (const word of ['mountinfo', 'uid', 'マウント', '1500']) {
    const wanted = whole.facts.filter(contains(word)).length;
    await search(page, word);
    assert.ok(wanted > 0 && wanted < whole.facts.length, `${word}: ${wanted}`);
    assert.equal(await shown(page, '.fact').count(), wanted, word);
    assert.equal(await page.innerText('.found'), `${wanted} of ${whole.facts.length} facts`);
  }
  await search(page, 'no such thing .*[');
  assert.equal(await shown(page, '.fact').count(), 0);
  assert.ok(await page.isVisible('text=Nothing is found.'));
  await search(page, '');
  assert.equal(await page.innerText('.found'), `${whole.facts.length} of ${whole.facts.length} facts`);
});

use('the timeline has a bar for each stage and column, and the times of --events', 'whole', {}, async (page) => {
  for (const name of whole.columns) {
    const spans = whole.timeline[name].filter((s) => s.stage !== 'wait');
    assert.ok(spans.length >= 10, `${name}: ${spans.length} stages`);
    assert.equal(await page.locator(`.timeline .bar[data-column=${name}]`).count(), spans.length);
  }
  await page.click('.as-table summary >> nth=0');
  const mounts = whole.timeline.cbox.find((s) => s.id === 'child.mounts');
  const line = await page.innerText('#stages tbody tr:has-text("mounts")');
  const told = line.split(/\s+/)[2];
  const places = (told.split('.')[1] || '').length; // fewer, the larger the figure
  const off = Math.abs(parseFloat(told) - (mounts.end - mounts.begin) / 1e6);
  assert.ok(places > 0 && off <= 0.5 * 10 ** -places + 1e-9, line);
});

use('a stage of the timeline opens its system calls, side by side, with reasons', 'whole', {}, async (page) => {
  const stage = trace.stages.find((s) => s.id === 'child.mounts');
  await page.click('.timeline a[href="#stage-child.mounts"] text');
  assert.match(await page.innerText('#calls'), /Made: \d{4}-\d\d-\d\dT/);
  const calls = page.locator('[id="stage-child.mounts"]');
  await calls.locator('table').waitFor();
  assert.equal(await calls.locator('tbody tr:not(.reason)').count(), stage.rows.length);
  const alone = stage.rows.find((r) => r.kind === 'only' && r.reason);
  assert.ok((await calls.innerText()).includes(alone.reason.en));
  const unexplained = stage.rows.filter((r) => r.kind !== 'same' && !r.reason).length;
  assert.equal((await calls.locator('.unexplained').count()) > 0, unexplained > 0);
  await page.check('#only-changes');
  assert.equal(
    await calls.locator('tbody tr:not(.reason)').filter({ visible: true }).count(),
    stage.rows.filter((r) => r.changes).length,
  );
  await page.uncheck('#only-changes');
  await page.check('#only-different');
  assert.equal(
    await calls.locator('tbody tr:not(.reason)').filter({ visible: true }).count(),
    stage.rows.filter((r) => r.kind !== 'same').length,
  );
});

use('a field opens to its programs, calls and facts, and the next one follows', 'whole', {}, async (page) => {
  const i = map.entries.findIndex((e) => e.id === 'Setsid');
  const entry = map.entries[i];
  await page.locator('#map-Setsid button').focus();
  await page.keyboard.press('Enter');
  const detail = page.locator('#map-detail-Setsid');
  assert.deepEqual(await detail.locator('pre').allInnerTexts(), [entry.source.go, entry.source.c]);
  const text = await detail.innerText();
  for (const word of ['setsid()', entry.trap.en, ...entry.effect.map((f) => f.title.en)])
    assert.ok(text.includes(word), word);
  await detail.locator('text=next').click();
  assert.ok(await detail.isHidden());
  assert.ok(await page.isVisible(`#map-detail-${map.entries[i + 1].id}`));
  assert.equal(await page.evaluate(() => document.activeElement.closest('tr').id), `map-${map.entries[i + 1].id}`);
  assert.equal(await page.locator('#map .line').count(), map.entries.length);
});

use('an address opens the fact that it names', 'whole', { hash: '#fact-' + whole.facts.at(-1).id }, async (page) => {
  assert.ok(await page.isVisible(`[id="fact-${whole.facts.at(-1).id}"] .why`));
});

use('the bench has a bar and a line of numbers for each runtime', 'whole', {}, async (page) => {
  const { cases } = JSON.parse(fs.readFileSync('tests/browser/bench.json', 'utf8'));
  await page.locator('svg.bench').first().waitFor();
  assert.equal(await page.locator('svg.bench .bar').count(), Object.values(cases).flatMap(Object.keys).length);
  assert.ok((await page.innerText('#bench table >> nth=0')).includes(Object.values(cases)[0].cbox.p50.toFixed(2)));
});

/* --- For everybody ---------------------------------------------------------- */

use('the keyboard reaches everything in the order of the page', 'whole', {}, async (page) => {
  const focus = () => page.evaluate(() => document.activeElement.innerText || document.activeElement.id);
  const seen = [];

  for (let i = 0; i < 40 && !seen.includes('search'); i++) {
    await page.keyboard.press('Tab');
    seen.push(await focus());
  }
  assert.equal(seen[0], 'to the content');
  for (const name of ['日本語', 'dark', 'Machine', 'search']) assert.ok(seen.includes(name), `${name} in ${seen}`);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('/');
  await page.keyboard.type('hostname');
  assert.equal(await page.inputValue('#search'), 'hostname');
  await search(page, '');
  await page.locator('.group > summary').first().focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await shown(page, '.fact .why').count(), 1);
});

for (const [name, colorScheme, locale] of [
  ['whole', 'light', 'en-US'],
  ['whole', 'dark', 'ja-JP'],
  ['mismatch', 'dark', 'en-US'],
  ['hostile', 'light', 'ja-JP'],
  ['merged', 'dark', 'ja-JP'],
])
  use(`axe-core finds nothing: ${name}, ${colorScheme}, ${locale}`, name, { colorScheme, locale }, async (page) => {
    const target = name === 'whole' ? ['child.hostname', 'Setsid'] : [];
    await page.evaluate((ids) => {
      for (const d of [...document.querySelectorAll('details')].filter((d, i) => i % 40 < 2)) d.open = true;
      if (!ids.length) return;
      document.getElementById('stage-' + ids[0]).open = true;
      document.querySelector(`#map-${ids[1]} button`).click();
    }, target);
    assert.deepEqual(await accessibility(page), []);
  });

for (const name of ['whole', 'hostile', 'merged'])
  for (const locale of ['en-US', 'ja-JP'])
    use(
      `nothing is wider than a phone: ${name}, ${locale}`,
      name,
      { width: 360, height: 740, locale },
      async (page) => {
        await openEverything(page);
        const wide = await page.evaluate(() => {
          const outside = (node) =>
            node.getBoundingClientRect().right > 361 && !node.closest('pre, nav, svg, .unseen, .values');
          return [...document.querySelectorAll('body *')]
            .filter(outside)
            .map((n) => `${n.tagName}.${n.className} ${n.innerText}`.slice(0, 80));
        });
        assert.deepEqual(wide.slice(0, 5), []);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
      },
    );

use('on paper the facts are open and the switches are gone', 'whole', { colorScheme: 'dark' }, async (page) => {
  const pdf = await page.pdf({ format: 'A4' });
  assert.ok(pdf.length > 50000, `${pdf.length} bytes`);
  assert.equal(await page.locator('.group:not([open])').count(), 0);
  await page.emulateMedia({ media: 'print' });
  for (const selector of ['#switches', 'nav', '.tools'])
    assert.ok(await page.locator(selector).first().isHidden(), selector);
  assert.equal(await background(page), 'rgb(250, 249, 246)');
});

/* --- Many machines ---------------------------------------------------------- */

use('merged results: the machines, what differs and where', 'merged', {}, async (page) => {
  const merged = json('merged', 'merge.json');
  const { runs, facts, summary } = merged;

  assert.deepEqual(
    runs.map((run) => run.name),
    ['one', 'two<b>'],
  );
  assert.deepEqual([summary.mismatches, runs[0].mismatches, runs[1].mismatches], [1, 0, 1]);
  assert.equal(await page.innerText('h1'), '2 comparisons, 1 mismatch');
  assert.ok(
    await page.innerText('#runs tbody tr >> nth=1').then((t) => t.includes('two<b>') && t.includes(whole.machine.go)),
  );
  assert.equal(await page.locator('.matrix details').count(), facts.length);
  const bad = facts.find((f) => f.mismatch.length);
  const line = page.locator(`[id="fact-${bad.id}"]`);
  assert.deepEqual(await line.locator('td').count(), 2);
  assert.match(await line.locator('td.bad').innerText(), new RegExp(`✗.*cbox.*${bad.values['two<b>'].cbox}`, 's'));
  const tried = facts.find((f) => !f.values.one);
  assert.match(await page.innerText(`[id="fact-${tried.id}"]`), /\(not tried\)/);
  await line.locator('summary').click();
  assert.ok((await line.innerText()).includes(bad.source));
});

/* --- What a spec may try ---------------------------------------------------- */

use('markup and scripts in a spec are shown as text', 'hostile', {}, async (page) => {
  const report = json('hostile', 'report.json');
  const elements = async (name) => page.locator(name).count();

  await openEverything(page);
  assert.equal(await elements('img, iframe, object, embed, script:not([nonce])'), 0);
  assert.equal(await elements('script'), 2);
  for (const text of [
    `/mnt/${markup}`,
    '</script><script>pwned()</script>',
    '<!--<script>',
    `IMAGE=${markup}`,
    '&lt;&amp;',
  ])
    assert.ok((await page.innerText('#facts')).includes(text), text);
  assert.ok((await page.innerText('.where')).includes(`${markup}.json`));
  assert.ok((await page.innerText('#calls')).includes(markup));
  await search(page, markup);
  assert.ok((await shown(page, '.fact').count()) > 3);
  assert.ok(report.facts.some((f) => f.id.includes(markup)));
});

use('the data stand in the file so that nothing in them can end the script', 'hostile', {}, async () => {
  const html = fs.readFileSync(file('hostile', 'report.html'), 'utf8');
  const data = html.slice(html.indexOf('id="data"'), html.lastIndexOf('<script'));
  const inside = data.slice(data.indexOf('>') + 1, data.indexOf('</script>'));

  assert.match(inside, /^\{.*\}$/s);
  assert.doesNotMatch(inside, /[<>&\u2028\u2029]/);
  assert.deepEqual(JSON.parse(inside).report, json('hostile', 'report.json'));
});

test('the policy stops what would leave the page or run without being a part of it', async () => {
  const page = await open('whole');
  const ends = [];
  page.on('requestfinished', (r) => ends.push(`finished: ${r.url()}`));
  page.on('requestfailed', (r) => ends.push(r.failure().errorText));
  const refused = await page.evaluate(async () => {
    const names = [];
    document.addEventListener('securitypolicyviolation', (e) => names.push(e.effectiveDirective));
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    new Image().src = 'http://127.0.0.1:9/image';
    await fetch('http://127.0.0.1:9/data').catch(() => {});
    await new Promise((done) => setTimeout(done, 0));
    return [window.ran, names.sort()];
  });
  assert.deepEqual(refused, [undefined, ['connect-src', 'img-src', 'script-src-elem']]);
  assert.deepEqual([...new Set(ends)], ['csp']);
  await page.context().close();
});

/* --- To be looked at -------------------------------------------------------- */

const looks = ['light', 'dark'].flatMap((scheme) => ['en-US', 'ja-JP'].map((locale) => [scheme, locale]));

for (const [size, [width, height]] of Object.entries(sizes))
  for (const [colorScheme, locale] of looks)
    use(
      `screenshots: ${size}, ${colorScheme}, ${locale}`,
      'whole',
      { width, height, colorScheme, locale },
      async (page) => {
        const shot = async (part) => {
          const png = await page.screenshot({
            path: `build/browser/${size}-${colorScheme}-${locale.slice(0, 2)}-${part}.png`,
          });
          assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [width, height]);
        };
        await shot('top');
        for (const [part, hash] of [
          ['stages', 'stages'],
          ['calls', 'stage-child.mounts'],
          ['map', 'map-Cloneflags-NEWNS'],
        ]) {
          await page.evaluate((h) => (location.hash = h), hash);
          await page.waitForTimeout(0);
          await shot(part);
        }
      },
    );
