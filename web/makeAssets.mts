/**
 * Makes what the page ships beside its code, in build/web-assets: the trained base, by the project's own command,
 * MNIST gzipped, and 1,000 of its training and 1,000 of its test images apart, with a manifest of sizes and checksums.
 * Left alone where it is there already.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parseMnist } from '../src/mnist/index.js';
import { mnistFiles } from '../src/node.js';
import { firstOfEachDigit, idxOf } from './quickDigits.mjs';

const root = new URL('../', import.meta.url);
const assets = new URL('build/web-assets/', root);
const run = new URL('build/web-base/', root);
const MANIFEST = 'manifest.json';

/** What the command of the page's base is called with, beside where it writes. */
const TRAINING = [
  'mnist',
  '--epochs',
  '3',
  '--iterations',
  '1',
  '--method',
  'layer',
  '--device',
  'wasm',
  '--quiet',
];

async function makeBase(): Promise<Uint8Array> {
  const out = fileURLToPath(run);
  const json = `${out}result.json`;
  const command = fileURLToPath(new URL('dist/cli/main.js', root));
  execFileSync(process.execPath, [command, ...TRAINING, '--out', out, '--json', json], { stdio: 'ignore' });
  return readFile(new URL('base.safetensors', run));
}

if (!existsSync(new URL(MANIFEST, assets))) {
  await rm(assets, { recursive: true, force: true });
  await mkdir(assets, { recursive: true });
  const files = new Map<string, Uint8Array>([['base.safetensors', await makeBase()]]);
  // Hosts treat a name that ends in gz each in its own way; these bytes are to arrive as they are.
  const mnist = await mnistFiles();
  for (const [name, { bytes }] of Object.entries(mnist)) {
    files.set(`${name}.bin`, gzipSync(bytes, { level: 9 }));
  }
  for (const [part, digits] of Object.entries(await parseMnist(mnist))) {
    const { images, labels } = firstOfEachDigit(digits, 100);
    files.set(`quick-${part}Images.bin`, gzipSync(idxOf(images, [labels.length, 28, 28]), { level: 9 }));
    files.set(`quick-${part}Labels.bin`, gzipSync(idxOf(labels, [labels.length]), { level: 9 }));
  }
  const manifest: Record<string, { bytes: number; sha256: string }> = {};
  for (const [name, bytes] of files) {
    await writeFile(new URL(name, assets), bytes);
    manifest[name] = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  }
  await rm(run, { recursive: true, force: true });
  await writeFile(new URL(MANIFEST, assets), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
