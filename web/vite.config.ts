/**
 * The build of the page. `LOWRANK_SITE=https://example.org/digits/` is the address it will have. Sites that show a preview
 * of a shared page require it for the picture; without it the picture's address is relative.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { RECORDED_FILE } from './language/recorded/recordedRun.js';
import { head } from './plugins/head.js';
import { serviceWorker } from './plugins/serviceWorker.js';

const root = new URL('..', import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, root));

/** Headers that make the page cross-origin isolated, so that its worker may have threads. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const files = readFileSync(path('build/web-assets.json'), 'utf8');
/** Null if this build has no language model. */
const model = existsSync(path('build/web-model.json'))
  ? readFileSync(path('build/web-model.json'), 'utf8')
  : 'null';
const recording = existsSync(path(`build/web-assets/${RECORDED_FILE}`)) ? RECORDED_FILE : undefined;

export default defineConfig({
  define: { PAGE_FILES: files, MODEL_FILES: model },
  plugins: [head({ site: process.env.LOWRANK_SITE, recording }), serviceWorker()],
  root: path('web'),
  // Relative addresses: the files can lie in any folder of a host.
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
  build: {
    rolldownOptions: { input: [path('web/index.html'), path('web/language.html')] },
    outDir: path('build/web'),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 800,
  },
  server: { headers, fs: { allow: [path('.')] } },
  preview: { headers },
});
