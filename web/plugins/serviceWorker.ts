/** Puts the service worker beside the page, with the list of this build's files written into it. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Plugin } from 'vite';

const SCRIPT = 'sw.js';
const SOURCE = fileURLToPath(new URL('../serviceWorker.ts', import.meta.url));

/** Files that are kept once they are requested: MNIST. */
const LATER = /^(train|test)(Images|Labels)\.bin$/;
/** Files that the page does not request, and the parts of the language model, which it stores itself. */
const NEVER = /^(model\/.*|sw\.js|base\.safetensors|preview(-language)?\.png|.*\.map)$/;

export function serviceWorker(): Plugin {
  let folder = '';
  return {
    name: 'lowrank-service-worker',
    apply: 'build',
    configResolved: ({ build }) => {
      folder = build.outDir;
    },
    // By then the folder of static files exists too.
    closeBundle: async () => {
      await writeFile(join(folder, SCRIPT), await makeServiceWorker(folder));
    },
  };
}

/** @returns the script for a built folder */
export async function makeServiceWorker(folder: string): Promise<string> {
  const all = await filesOf(folder);
  const later = Object.fromEntries(Object.entries(all).filter(([path]) => LATER.test(path)));
  const first = Object.fromEntries(Object.entries(all).filter(([path]) => !LATER.test(path)));
  const version = sha256(JSON.stringify(all)).slice(0, 16);
  const { outputFiles } = await build({
    entryPoints: [SOURCE],
    define: {
      VERSION: JSON.stringify(version),
      FIRST: JSON.stringify(first),
      LATER: JSON.stringify(later),
    },
    bundle: true,
    format: 'iife',
    target: 'es2022',
    minify: true,
    write: false,
  });
  return outputFiles[0].text;
}

/** Checksums by path. */
async function filesOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !NEVER.test(path))
    .sort();
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, sha256(await readFile(join(folder, path)))])),
  );
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
