/** The training data of the page's adapters. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { ReferenceBackend } from '../../src/backends/reference/index.js';
import type { Dataset } from '../../src/data/dataset.js';
import { Digits } from '../../web/lab/digits.js';
import { PIXELS } from '../../web/lab/pixels.js';
import { digitsOf, type TeachOptions, teachingData, withMovedDrawings } from '../../web/lab/teaching.js';

const COUNT = 60;

/** A small MNIST: all pixels of image i are i, with the label i mod 10. */
function files(): Record<string, Uint8Array> {
  const images = new Uint8Array(16 + COUNT * PIXELS);
  new DataView(images.buffer).setUint32(0, 0x803);
  for (const [i, size] of [COUNT, 28, 28].entries()) new DataView(images.buffer).setUint32(4 + 4 * i, size);
  images.subarray(16).forEach((_, i, all) => {
    all[i] = Math.floor(i / PIXELS);
  });
  const labels = new Uint8Array(8 + COUNT);
  new DataView(labels.buffer).setUint32(0, 0x801);
  new DataView(labels.buffer).setUint32(4, COUNT);
  for (let i = 0; i < COUNT; i++) labels[8 + i] = i % 10;
  return { trainImages: images, trainLabels: labels, testImages: images, testLabels: labels };
}

async function digits(): Promise<Digits> {
  const served = new Map<string, Uint8Array<ArrayBuffer>>(
    Object.entries(files()).flatMap(([name, bytes]) =>
      ['', 'quick-'].map(
        (prefix) => [`${prefix}${name}.bin`, gzipSync(bytes)] as [string, Uint8Array<ArrayBuffer>],
      ),
    ),
  );
  const hexOf = async (bytes: Uint8Array<ArrayBuffer>) =>
    Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
  const manifest: Record<string, { bytes: number; sha256: string }> = {};
  for (const [name, bytes] of served) manifest[name] = { bytes: bytes.length, sha256: await hexOf(bytes) };
  vi.stubGlobal('PAGE_FILES', manifest);
  vi.stubGlobal('pageUrl', 'http://page/');
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('fetch', async (url: URL) => {
    return new Response(served.get(url.pathname.slice(1)) ?? null);
  });
  const made = new Digits();
  await made.fetchQuick();
  await made.fetchAll(() => {});
  vi.unstubAllGlobals();
  return made;
}

const SETTINGS = { rank: 1, alpha: 1, learningRate: 1, iterations: 3, replay: 0 };

/** Label and first pixel of each example. */
async function examplesOf(data: Dataset): Promise<[label: number, byte: number][]> {
  const found: [number, number][] = [];
  for (const { x, y, rows } of data.batches({ batchSize: 7 })) {
    const [pixels, labels] = [await x.read(), await y.read()];
    for (let r = 0; r < rows; r++) {
      found.push([labels[r], Math.round(255 * (pixels[r * PIXELS] * 0.3081 + 0.1301))]);
    }
  }
  return found;
}

async function taught(what: TeachOptions['what'], replay: number) {
  const { data, dispose } = teachingData(
    new ReferenceBackend(),
    await digits(),
    { ...SETTINGS, what, replay },
    4,
  );
  const examples = await examplesOf(data);
  dispose();
  return examples;
}

describe('teachingData', () => {
  const drawings = [200, 210, 220].map((byte) => ({ pixels: new Uint8Array(PIXELS).fill(byte), label: 7 }));

  it('repeats drawings, each as often as the others', async () => {
    const examples = await taught({ drawings }, 0);
    expect(examples).toHaveLength(30);
    for (const byte of [200, 210, 220]) expect(examples.filter(([, each]) => each === byte)).toHaveLength(10);
    expect(digitsOf({ ...SETTINGS, what: { drawings } })).toEqual([7]);
  });

  it('mixes old examples of every digit among drawings, in the requested share, with their own labels', async () => {
    const examples = await taught({ drawings }, 0.6);
    const old = examples.filter(([, byte]) => byte < 100);
    expect(old).toHaveLength(18);
    for (const [label, byte] of old) expect(label).toBe(byte % 10);
    expect(new Set(old.map(([, byte]) => byte)).size).toBe(18);
  });

  it('practises a drawing as it is and moved by a pixel, and digits of MNIST as they are', () => {
    const pixels = new Uint8Array(PIXELS);
    pixels[14 * 28 + 14] = 255;
    const { what } = withMovedDrawings({ ...SETTINGS, what: { drawings: [{ pixels, label: 7 }] } });
    const found = 'drawings' in what ? what.drawings : [];
    expect(
      found.map(({ pixels: moved }) => moved.indexOf(255) - (14 * 28 + 14)).sort((a, b) => a - b),
    ).toEqual([-28, -1, 0, 1, 28]);
    expect(found.every(({ label }) => label === 7)).toBe(true);
    const digitsOnly = { ...SETTINGS, what: { digits: [3] } };
    expect(withMovedDrawings(digitsOnly)).toBe(digitsOnly);
  });

  it("takes digits of MNIST, and others among them in replay's share", async () => {
    const plain = await taught({ digits: [3, 4] }, 0);
    expect(plain.map(([label]) => label).sort()).toEqual([...Array(6).fill(3), ...Array(6).fill(4)]);
    const mixed = await taught({ digits: [3, 4] }, 0.25);
    expect(mixed).toHaveLength(16);
    expect(mixed.filter(([label]) => label !== 3 && label !== 4)).toHaveLength(4);
    const all = [...Array(10).keys()];
    expect(await taught({ digits: all }, 0.5)).toHaveLength(COUNT);
  });
});
