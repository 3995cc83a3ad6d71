// mermaid.cjs PAGE...: every ```mermaid block goes through mermaid's own parser. That wants a
// browser's window and document, which jsdom gives it. (A .cjs file, because only those find
// their modules by NODE_PATH, and what is installed belongs to build/.)
'use strict';
const fs = require('node:fs');
const { JSDOM } = require('jsdom');

const { window } = new JSDOM('');
for (const name of ['window', 'document', 'Element', 'Node', 'DocumentFragment', 'HTMLTemplateElement'])
  globalThis[name] = window[name];

async function main(pages) {
  const { default: mermaid } = await import(require.resolve('mermaid'));
  for (const page of pages) {
    const text = fs.readFileSync(page, 'utf8');
    for (const block of text.matchAll(/^( *)```mermaid\n(.*?)\n\1```$/gms)) {
      try {
        await mermaid.parse(block[2]);
      } catch (error) {
        const line = text.slice(0, block.index).split('\n').length;
        console.log(`${page}:${line}: ${error.message}`);
        process.exitCode = 1;
      }
    }
  }
}

main(process.argv.slice(2));
