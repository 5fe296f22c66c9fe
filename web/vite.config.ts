import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = new URL('..', import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, root));

/** With these the page is cross-origin isolated, and its worker may have threads. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  root: path('web'),
  // So that the files can lie in any folder of a host.
  base: './',
  publicDir: path('build/web-assets'),
  resolve: {
    alias: {
      'lowrank/mnist': path('src/mnist/index.ts'),
      'lowrank/text': path('src/text.ts'),
      lowrank: path('src/browser.ts'),
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: { outDir: path('build/web'), emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 800 },
  server: { headers, fs: { allow: [path('.')] } },
  preview: { headers },
});
