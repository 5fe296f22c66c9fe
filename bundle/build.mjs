/** Makes dist/lowrank.min.js from what `npm run build` has made. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { minify } from 'terser';

const root = new URL('..', import.meta.url);

/** The twins over shared memory, which serve for both; the build that asserts is for developing the kernels. */
const BINARIES = ['simd', 'relaxed'];

async function kernelArchive() {
  const parts = await Promise.all(
    BINARIES.map((name) => readFile(new URL(`build/${name}-shared.wasm`, root))),
  );
  const places = {};
  let offset = 0;
  for (const [i, { length }] of parts.entries()) {
    places[BINARIES[i]] = [offset, length];
    offset += length;
  }
  return { bytes: Buffer.concat(parts).toString('latin1'), places };
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
