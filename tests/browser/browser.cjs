/* browser.cjs: one Chromium for all tests, and pages that tell what went wrong in them. */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const modules = path.resolve('build/browser/node_modules');
const { chromium } = require(path.join(modules, 'playwright-core'));
const axe = fs.readFileSync(path.join(modules, 'axe-core/axe.min.js'), 'utf8');

const pages = process.env.PAGES;
const file = (name, what) => path.join(pages, name, 'build/compare', what);
const json = (name, what) => JSON.parse(fs.readFileSync(file(name, what), 'utf8'));

let browser;

/* The distribution's, or what the Makefile brought where that is no package, or what the machine has. */
function executable() {
  const names = ['build/chromium/chromium', '/usr/bin/chromium', '/usr/bin/google-chrome'].map((name) =>
    path.resolve(name),
  );
  const found = names.find((name) => fs.existsSync(name));

  if (!found) throw new Error(`no browser: none of ${names.join(', ')}`);
  return found;
}

async function launch() {
  /* As root Chromium has no sandbox of its own. No name leads anywhere: nothing may ask the network. */
  browser = await chromium.launch({
    executablePath: executable(),
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND'],
  });
}

/* A page of its own profile; page.wrong collects errors, warnings and every request but the page's. */
async function open(name, { width = 1280, height = 800, locale = 'en-US', colorScheme = 'light', hash = '' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale, colorScheme });
  const page = await context.newPage();
  const url = 'file://' + file(name, 'report.html');

  page.setDefaultTimeout(15000);
  page.wrong = [];
  page.on('console', (m) => page.wrong.push(`console: ${m.text()}`));
  page.on('pageerror', (e) => page.wrong.push(`error: ${e.message}`));
  page.on('dialog', (d) => page.wrong.push(`dialog: ${d.message()}`));
  context.on('request', (r) => r.url().split('#')[0] === url || page.wrong.push(`request: ${r.url()}`));
  /* Before any script of the page: what a string that became markup would call. */
  await page.addInitScript(() => (window.pwned = () => console.log('a string of the spec ran as a script')));
  await page.goto(url + hash);
  return page;
}

/* What axe-core finds, one line each. */
async function accessibility(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.flatMap((v) =>
    v.nodes.map((n) => `${v.impact}: ${v.id}: ${n.target.join(' ')}: ${n.failureSummary.replace(/\s+/g, ' ')}`),
  );
}

module.exports = { launch, open, accessibility, json, file, end: () => browser.close() };
