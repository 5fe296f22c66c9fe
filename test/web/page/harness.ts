/** Components of the page on their own page, built for one test from a few lines of script. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { launchChromium } from '../../browser/chromium.js';
import { serveFolder } from '../../browser/staticServer.js';

const root = new URL('../../../', import.meta.url).pathname;

export interface Harness {
  readonly browser: Browser;
  readonly url: string;
  close(): Promise<void>;
}

/** @param script  a module in JavaScript that fills `#app`; `/web/` in its imports is the page's folder */
export async function openHarness(script: string): Promise<Harness> {
  const folder = mkdtempSync(join(root, 'build', 'harness-'));
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Harness</title><meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content"></head><body><main><h1>Harness</h1><section class="panel" id="app"></section></main><script type="module" src="./script.js"></script></body></html>`;
  writeFileSync(join(folder, 'index.html'), html);
  writeFileSync(join(folder, 'script.js'), script.replaceAll("'/web/", `'${join(root, 'web')}/`));
  await build({
    configFile: false,
    root: folder,
    base: './',
    logLevel: 'error',
    resolve: {
      alias: { 'lowrank/text': join(root, 'src/text.ts'), lowrank: join(root, 'src/browser.ts') },
    },
    worker: { format: 'es' },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: { outDir: join(folder, 'built'), target: 'es2022', minify: false },
  });
  const server = await serveFolder(join(folder, 'built'));
  const browser = await launchChromium();
  const close = async () => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true });
  };
  return { browser, url: server.url, close };
}
