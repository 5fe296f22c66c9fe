/** Makes dist/lowrank.min.js from what `npm run build` has made. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { minify } from 'terser';

const root = new URL('..', import.meta.url);

/** The builds over shared memory, which serve for both kinds; the debug build is only for developing the kernels. */
const BINARIES = ['simd', 'relaxed'];

/**
 * Bytes that are taken from each binary in turn. They are much alike, and gzip looks back no further than 32 KiB: one after the
 * other they take 32 kB, in turns 21.
 */
const STRETCH = 4096;

async function kernelArchive() {
  const parts = await Promise.all(
    BINARIES.map((name) => readFile(new URL(`build/${name}-shared.wasm`, root))),
  );
  const longest = Math.max(...parts.map(({ length }) => length));
  const stretches = [];
  for (let at = 0; at < longest; at += STRETCH) {
    for (const part of parts) stretches.push(part.subarray(at, at + STRETCH));
  }
  const lengths = Object.fromEntries(BINARIES.map((name, i) => [name, parts[i].length]));
  return { bytes: Buffer.concat(stretches).toString('latin1'), stretch: STRETCH, lengths };
}

/** Gives the binaries to the code that asks for `virtual:kernels`. */
const kernels = {
  name: 'kernels',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^virtual:kernels$/ }, ({ path }) => ({ path, namespace: 'kernels' }));
    onLoad({ filter: /.*/, namespace: 'kernels' }, async () => ({
      contents: JSON.stringify(await kernelArchive()),
      loader: 'json',
    }));
  },
};

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('bundle/standalone.ts', root))],
  plugins: [kernels],
  bundle: true,
  // It shortens the names of private fields, which terser leaves; terser does the rest better.
  minify: true,
  legalComments: 'none',
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  write: false,
});
const { code = '' } = await minify(outputFiles[0].text, {
  module: true,
  ecma: 2020,
  compress: { passes: 3 },
});
await writeFile(new URL('dist/lowrank.min.js', root), code);
