import { defineConfig } from 'vitest/config';

/** Node 20 and 21 have relaxed SIMD behind this flag; later versions have it always and refuse the flag. */
const major = Number(process.versions.node.split('.')[0]);
const execArgv = major < 22 ? ['--experimental-wasm-relaxed-simd', '--expose-gc'] : ['--expose-gc'];

/** They have commands of their own. */
const OTHERS = ['test/package.test.ts', 'test/web/page/**', 'test/docs/site.test.ts'];

export default defineConfig({
  // The page imports the library by its name.
  resolve: {
    alias: {
      'lowrank/mnist': new URL('src/mnist/index.ts', import.meta.url).pathname,
      'lowrank/text': new URL('src/text.ts', import.meta.url).pathname,
      lowrank: new URL('src/index.ts', import.meta.url).pathname,
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: OTHERS,
    execArgv,
    setupFiles: ['test/support/withoutDiskSync.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
