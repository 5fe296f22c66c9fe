/** Contenders, each in its own headless Chromium. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { hasChromium, ISOLATION, launchChromium } from '../../../test/browser/chromium.js';
import { serveFolder } from '../../../test/browser/staticServer.js';
import type { Answer, Contender, Running } from '../contender.js';

const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const BUILD = at('../../../build');
const WLLAMA = at('../../node_modules/@wllama/wllama/esm/wasm/wllama.wasm');
/** Bundled beside the page. */
const SCRIPTS = { 'lowrankPage.ts': ['lowrankWorker.ts'], 'wllamaPage.mjs': [] } as const;

export interface BrowserContender {
  readonly name: string;
  readonly page: keyof typeof SCRIPTS;
  /** Path of the model; the page is given its address. @throws Error with a sentence where there is none */
  readonly model: () => string | Promise<string>;
  readonly request: object;
}

export function browserContender({ name, page, model, request }: BrowserContender): Contender {
  return {
    name,
    async start() {
      if (!hasChromium()) throw new Error('there is no Chromium (LOWRANK_CHROMIUM names one)');
      const path = await model();
      const folder = mkdtempSync(join(tmpdir(), 'lowrank-page-'));
      const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
      try {
        await writePage(folder, page, path);
        const server = await serveFolder(folder, ISOLATION);
        ends.unshift(() => server.close());
        const ask = await openPage(server.url, ends);
        const asked = { ...request, model: `/${encodeURIComponent(basename(path))}` };
        return await running(
          (what) => ask({ do: what, request: asked }),
          () => endAll(ends),
        );
      } catch (error) {
        await endAll(ends);
        throw error;
      }
    },
  };
}

async function endAll(ends: readonly (() => unknown)[]): Promise<void> {
  for (const end of ends) await end();
}

async function running(
  ask: (what: 'hello' | 'check' | 'time') => Promise<Answer>,
  end: () => Promise<void>,
): Promise<Running> {
  const { how = '' } = await ask('hello');
  return {
    ...{ how, peakBytes: undefined, end },
    check: async () => (await ask('check')).values ?? [],
    time: async () => (await ask('time')).samples ?? {},
  };
}

/** The page, its scripts, the kernels and the model as a static host would have them. */
async function writePage(folder: string, page: BrowserContender['page'], model: string): Promise<void> {
  const scripts = join(folder, 'scripts');
  mkdirSync(scripts);
  const entryPoints = [page, ...SCRIPTS[page]].map(at);
  await build({
    entryPoints,
    outdir: scripts,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  symlinkSync(BUILD, join(folder, 'build'));
  symlinkSync(WLLAMA, join(folder, 'wllama.wasm'));
  symlinkSync(model, join(folder, basename(model)));
  const script = page.replace(/\.\w+$/, '.js');
  const head = `<meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="scripts/${script}"></script>`;
  writeFileSync(join(folder, 'index.html'), `<!doctype html><html lang="en"><head>${head}</head></html>`);
}

/** A browser of its own, in which the page answers. */
async function openPage(
  url: string,
  ends: (() => unknown)[],
): Promise<(question: object) => Promise<Answer>> {
  const browser = await launchChromium();
  ends.unshift(() => browser.close());
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction('globalThis.ask !== undefined');
  return async (question) => {
    const answer = await page.evaluate<Answer & { error?: string }>(`ask(${JSON.stringify(question)})`);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  };
}
