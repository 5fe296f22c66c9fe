import { defineConfig } from 'vitest/config';

/** The packed tarball in an empty folder: installs from the registry, so it is apart from the other tests. */
export default defineConfig({
  test: { include: ['test/package.test.ts'], testTimeout: 300_000, hookTimeout: 300_000 },
});
