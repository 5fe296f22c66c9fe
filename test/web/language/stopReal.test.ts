/** How soon the page's own model stops in a page: in a step, a probe, a measurement, an estimate and a long prompt. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Remote } from 'comlink';
import type { Browser, Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { LanguageLab, TeachReport } from '../../../web/language/api.js';
import { settingsOf } from '../../../web/language/efforts.js';
import { CAFE } from '../../../web/language/presets/cafe.js';
import type { StopFlags } from '../../../web/language/stopFlags.js';
import { hasChromium, ISOLATION, launchChromium } from '../../browser/chromium.js';
import { serveFolder } from '../../browser/staticServer.js';
import { hasRealModel, realModelPath } from '../../support/realModel.js';
import { builtPage } from './builtPage.js';

interface Globals {
  lab: Remote<LanguageLab>;
  proxy: <T>(value: T) => T;
  flags: StopFlags;
  reports: TeachReport[];
}

const LESSON = {
  rows: CAFE.rows.map((row, i) => ({ ...row, id: `row ${i}` })),
  settings: settingsOf('quick', CAFE.rows.length),
  probes: [CAFE.rows[0].prompt, CAFE.probes[0]],
};

async function opened(browser: Browser, url: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  await page.waitForFunction(() => 'lab' in globalThis);
  await page.evaluate(async () => {
    const { lab, proxy } = globalThis as unknown as Globals;
    const file = new File([await (await fetch('model.gguf')).blob()], 'model.gguf');
    await lab.openFiles(
      [file],
      proxy(() => {}),
    );
  });
  return page;
}

/** Milliseconds that a lesson takes to end after it is stopped; it is stopped a while after an awaited report. */
const stopOf = (page: Page, when: 'begun' | 'stepped' | 'measuring', ms: number) =>
  page.evaluate(
    async ([lesson, awaited, wait]) => {
      const { lab, proxy, flags } = globalThis as unknown as Globals;
      flags.lower('teaching', 'measuring');
      let reached = () => {};
      let [last, stepMs] = [performance.now(), 0];
      const there = new Promise<void>((resolve) => {
        reached = resolve;
      });
      const taught = lab.teach(
        lesson,
        proxy(({ step, isMeasuring }: TeachReport) => {
          if (step === 0) last = performance.now();
          else if (stepMs === 0) stepMs = performance.now() - last;
          const isThere = { begun: true, stepped: step > 0, measuring: isMeasuring };
          if (isThere[awaited]) reached();
          else if (awaited === 'measuring' && step > 0) void lab.stopTeaching();
        }),
      );
      await there;
      await new Promise((resolve) => setTimeout(resolve, wait));
      const begun = performance.now();
      if (awaited === 'measuring') {
        flags.raise('measuring');
        await lab.skipMeasuring();
        await taught;
      } else {
        flags.raise('teaching');
        await lab.stopTeaching();
      }
      const took = performance.now() - begun;
      flags.raise('measuring');
      await lab.skipMeasuring();
      return { took, stepMs, outcome: await taught };
    },
    [LESSON, when, ms] as const,
  );

describe.skipIf(!hasChromium() || !hasRealModel).each([
  ['in an isolated page', ISOLATION, 300],
  // Its worker looks less often.
  ['in a page that shares no memory', {}, 600],
])('a stop %s', async (_, headers, mostMs) => {
  if (!hasChromium() || !hasRealModel) return;
  const outDir = mkdtempSync(join(tmpdir(), 'lowrank-stop-'));
  await builtPage(outDir);
  symlinkSync(realModelPath, join(outDir, 'model.gguf'));
  const server = await serveFolder(outDir, headers);
  const browser = await launchChromium();
  afterAll(async () => {
    await browser.close();
    server.close();
    rmSync(outDir, { recursive: true });
  });
  const page = await opened(browser, server.url);
  /** Duration of a step here. */
  let stepMs = 0;
  /** Milliseconds within which a stop must take effect; more on a busy machine, in proportion to its slower steps. */
  const most = () => Math.max(mostMs, (mostMs / 3000) * stepMs);

  it.each([
    ['in a step', 'stepped', 1100],
    ['in the first probe', 'begun', 700],
    ['in what is measured at the end', 'measuring', 600],
  ] as const)('%s comes at once', async (name, when, ms) => {
    const { took, outcome, ...step } = await stopOf(page, when, ms);
    stepMs = Math.max(stepMs, step.stepMs);
    console.info(`a stop ${name} took ${Math.round(took)} ms, a step ${Math.round(stepMs)} ms`);
    expect(took).toBeLessThan(most());
    expect(outcome.end).toBe('stopped');
    expect(outcome.general).toBeUndefined();
  });

  it('of an estimate lets a lesson begin, and one of a long prompt comes at once', async () => {
    const took = await page.evaluate(async (lesson) => {
      const { lab, proxy, flags } = globalThis as unknown as Globals;
      const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      flags.lower('estimate');
      const estimated = lab.estimate(lesson).catch(() => undefined);
      await wait(2500);
      const first = performance.now();
      flags.raise('estimate');
      // A question waits for it.
      await estimated;
      const estimate = performance.now() - first;
      flags.lower('asking');
      const content = 'The lamp is lit at six. '.repeat(250);
      const question = { messages: [{ role: 'user' as const, content }], strength: 0, maxTokens: 20 };
      const answered = lab.ask(
        { ...question, temperature: 0, seed: 0 },
        proxy(() => {}),
      );
      await wait(1500);
      const second = performance.now();
      flags.raise('asking');
      await lab.stopAsking();
      const answer = await answered;
      return { estimate, prompt: performance.now() - second, end: answer.end, tokens: answer.tokens };
    }, LESSON);
    console.info(
      `an estimate stopped in ${Math.round(took.estimate)} ms, a prompt in ${Math.round(took.prompt)} ms`,
    );
    expect(took).toMatchObject({ end: 'stopped', tokens: 0 });
    for (const each of [took.estimate, took.prompt]) expect(each).toBeLessThan(most());
  });
});
