/**
 * Makes the files that the page ships beside its code, in build/web-assets: the base, trained by the project's own command,
 * in f32 for people and in int8 for the page; MNIST, gzipped; 1,000 training and 1,000 test images on their own; the
 * pictures; and a manifest of sizes and checksums. Does nothing if all of them exist.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parseModel, serializeModel } from '../src/index.js';
import { type MnistFiles, parseMnist } from '../src/mnist/index.js';
import { mnistFiles } from '../src/node.js';
import { iconPicture, sharedPicture } from './assets/pictures.mjs';
import { taughtInNode } from './assets/taughtInNode.mjs';
import { parseSmall, serializeSmall } from './lab/smallBase.js';
import { firstOfEachDigit, idxOf } from './quickDigits.mjs';

const root = new URL('../', import.meta.url);
const assets = new URL('build/web-assets/', root);
const run = new URL('build/web-base/', root);
const manifest = new URL('build/web-assets.json', root);
const [BASE, SMALL] = ['base.safetensors', 'base-small.bin'];

/** Arguments of the command that trains the page's base, without the output folder. */
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

async function trainBase(): Promise<Uint8Array> {
  const out = fileURLToPath(run);
  const json = `${out}result.json`;
  const command = fileURLToPath(new URL('dist/cli/main.js', root));
  execFileSync(process.execPath, [command, ...TRAINING, '--out', out, '--json', json], { stdio: 'ignore' });
  const bytes = await readFile(new URL(BASE, run));
  await rm(run, { recursive: true, force: true });
  return bytes;
}

/** Writes the page's network in both files: the f32 file holds the numbers that the int8 file stands for. */
async function networkFiles(): Promise<Map<string, Uint8Array>> {
  const small = serializeSmall(parseModel(await trainBase(), BASE));
  return new Map([
    [BASE, serializeModel(parseSmall(small, SMALL))],
    [SMALL, gzipSync(small, { level: 9 })],
  ]);
}

async function digitFiles(mnist: MnistFiles): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  // Hosts treat names that end in gz in different ways, and these bytes must arrive unchanged.
  for (const [name, { bytes }] of Object.entries(mnist)) {
    files.set(`${name}.bin`, gzipSync(bytes, { level: 9 }));
  }
  for (const [part, digits] of Object.entries(await parseMnist(mnist))) {
    const { images, labels } = firstOfEachDigit(digits, 100);
    files.set(`quick-${part}Images.bin`, gzipSync(idxOf(images, [labels.length, 28, 28]), { level: 9 }));
    files.set(`quick-${part}Labels.bin`, gzipSync(idxOf(labels, [labels.length]), { level: 9 }));
  }
  return files;
}

async function pictureFiles(base: Uint8Array, mnist: MnistFiles): Promise<Map<string, Uint8Array>> {
  const story = await taughtInNode(parseModel(base, BASE), await parseMnist(mnist));
  return new Map([
    ['preview.png', sharedPicture(story)],
    ['icon-192.png', iconPicture(192)],
    ['icon-512.png', iconPicture(512)],
  ]);
}

const NAMES = [BASE, SMALL, 'trainImages.bin', 'quick-trainImages.bin', 'preview.png', 'icon-192.png'];

function isThere(): boolean {
  if (!existsSync(manifest)) return false;
  const known = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
  return NAMES.every((name) => name in known && existsSync(new URL(name, assets)));
}

if (!isThere()) {
  await rm(assets, { recursive: true, force: true });
  await mkdir(assets, { recursive: true });
  const mnist = await mnistFiles();
  const network = await networkFiles();
  const pictures = await pictureFiles(network.get(BASE) ?? new Uint8Array(), mnist);
  const described: Record<string, { bytes: number; sha256: string }> = {};
  for (const [name, bytes] of [...network, ...(await digitFiles(mnist)), ...pictures]) {
    await writeFile(new URL(name, assets), bytes);
    described[name] = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  }
  await writeFile(manifest, `${JSON.stringify(described, undefined, 2)}\n`);
}
