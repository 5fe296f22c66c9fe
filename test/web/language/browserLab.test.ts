/** The lab in a worker of a real page: messages, threads, and a lesson that outlives its tab. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Remote } from 'comlink';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { LanguageLab, TeachReport } from '../../../web/language/api.js';
import { hasChromium, ISOLATION, launchChromium } from '../../browser/chromium.js';
import { serveFolder } from '../../browser/staticServer.js';
import { folder } from '../../models/fixtures.js';
import { builtPage } from './builtPage.js';
import { lessonOf, question } from './labs.js';

interface Globals {
  lab: Remote<LanguageLab>;
  proxy: <T>(value: T) => T;
  steps: number;
}

describe.skipIf(!hasChromium())('the lab in a page', async () => {
  if (!hasChromium()) return;
  const outDir = mkdtempSync(join(tmpdir(), 'lowrank-lab-'));
  await builtPage(outDir);
  const server = await serveFolder(outDir, ISOLATION);
  const browser = await launchChromium();
  afterAll(async () => {
    await browser.close();
    server.close();
    rmSync(outDir, { recursive: true });
  });

  const files = [...folder('llama3')]
    .filter(([name]) => /\.(json|safetensors|jinja)$/.test(name))
    .map(([name, bytes]) => [name, [...bytes]] as const);

  /** A tab with the small model, and a faster clock in its worker. */
  async function tab(context: BrowserContext, speed = 1): Promise<Page> {
    const page = await context.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => 'lab' in globalThis);
    const worker = page.workers()[0] ?? (await page.waitForEvent('worker'));
    await worker.evaluate((factor) => {
      const now = performance.now.bind(performance);
      performance.now = () => factor * now();
    }, speed);
    await page.evaluate(async (given) => {
      const { lab, proxy } = globalThis as unknown as Globals;
      const all = given.map(([name, bytes]) => new File([new Uint8Array(bytes)], name));
      await lab.openFiles(
        all,
        proxy(() => {}),
      );
    }, files);
    return page;
  }

  const teach = (page: Page, lesson = lessonOf({ epochs: 4 }, { probes: [] })) =>
    page.evaluate(async (given) => {
      const globals = globalThis as unknown as Globals;
      const told = globals.proxy(({ step }: TeachReport) => {
        globals.steps = step;
      });
      const outcome = await globals.lab.teach(given, told);
      return {
        outcome,
        bytes: [...((await globals.lab.adapterFiles()).get('adapter_model.safetensors') ?? [])],
      };
    }, lesson);

  it('answers and teaches through messages', async () => {
    const page = await tab(await browser.newContext());
    const { outcome, bytes } = await teach(page);
    expect(outcome).toMatchObject({ end: 'finished', kept: 12 });
    expect(bytes.length).toBeGreaterThan(1000);
    const answers = await page.evaluate(
      async (asked) => {
        const { lab, proxy } = globalThis as unknown as Globals;
        const told = proxy(() => {});
        return Promise.all([lab.ask({ ...asked, strength: 0 }, told), lab.ask(asked, told)]);
      },
      question('Lamp 3?', 1),
    );
    expect(answers[0].text).not.toBe(answers[1].text);
    const refused = await page.evaluate(async () => {
      const { lab, proxy } = globalThis as unknown as Globals;
      return lab.openShipped(proxy(() => {})).catch((error: Error) => error.message);
    });
    expect(refused).toBe('This build of the page comes without a model. Open a model file of your own.');
  });

  it('continues the lesson of a closed tab, to the same bytes', async () => {
    const context = await browser.newContext();
    const lesson = lessonOf({ epochs: 20 }, { probes: [] });
    const whole = await teach(await tab(await browser.newContext()), lesson);
    const page = await tab(context, 1e6);
    void teach(page, lesson).catch(() => {});
    await page.waitForFunction(() => (globalThis as unknown as Globals).steps >= 10);
    await page.close();
    const next = await tab(context);
    const resumed = await next.evaluate(async () => {
      const { lab, proxy } = globalThis as unknown as Globals;
      const unfinished = await lab.unfinished();
      const outcome = await lab.resume(proxy(() => {}));
      const bytes = (await lab.adapterFiles()).get('adapter_model.safetensors') ?? [];
      return { unfinished, outcome, bytes: [...bytes], left: await lab.unfinished() };
    });
    expect(resumed.unfinished?.lesson).toEqual(lesson);
    expect(resumed.unfinished?.step).toBeGreaterThanOrEqual(1);
    expect(resumed.unfinished?.step).toBeLessThan(60);
    expect(resumed.outcome).toMatchObject({ end: 'finished', steps: 60 });
    expect(resumed.bytes).toEqual(whole.bytes);
    expect(resumed.left).toBeUndefined();
  });

  it('has the adapter of a closed tab again, to the same bytes', async () => {
    const context = await browser.newContext();
    const page = await tab(context);
    const taught = await teach(page);
    await page.close();
    const next = await tab(context);
    const found = await next.evaluate(async () => {
      const { lab } = globalThis as unknown as Globals;
      const { steps, seed, keptSince } = (await lab.adapter()) ?? {};
      const bytes = (await lab.adapterFiles()).get('adapter_model.safetensors') ?? [];
      const kept = await lab.keptAdapters();
      await lab.removeAdapter();
      return { steps, seed, keptSince, bytes: [...bytes], kept, left: await lab.keptAdapters() };
    });
    expect(found).toMatchObject({ steps: 12, seed: 0, bytes: taught.bytes, left: [] });
    expect(found.kept).toMatchObject([{ steps: 12, since: found.keptSince }]);
    await next.close();
    const last = await tab(context);
    expect(await last.evaluate(() => (globalThis as unknown as Globals).lab.adapter())).toBeUndefined();
  });
});
