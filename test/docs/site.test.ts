/** The built site of the documents: its links, what it asks for, how it looks on a phone, and what axe says of it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, launchChromium } from '../browser/chromium.js';
import { type StaticServer, serveFolder } from '../browser/staticServer.js';
import { accessibilityProblems } from '../web/page/open.js';

const SITE = new URL('../../build/docs/', import.meta.url).pathname;

/** A page of each section, which axe looks at. */
const OF_SECTIONS = [
  'index.html',
  'learn/lora.html',
  'how-to/chat-model.html',
  'reference/cli.html',
  'reference/support.html',
  'reference/api/functions/index.fit.html',
  'how-it-works/kernels.html',
  'benchmarks.html',
];

/** A page of each kind that typedoc makes: they stand for all of them. */
const OF_API = [
  'reference/api/modules/text.html',
  'reference/api/classes/index.LoraAdapter.html',
  'reference/api/functions/index.fit.html',
  'reference/api/interfaces/text.LoadLanguageModelOptions.html',
  'reference/api/types/text.RopeScaling.html',
];

interface BuiltPage {
  readonly html: string;
  readonly ids: ReadonlySet<string>;
}

/** All pages by their path. */
const pages = new Map(
  readdirSync(SITE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.html'))
    .map((name): [string, BuiltPage] => {
      const html = readFileSync(join(SITE, name), 'utf8');
      return [name, { html, ids: new Set(valuesOf(html, 'id')) }];
    }),
);

/** Values of an attribute, as a browser reads them. */
function valuesOf(html: string, attribute: string): string[] {
  return Array.from(html.matchAll(new RegExp(`\\s${attribute}="([^"]*)"`, 'g')), ([, value]) =>
    value
      .replace(/&amp;/g, '&')
      .replace(/&quot;/g, '"')
      .replace(/&#39;/g, "'"),
  );
}

/** What is wrong with an address on a page; undefined where nothing is. */
function problemOf(from: string, address: string): string | undefined {
  const host = 'http://site';
  const url = new URL(address, `${host}/${from}`);
  if (url.origin !== host) return undefined;
  const path = decodeURIComponent(url.pathname).slice(1) || 'index.html';
  const target = pages.get(path);
  if (!target) return existsSync(join(SITE, path)) ? undefined : `${from}: there is no ${address}`;
  const anchor = decodeURIComponent(url.hash.slice(1));
  return anchor === '' || target.ids.has(anchor) ? undefined : `${from}: there is no place ${address}`;
}

describe('the pages as files', () => {
  it('are all there: those of people, and those that are made', () => {
    expect([...pages.keys()]).toEqual(expect.arrayContaining([...OF_SECTIONS, ...OF_API]));
    expect(pages.size).toBeGreaterThan(300);
  });

  it('link to pages and places that exist', () => {
    const problems = Array.from(pages, ([name, { html }]) =>
      [...valuesOf(html, 'href'), ...valuesOf(html, 'src')].map((address) => problemOf(name, address)),
    );
    expect(problems.flat().filter((each) => each !== undefined)).toEqual([]);
  });

  it('take nothing from another host', () => {
    const foreign = Array.from(pages, ([name, { html }]) => {
      const tags = Array.from(html.matchAll(/<(?:script|link|img|iframe)\b[^>]*>/g), ([tag]) => tag);
      return tags
        .filter((tag) => /\b(?:src|href)="(?:https?:)?\/\//.test(tag))
        .map((tag) => `${name}: ${tag}`);
    });
    expect(foreign.flat()).toEqual([]);
    const styles = readdirSync(join(SITE, 'assets')).filter((name) => name.endsWith('.css'));
    expect(styles.length).toBeGreaterThan(0);
    for (const name of styles)
      expect(readFileSync(join(SITE, 'assets', name), 'utf8')).not.toMatch(/url\(["']?https?:|@import/);
  });

  it('name every command and every kind of error', () => {
    const ids = (name: string) => [...(pages.get(name)?.ids ?? [])];
    const commands = ['mnist', 'sweep', 'generate', 'train', 'chat', 'data', 'eval', 'export', 'inspect'];
    expect(ids('reference/cli.html')).toEqual(
      expect.arrayContaining([...commands, 'merge', 'devices'].map((name) => `lowrank-${name}`)),
    );
    expect(ids('reference/errors.html')).toEqual(
      expect.arrayContaining(['dataerror', 'deviceerror', 'shapeerror', 'nonfiniteerror', 'usageerror']),
    );
    expect(pages.get('reference/errors.html')?.html).toContain('matmul: ');
  });
});

describe.runIf(hasChromium())('the pages in Chromium', () => {
  let browser: Browser;
  let server: StaticServer;

  beforeAll(async () => {
    server = await serveFolder(SITE);
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** A visitor for whom other hosts do not answer. */
  async function visitor(options: BrowserContextOptions): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext({ serviceWorkers: 'block', ...options });
    const complaints: string[] = [];
    await context.route(
      (url) => !url.href.startsWith(server.url),
      (route) => {
        complaints.push(route.request().url());
        return route.abort();
      },
    );
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error}`));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()}`);
    });
    return { page, complaints };
  }

  /** Waits for the page to be alive. */
  async function open(page: Page, name: string): Promise<void> {
    await page.goto(new URL(name, server.url).href);
    await page.waitForFunction(() => '__vue_app__' in (document.querySelector('#app') ?? {}));
  }

  it('none has to be moved sideways on a phone, and none asks another host', async () => {
    const { page, complaints } = await visitor({});
    const wide: string[] = [];
    const names = [...pages.keys()].filter(
      (name) => !name.startsWith('reference/api/') && name !== '404.html',
    );
    for (const name of [...names, ...OF_API]) {
      await open(page, name);
      for (const width of [390, 320]) {
        await page.setViewportSize({ width, height: 800 });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (over > 0) wide.push(`${name}: ${over} pixels too wide at ${width}`);
      }
    }
    expect(wide).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('axe finds nothing, in light and in dark colours', async () => {
    const { page } = await visitor({ viewport: { width: 1280, height: 900 } });
    const problems: string[] = [];
    for (const name of OF_SECTIONS) {
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
      await open(page, name);
      problems.push(...(await accessibilityProblems(page)).map((each) => `${name}: ${each}`));
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.waitForFunction(() => document.documentElement.classList.contains('dark'));
      problems.push(...(await accessibilityProblems(page)).map((each) => `${name}, dark: ${each}`));
    }
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it('finds a word, without a network', async () => {
    const { page, complaints } = await visitor({ viewport: { width: 1280, height: 900 } });
    await open(page, 'index.html');
    await page.keyboard.press('Control+k');
    await page.locator('.VPLocalSearchBox input').fill('shared prefixes');
    const first = page.locator('.VPLocalSearchBox .result').first();
    await first.waitFor();
    expect(await first.getAttribute('href')).toContain('how-it-works/kernels');
    await first.click();
    await page.waitForURL('**/how-it-works/kernels.html**');
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('the test itself', () => {
  it('sees a link that leads nowhere', () => {
    const [name] = pages.keys();
    expect(problemOf(name, '/reference/nothing.html')).toBe(`${name}: there is no /reference/nothing.html`);
    expect(problemOf(name, '/benchmarks.html#nothing')).toBe(
      `${name}: there is no place /benchmarks.html#nothing`,
    );
  });
});
