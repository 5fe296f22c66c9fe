/** The states of the language-model page: what each says, that it fits on a phone, and that assistive technology understands it. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ggufBytes } from '../../models/fixtures.js';
import { ggufContents, ggufFile, largeModel } from '../../models/ggufFiles.js';
import { problemsOnSmallScreens } from './fits.js';
import {
  beginLesson,
  chooseOwn,
  hasLanguageModel,
  inWorkers,
  killTab,
  lampRows,
  languageUrl,
  loadModel,
  loadOwn,
  openWith,
  reachStep,
  settingsFor,
} from './languagePage.js';
import { accessibilityProblems, button, openSite, type Site } from './open.js';

let site: Site;
let open: Site;
let folder: string;
beforeAll(async () => {
  site = await openSite();
  open = await openSite(false);
  folder = mkdtempSync(join(tmpdir(), 'lowrank-states-'));
});
afterAll(async () => {
  await site.close();
  await open.close();
  rmSync(folder, { recursive: true });
});

interface State {
  /** Script for the page's workers that imitates another browser. */
  readonly workers?: string;
  /** Whether the host's pages are not isolated. */
  readonly isOpen?: boolean;
  readonly reach: (page: Page, context: BrowserContext) => Promise<unknown>;
  /** Whether to check the newest page instead of the one that was opened. */
  readonly isNext?: boolean;
  /** What it says in `main`. */
  readonly says: readonly RegExp[];
}

const download = (page: Page) => button(page, 'Download the model, 98 MB').first().click();
const refuse = 'const refuse = () => { throw new DOMException("refused", "SecurityError"); };';
const NOTHING_KEPT = `${refuse} StorageManager.prototype.getDirectory = refuse; CacheStorage.prototype.open = refuse; IDBFactory.prototype.open = refuse;`;
/** Speeds up the worker's clock, since a lesson is kept every 20 seconds. */
const FAST_CLOCK = 'const now = performance.now.bind(performance); performance.now = () => 20 * now();';

async function small(change: (contents: Awaited<ReturnType<typeof ggufContents>>) => void) {
  const contents = await ggufContents('llama');
  change(contents);
  return ggufFile(contents);
}

function withTensorType(type: number): Uint8Array {
  const bytes = new Uint8Array(ggufBytes('llama'));
  const name = 'blk.0.attn_q.weight';
  const at = Buffer.from(bytes).indexOf(name) + name.length;
  new DataView(bytes.buffer).setUint32(at + 4 + 16, type, true);
  return bytes;
}

/** A model of 13 GB with only its header; the rest takes no disk space. */
async function largeFile(): Promise<string> {
  const header = await largeModel('F16', 32);
  const path = join(folder, 'large.gguf');
  writeFileSync(path, await header.read(0, Math.min(header.length, 1e6)));
  truncateSync(path, header.length);
  return path;
}

const STATES: Readonly<Record<string, State>> = {
  'no model': {
    reach: async () => {},
    says: [/Download the model, 98 MB/, /Download the model first \(98 MB\)/, /Recorded on /],
  },
  'a download without a network': {
    reach: async (page, context) => {
      await context.route('**/model/part-01.bin', (route) => route.abort());
      await download(page);
    },
    says: [/Paused at 17 of 98 MB: .*Goes on by itself\./],
  },
  'a download that was left': {
    reach: async (page, context) => {
      await context.route('**/model/part-01.bin', (route) => route.abort());
      await download(page);
      await page
        .getByText(/^Paused at 17 of 98 MB/)
        .first()
        .waitFor();
      await page.reload();
    },
    says: [/Go on, 82 MB left/],
  },
  'a damaged part': {
    reach: async (page, context) => {
      await context.route('**/model/part-00.bin', (route) =>
        route.fulfill({ body: Buffer.alloc(16_777_216) }),
      );
      await download(page);
    },
    says: [/Part 1 arrived damaged twice\./, /Try again/],
  },
  'no room': {
    workers: 'StorageManager.prototype.estimate = async () => ({ quota: 60e6, usage: 0 });',
    reach: (page) => loadModel(page),
    says: [/This browser offers 60 MB\. The model works now but must be downloaded again next time\./],
  },
  'a private window': {
    workers: NOTHING_KEPT,
    reach: async () => {},
    says: [/The model works now but must be downloaded again next time\./, /Download the model, 98 MB/],
  },
  'an unknown architecture': {
    reach: async (page) => {
      const bytes = await small(({ metadata }) =>
        metadata.set('general.architecture', { type: 'string', value: 'gemma3' }),
      );
      await chooseOwn(page, 'gemma.gguf', bytes);
    },
    says: [/gemma3 is not supported yet: llama.* are?\./],
  },
  'an unknown type of tensor': {
    reach: (page) => chooseOwn(page, 'q2.gguf', withTensorType(10)),
    says: [/Q2_K tensors.*not supported yet/],
  },
  'a cut file': {
    reach: (page) => chooseOwn(page, 'cut.gguf', ggufBytes('llama').slice(0, -100)),
    says: [/The file ends at .*Download it again\./],
  },
  'a model that is too large': {
    reach: async (page) => {
      await page.getByLabel('Model files').setInputFiles(await largeFile());
    },
    says: [/needs .*\d GB/i, /smaller model/i],
  },
  'no isolation': {
    isOpen: true,
    reach: (page) => loadOwn(page, ggufBytes('llama3')),
    says: [/CPU, (one|1) thread/],
  },
  'a second tab': {
    reach: async (page, context) => {
      await loadOwn(page, ggufBytes('llama3'));
      await (await context.newPage()).goto(languageUrl(site.server));
    },
    isNext: true,
    says: [/This model is open in another tab\./, /Use it here/],
  },
  'a killed tab': {
    workers: FAST_CLOCK,
    reach: async (page, context) => {
      const rows = lampRows(4);
      await openWith(page, languageUrl(site.server), { rows, settings: settingsFor(4, { epochs: 900 }) });
      await loadOwn(page, ggufBytes('llama3'));
      await beginLesson(page);
      await reachStep(page, 40);
      await page.waitForTimeout(2000);
      await killTab(context, page);
      const next = await context.newPage();
      await next.goto(languageUrl(site.server));
      await loadOwn(next, ggufBytes('llama3'));
    },
    isNext: true,
    says: [/Went to step \d+ of 900\./, /Go on/],
  },
};

describe.skipIf(!hasLanguageModel())('the language-model page', () => {
  it.concurrent.each(Object.entries(STATES))(
    'with %s says so, fits, and can be understood',
    async (_, state) => {
      const { browser, server } = state.isOpen ? open : site;
      const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
      if (state.workers) await inWorkers(context, state.workers);
      let page = await context.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(languageUrl(server));
      await state.reach(page, context);
      if (state.isNext) page = context.pages().at(-1) ?? page;
      for (const words of state.says) await page.locator('main').getByText(words).first().waitFor();
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await problemsOnSmallScreens(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await context.close();
    },
  );
});
