/** The ways of loading lowrank into a page: three bundlers, and one file without any. Each in Chromium. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import type { Browser } from 'playwright-core';
import * as vite from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import webpack from 'webpack';
import { hasChromium, ISOLATION, launchChromium } from './chromium.js';
import { type StaticServer, serveFolder } from './staticServer.js';

const root = new URL('../..', import.meta.url).pathname;
const HTML = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>';

interface Outcome {
  readonly error?: string;
  readonly name: string;
  readonly features: readonly string[];
  readonly reason: string;
  readonly meanLoss: number;
  readonly repeated: number;
  readonly accuracy: number;
  readonly loaded: number;
}

/** An application that has installed the package as it is published. */
function application(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lowrank-bundle-'));
  const modules = join(folder, 'node_modules');
  for (const name of ['package.json', 'dist', 'build']) {
    const filter = (source: string) => !/build\/(peft|web)/.test(source);
    cpSync(join(root, name), join(modules, 'lowrank', name), { recursive: true, filter });
  }
  cpSync(join(root, 'node_modules/wasm-feature-detect'), join(modules, 'wasm-feature-detect'), {
    recursive: true,
  });
  cpSync(join(root, 'test/browser/bundle'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

async function withVite(folder: string): Promise<void> {
  writeFileSync(join(folder, 'index.html'), `${HTML}<script type="module" src="app.js"></script>`);
  await vite.build({
    root: folder,
    base: './',
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: 'vite', target: 'es2022', assetsInlineLimit: 0 },
  });
}

/** esbuild does not change `new URL(…)`: the binaries are copied to where it points. */
async function withEsbuild(folder: string): Promise<void> {
  await esbuild.build({
    absWorkingDir: folder,
    entryPoints: ['app.js', 'worker.js'],
    bundle: true,
    format: 'esm',
    outdir: 'esbuild/js',
  });
  cpSync(join(folder, 'node_modules/lowrank/build'), join(folder, 'esbuild/build'), { recursive: true });
  writeFileSync(join(folder, 'esbuild/index.html'), `${HTML}<script type="module" src="js/app.js"></script>`);
}

async function withWebpack(folder: string): Promise<void> {
  const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
    const output = { path: join(folder, 'webpack'), filename: 'app.js' };
    const done = (error: Error | null, result?: webpack.Stats) => (error ? reject(error) : resolve(result));
    webpack({ context: folder, entry: './app.js', mode: 'production', output }, done);
  });
  if (stats?.hasErrors()) throw new Error(stats.toString('errors-only'));
  writeFileSync(join(folder, 'webpack/index.html'), `${HTML}<script src="app.js"></script>`);
}

/** No build: the file itself, in a page and in a worker. */
async function withoutBundler(folder: string): Promise<void> {
  mkdirSync(join(folder, 'none'));
  cpSync(join(root, 'dist/lowrank.min.js'), join(folder, 'none/lowrank.min.js'));
  for (const name of ['app.js', 'worker.js', 'train.js']) {
    const text = readFileSync(join(folder, name), 'utf8').replace("'lowrank'", "'./lowrank.min.js'");
    writeFileSync(join(folder, 'none', name), text);
  }
  writeFileSync(join(folder, 'none/index.html'), `${HTML}<script type="module" src="app.js"></script>`);
}

const WAYS = { vite: withVite, esbuild: withEsbuild, webpack: withWebpack, none: withoutBundler };

it('lowrank.min.js has at most 116 kB, gzipped', () => {
  expect(gzipSync(readFileSync(join(root, 'dist/lowrank.min.js')), { level: 9 }).length).toBeLessThanOrEqual(
    116_000,
  );
});

describe.runIf(hasChromium())('in Chromium', () => {
  let browser: Browser;
  let folder: string;
  let servers: Record<'open' | 'isolated', StaticServer>;
  const outcomes: Outcome[] = [];

  beforeAll(async () => {
    folder = application();
    for (const make of Object.values(WAYS)) await make(folder);
    servers = { open: await serveFolder(folder), isolated: await serveFolder(folder, ISOLATION) };
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    for (const server of Object.values(servers ?? {})) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(url: string, call: string): Promise<Outcome> {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(url);
    await page.waitForFunction('globalThis.train !== undefined');
    const outcome = await page.evaluate<Outcome>(call);
    expect({ errors, error: outcome.error }).toEqual({ errors: [], error: undefined });
    await page.close();
    return outcome;
  }

  it.each(
    Object.keys(WAYS).flatMap((way) => [
      [way, 'open', 'train'] as const,
      [way, 'open', 'inWorker'] as const,
      [way, 'isolated', 'train'] as const,
      [way, 'isolated', 'inWorker'] as const,
    ]),
  )('loaded by %s, %s, %s: trains, with threads where they may be', async (way, kind, call) => {
    const outcome = await run(`${servers[kind].url}${way}/index.html`, `${call}('auto')`);
    expect(outcome.name).toBe('wasm');
    expect(outcome.repeated).toBeGreaterThan(50);
    expect(outcome.loaded).toBe(outcome.accuracy);
    const hasThreads = kind === 'isolated' && call === 'inWorker';
    expect(/\d threads$/.test(outcome.reason)).toBe(hasThreads);
    outcomes.push(outcome);
    // Threads and ways of loading change no bit.
    expect(outcome.meanLoss).toBe(outcomes[0].meanLoss);
  });

  it.each(['vite', 'none'])('loaded by %s: WebGPU by name', async (way) => {
    const outcome = await run(`${servers.open.url}${way}/index.html`, `inWorker('webgpu')`);
    expect(outcome.name).toBe('webgpu');
    expect(outcome.loaded).toBe(outcome.accuracy);
    expect(Math.abs(outcome.meanLoss / outcomes[0].meanLoss - 1)).toBeLessThan(1e-4);
  });

  it('runs the example page', async () => {
    const server = await serveFolder(root);
    const page = await browser.newPage();
    await page.goto(`${server.url}examples/page.html`);
    await page.getByText('switched off:').waitFor();
    const text = (await page.locator('#log').textContent()) ?? '';
    server.close();
    const [base, adapted, off] = Array.from(text.matchAll(/: ([\d.]+) %/g), ([, value]) => Number(value));
    expect(adapted).toBeGreaterThan(base + 10);
    expect(off).toBe(base);
  });
});
