import { configDefaults, defineConfig } from 'vitest/config';
import library from './vitest.config.js';

const { projects: _, ...settings } = library.test ?? {};

/** The page in Chromium, as `npm run web:build` has made it: apart from the other tests, which want no build of it. */
export default defineConfig({
  test: {
    ...settings,
    include: ['test/web/page/*.test.ts'],
    exclude: configDefaults.exclude,
    maxWorkers: 1,
    // Of a file whose tests say that they do not disturb each other: they wait more than they compute.
    maxConcurrency: 3,
  },
});
