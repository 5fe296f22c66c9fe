/** The trained network in int8: the oracle is the formula, element by element. And what else the build makes. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DataError, parseSafetensors, Random, type StateDict } from '../../src/index.js';
import { languagePicture, wrapped } from '../../web/assets/languagePicture.mjs';
import { inWords } from '../../web/assets/pictures.mjs';
import { parseSmall, serializeSmall } from '../../web/lab/smallBase.js';
import { head } from '../../web/plugins/head.js';
import { makeServiceWorker } from '../../web/plugins/serviceWorker.js';

/** A network of one layer, with a row of zeros. */
function state(rows = 5, columns = 7): StateDict {
  const random = new Random(3);
  const data = Float32Array.from({ length: rows * columns }, () => random.uniform() - 0.5);
  data.fill(0, columns, 2 * columns);
  return new Map([
    ['linear1.weight', { shape: [rows, columns], data }],
    ['linear1.bias', { shape: [rows], data: Float32Array.from({ length: rows }, (_, i) => i / 3) }],
  ]);
}

describe('the small file of a network', () => {
  it('has each weight to half a step of its row, and each bias as it was', () => {
    const before = state();
    const after = parseSmall(serializeSmall(before), 'small');
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    expect(after.get('linear1.bias')).toEqual(before.get('linear1.bias'));
    const [given, found] = [before, after].map((each) => each.get('linear1.weight')?.data ?? []);
    for (let row = 0; row < 5; row++) {
      const [a, b] = [given, found].map((all) => Array.from(all).slice(7 * row, 7 * row + 7));
      const step = Math.max(...a.map(Math.abs)) / 31;
      for (const [i, value] of a.entries()) expect(Math.abs(value - b[i])).toBeLessThanOrEqual(step * 0.5001);
      expect(Math.max(...b.map(Math.abs))).toBeCloseTo(31 * step, 6);
    }
    expect(Array.from(found).slice(7, 14)).toEqual(Array(7).fill(0));
  });

  it('is safetensors, of I8 and the factors of its rows', () => {
    const { tensors } = parseSafetensors(serializeSmall(state()), 'small');
    const kinds = [...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape]);
    expect(kinds).toEqual([
      ['linear1.bias', 'F32', [5]],
      ['linear1.scale', 'F32', [5]],
      ['linear1.weight', 'I8', [5, 7]],
    ]);
  });

  it('refuses a file without factors', () => {
    const text = new TextDecoder('latin1').decode(serializeSmall(state()));
    const renamed = Uint8Array.from(text.replace('linear1.scale', 'linear1.scalf'), (letter) =>
      letter.charCodeAt(0),
    );
    expect(() => parseSmall(renamed, 'small')).toThrow(DataError);
    expect(() => parseSmall(renamed, 'small')).toThrow('small: linear1.weight must have a factor for each');
  });
});

describe('the picture', () => {
  it.each([
    [0.2, 'half a second'],
    [0.59, 'half a second'],
    [0.9, 'a second'],
    [1.3, '2 seconds'],
    [3.05, '3 seconds'],
  ])('says of %s s: %s', (seconds, words) => {
    expect(inWords(seconds)).toBe(words);
  });
});

describe('the picture of the language page', () => {
  const isNarrow = (line: string) => line.length <= 9;

  it('has its answers in lines', () => {
    expect(wrapped('At six, when the lamp goes out.', isNarrow, 4)).toEqual([
      'At six,',
      'when the',
      'lamp goes',
      'out.',
    ]);
  });

  it('shows where an answer continues', () => {
    expect(wrapped('At six, when the lamp goes out.', isNarrow, 3)).toEqual([
      'At six,',
      'when the',
      'lamp …',
    ]);
    expect(wrapped('', isNarrow, 3)).toEqual([]);
  });

  it('is one that networks show', () => {
    const stops = [
      { step: 0, answers: ['I am happy to assist you.'] },
      { step: 8, answers: ['At six.'] },
    ];
    const png = Buffer.from(languagePicture({ probes: ['When do you open?'], stops, rows: 42 }));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1200, 630]);
  });
});

describe('the head of the page', () => {
  const tagsOf = (site: string | undefined, path = '/index.html', recording?: string) => {
    const { transformIndexHtml: made } = head({ site, recording });
    if (typeof made !== 'function') throw new Error('there is no such hook');
    // It uses nothing of the build but whether there is one.
    return JSON.stringify(Reflect.apply(made, undefined, ['', { path }]));
  };

  it.each(['https://example.org/digits', 'https://example.org/digits/'])(
    'says where the picture is on the site %s',
    (site) => {
      expect(tagsOf(site)).toContain('"og:image","content":"https://example.org/digits/preview.png"');
      expect(tagsOf(site)).toContain('"og:url","content":"https://example.org/digits/"');
    },
  );

  it('says without a site where it is beside the page', () => {
    expect(tagsOf(undefined)).toContain('"og:image","content":"./preview.png"');
    expect(tagsOf(undefined)).not.toContain('og:url');
  });

  it('has another picture and address on the other page, and its recording early', () => {
    const tags = tagsOf('https://example.org/', '/language.html', 'run.json');
    expect(tags).toContain('"og:image","content":"https://example.org/preview-language.png"');
    expect(tags).toContain('"og:url","content":"https://example.org/language.html"');
    expect(tags).toContain('"href":"./run.json"');
  });

  it('has no picture of a lesson that was not recorded', () => {
    const tags = tagsOf(undefined, '/language.html');
    expect(tags).toContain('manifest');
    expect(tags).not.toContain('og:image');
    expect(tags).not.toContain('preload');
  });

  it('refuses a site that is not an address', () => {
    expect(() => tagsOf('example.org')).toThrow('LOWRANK_SITE must be an address');
  });
});

describe('the service worker', () => {
  it('is another one when a byte of the page is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lowrank-worker-'));
    await writeFile(join(folder, 'index.html'), 'one');
    const one = await makeServiceWorker(folder);
    expect(await makeServiceWorker(folder)).toBe(one);
    await writeFile(join(folder, 'index.html'), 'two');
    expect(await makeServiceWorker(folder)).not.toBe(one);
  });
});
