/**
 * The programs that the documents show: each runs against the package as it is built and prints what the documents say, and no page has a
 * program of its own that nothing runs.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import * as vite from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, ISOLATION, launchChromium } from '../browser/chromium.js';
import { serveFolder } from '../browser/staticServer.js';
import { hasRealModel, realModelPath } from '../support/realModel.js';
import { blocksOf, includesOf, pages, ROOT } from './pages.js';

const DOCS = join(ROOT, 'docs');
const PROGRAMS = join(DOCS, 'programs');
const names = readdirSync(PROGRAMS).filter((name) => name.endsWith('.ts'));
const sourceOf = (name: string) => readFileSync(join(PROGRAMS, name), 'utf8');
const outputOf = (name: string) => join(PROGRAMS, name.replace(/\.ts$/, '.txt'));

/** They run in a page. */
const isForPage = (name: string) => name.startsWith('browser-');
/** They take a language model, which not every machine has. */
const takesModel = (name: string) => sourceOf(name).includes('LOWRANK_MODEL');

/** Languages in which nobody runs anything, and those whose blocks no test can run here. */
const FRAGMENTS = ['', 'html', 'http', 'json', 'jsonl', 'python', 'sh', 'text', 'yaml'];

describe('the pages', () => {
  it.each(pages().map(({ path, text }) => [path, text]))('%s has no program that is not run', (_, text) => {
    const others = blocksOf(text).filter(({ language }) => !FRAGMENTS.includes(language));
    expect(others).toEqual([]);
  });

  it.each(pages().map(({ path, text }) => [path, text]))(
    '%s shows files and regions that are there',
    (path, text) => {
      for (const { file, region } of includesOf(text)) {
        const place = file.startsWith('@/') ? join(DOCS, file.slice(2)) : join(ROOT, dirname(path), file);
        expect(existsSync(place), file).toBe(true);
        if (region === undefined) continue;
        const lines = readFileSync(place, 'utf8').split('\n');
        expect(lines, file).toContain(`// #region ${region}`);
        expect(lines, file).toContain(`// #endregion ${region}`);
      }
    },
  );

  it('show every program', () => {
    const shown = new Set(pages().flatMap(({ text }) => includesOf(text).map(({ file }) => file)));
    expect(names.filter((name) => !shown.has(`@/programs/${name}`))).toEqual([]);
  });
});

describe('the programs', { timeout: 600_000 }, () => {
  // Below the root, where `lowrank` is the package itself, as its `exports` say.
  let folder: string;
  beforeAll(() => {
    mkdirSync(join(ROOT, 'build'), { recursive: true });
    folder = mkdtempSync(join(ROOT, 'build/programs-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const inNode = names.filter((name) => !isForPage(name) && (hasRealModel || !takesModel(name)));

  it.each(inNode)('%s prints what the documents say', (name) => {
    const entryPoints = [join(PROGRAMS, name)];
    buildSync({ entryPoints, outdir: folder, format: 'esm', platform: 'node', target: 'node20' });
    const env = { ...process.env, LOWRANK_MODEL: realModelPath };
    const program = join(folder, name.replace(/\.ts$/, '.js'));
    const run = spawnSync(process.execPath, [program], { cwd: folder, env, encoding: 'utf8' });
    expect({ status: run.status, errors: run.stderr }).toEqual({ status: 0, errors: '' });
    expect(run.stdout).toBe(readFileSync(outputOf(name), 'utf8'));
  });

  it.runIf(hasChromium()).each([
    ['a page', {}],
    ['an isolated page', ISOLATION],
  ])('browser-page.ts and its worker do it in %s', async (_, headers) => {
    const page = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>';
    const root = mkdtempSync(join(folder, 'page-'));
    const entry = `<script type="module" src="${join(PROGRAMS, 'browser-page.ts')}"></script>`;
    writeFileSync(join(root, 'index.html'), page + entry);
    await vite.build({
      ...{ root, base: './', configFile: false, logLevel: 'error', worker: { format: 'es' } },
      resolve: { alias: [{ find: /^lowrank$/, replacement: join(ROOT, 'dist/browser.js') }] },
      build: { outDir: 'built', target: 'es2022', assetsInlineLimit: 0 },
    });
    const server = await serveFolder(join(root, 'built'), headers);
    const browser = await launchChromium();
    try {
      const opened = await browser.newPage();
      await opened.goto(`${server.url}index.html`);
      await opened.waitForFunction(
        () => !/^(step .*)?$/.test(document.querySelector('pre')?.textContent ?? ''),
      );
      const shown = await opened.textContent('pre');
      expect(`${shown}\n`).toBe(readFileSync(outputOf('browser-page.ts'), 'utf8'));
    } finally {
      await browser.close();
      server.close();
    }
  });
});
