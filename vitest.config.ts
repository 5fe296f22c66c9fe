/**
 * All tests, as projects: `npm test` runs `library`; the others require what their commands build first.
 * `npx vitest run --project library test/lora` runs some of what is built.
 */
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** Node 20 and 21 have relaxed SIMD behind this flag; later versions have it always and refuse the flag. */
const major = Number(process.versions.node.split('.')[0]);
const execArgv = major < 22 ? ['--experimental-wasm-relaxed-simd', '--expose-gc'] : ['--expose-gc'];

const source = (path: string) => new URL(`src/${path}`, import.meta.url).pathname;

/** The page imports the library by its name. */
const alias = {
  'lowrank/mnist': source('mnist/index.ts'),
  'lowrank/text': source('text.ts'),
  lowrank: source('index.ts'),
};

type Settings = NonNullable<TestProjectInlineConfiguration['test']>;

const project = (name: string, settings: Settings): TestProjectInlineConfiguration => ({
  resolve: { alias },
  test: {
    name,
    execArgv,
    setupFiles: ['test/support/withoutDiskSync.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    ...settings,
  },
});

/** One file with a browser at a time: two at once took three minutes less, and one run in two had a test that lost a race. */
const BROWSER: Settings = { maxWorkers: 1, sequence: { groupOrder: 1 } };

/** One file at a time, after the other projects. */
const ALONE: Settings = { maxWorkers: 1, sequence: { groupOrder: 2 } };

export default defineConfig({
  test: {
    projects: [
      project('library', {
        include: ['test/**/*.test.ts'],
        exclude: ['test/package.test.ts', 'test/web/page/**', 'test/docs/site.test.ts'],
        maxWorkers: 2,
      }),
      // The packed tarball in an empty folder.
      project('package', { include: ['test/package.test.ts'], testTimeout: 300_000, hookTimeout: 300_000 }),
      // Both pages in Chromium, as `npm run web:build` makes them.
      // Tests of a file that do not disturb each other run at once too.
      project('page', {
        ...BROWSER,
        include: ['test/web/page/*.test.ts'],
        exclude: ['test/web/page/pace.test.ts'],
        maxConcurrency: 3,
      }),
      // What is timed on a page, with nothing beside it.
      project('pace', { ...ALONE, include: ['test/web/page/pace.test.ts'] }),
      // What takes minutes on the language-model page: whole lessons, the memory of many, other programs with its files.
      project('long', { ...ALONE, include: ['test/web/page/long/*.test.ts'], testTimeout: 1_200_000 }),
      // The site of the documents, as `npm run docs:build` makes it.
      project('docs', { ...BROWSER, include: ['test/docs/site.test.ts'], testTimeout: 300_000 }),
    ],
  },
});
