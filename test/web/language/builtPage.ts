/** The page in which tests talk to a lab in its worker. */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export async function builtPage(outDir: string): Promise<void> {
  const sources = path('../../../src/');
  await build({
    ...{ root: path('page'), base: './', configFile: false, logLevel: 'warn' },
    define: { MODEL_FILES: 'null' },
    resolve: { alias: { 'lowrank/text': `${sources}text.ts`, lowrank: `${sources}browser.ts` } },
    worker: { format: 'es' },
    build: { outDir, target: 'es2022', emptyOutDir: true },
  });
}
