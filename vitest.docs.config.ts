import { configDefaults, defineConfig } from 'vitest/config';
import library from './vitest.config.js';

const { projects: _, ...settings } = library.test ?? {};

/** The site of the documents, as `npm run docs:build` has made it, read as files and visited in Chromium. */
export default defineConfig({
  test: {
    ...settings,
    include: ['test/docs/site.test.ts'],
    exclude: configDefaults.exclude,
    maxWorkers: 1,
    testTimeout: 300_000,
  },
});
