import { defineConfig } from 'vitest/config';
import page from './vitest.web.config.js';

/** What takes minutes on the language-model page: whole lessons, and the memory of many. */
export default defineConfig({
  ...page,
  test: {
    ...page.test,
    include: ['test/web/page/long/*.test.ts'],
    testTimeout: 1_200_000,
    disableConsoleIntercept: true,
  },
});
