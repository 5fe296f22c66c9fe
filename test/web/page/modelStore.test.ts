/** The model's parts in a browser: kept as files, in a cache, or in memory, and what two tabs do. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelManifest } from '../../../web/language/model/manifest.js';
import { partName } from '../../../web/language/model/manifest.js';
import { hasChromium, launchChromium } from '../../browser/chromium.js';
import { type StaticServer, serveFolder } from '../../browser/staticServer.js';

const root = new URL('../../../', import.meta.url).pathname;
const PART = 300_000;
const file = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 31 + (i >> 9)) % 256);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const parts = [0, 1, 2, 3].map((i) => file.subarray(i * PART, (i + 1) * PART));

const manifest: ModelManifest = {
  ...{ name: 'model', architecture: 'llama', parameters: 1, neededBytes: 1, contextLength: 1, layers: 1 },
  ...{ hasTokenizer: true, license: 'none', fileBytes: file.length, sha256: sha256(file) },
  parts: parts.map((part) => ({ bytes: part.length, sha256: sha256(part) })),
};

/** Runs a script in a worker, after breaking the named parts of the browser. */
const WORKER = `
import { openShippedSource, storedShipped, deleteShipped } from '${root}web/language/model/shipped.ts';
const refuse = () => { throw new DOMException('refused', 'SecurityError'); };
onmessage = async ({ data: { what, broken } }) => {
  if (broken.includes('files')) StorageManager.prototype.getDirectory = refuse;
  if (broken.includes('hangs')) StorageManager.prototype.getDirectory = () => new Promise(() => {});
  if (broken.includes('cache')) CacheStorage.prototype.open = refuse;
  if (broken.includes('sync')) delete FileSystemFileHandle.prototype.createSyncAccessHandle;
  try {
    if (what === 'stored') return postMessage(await storedShipped());
    if (what === 'delete') return postMessage(await deleteShipped());
    let told = 0;
    const shipped = await openShippedSource(location.origin + '/', () => told++);
    const bytes = await shipped.source.read(0, shipped.source.length);
    await shipped.finished;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    postMessage({ sha256, told, isComplete: shipped.isComplete, stored: await shipped.stored() });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};`;

const available = hasChromium();
let [browser, server, folder]: [Browser?, StaticServer?, string?] = [];
const sent: string[] = [];

beforeAll(async () => {
  if (!available) return;
  folder = mkdtempSync(join(tmpdir(), 'lowrank-model-'));
  await build({
    stdin: { contents: WORKER, resolveDir: root },
    alias: { 'lowrank/text': `${root}src/text.ts`, lowrank: `${root}src/browser.ts` },
    define: { MODEL_FILES: JSON.stringify(manifest) },
    ...{ bundle: true, format: 'esm', outfile: join(folder, 'worker.js'), logLevel: 'error' },
  });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>parts</title>');
  mkdirSync(join(folder, 'model'));
  for (const [i, part] of parts.entries()) writeFileSync(join(folder, 'model', `${partName(i)}.bin`), part);
  server = await serveFolder(folder, {}, { onSent: (path) => sent.push(path) });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  if (folder) rmSync(folder, { recursive: true });
});

async function open(): Promise<Page> {
  if (!browser || !server) throw new Error('there is no browser');
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.url);
  return page;
}

/** Runs in a new worker, like that of a tab. */
const ask = (page: Page, what: string, broken: readonly string[] = []) =>
  page.evaluate<Record<string, unknown>, { what: string; broken: readonly string[] }>(
    (message) =>
      new Promise((resolve, reject) => {
        const worker = new Worker('/worker.js', { type: 'module' });
        worker.onerror = (event) => reject(new Error(event.message));
        worker.onmessage = ({ data }) => {
          worker.terminate();
          resolve(data);
        };
        worker.postMessage(message);
      }),
    { what, broken },
  );

const partsSent = () => sent.filter((path) => path.startsWith('model/')).length;

describe.skipIf(!available)('the parts of the model in Chromium', () => {
  it.each([
    ['files', []],
    ['files', ['sync']],
    ['cache', ['files']],
    ['cache', ['hangs']],
  ])('are kept as %s, and not fetched again, where %j is broken', async (place, broken) => {
    const page = await open();
    expect(await ask(page, 'stored', broken)).toMatchObject({ bytes: 0, total: file.length, place });
    const before = partsSent();
    const stored = { bytes: file.length, total: file.length, place };
    expect(await ask(page, 'open', broken)).toMatchObject({
      ...{ sha256: manifest.sha256, isComplete: false, stored },
    });
    expect(await ask(page, 'open', broken)).toMatchObject({
      ...{ sha256: manifest.sha256, isComplete: true, told: 0, stored },
    });
    expect(partsSent() - before).toBe(parts.length);
    expect(Date.now() - Number((await ask(page, 'stored', broken)).since)).toBeLessThan(60_000);
    await ask(page, 'delete', broken);
    expect(await ask(page, 'stored', broken)).toMatchObject({ bytes: 0 });
    await page.context().close();
  });

  it('are in memory where nothing can be kept, and that is said', async () => {
    const page = await open();
    expect(await ask(page, 'open', ['files', 'cache'])).toMatchObject({
      sha256: manifest.sha256,
      stored: {
        ...{ bytes: 0, place: 'memory' },
        reason:
          'This browser keeps no files for this page. The model works now but must be downloaded again next time.',
      },
    });
    await page.context().close();
  });

  it('are fetched once by two tabs at the same time', async () => {
    const page = await open();
    const before = partsSent();
    const both = await Promise.all([ask(page, 'open'), ask(page, 'open')]);
    for (const each of both)
      expect(each).toMatchObject({ sha256: manifest.sha256, stored: { bytes: file.length, place: 'files' } });
    expect(partsSent() - before).toBe(parts.length);
    await page.context().close();
  });
});
