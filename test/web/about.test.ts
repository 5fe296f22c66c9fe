/** The file that describes an adapter: written, read back, and read from untrusted sources. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAbout, withAbout } from '../../web/about.js';
import { validated } from '../../web/kept.js';
import { PIXELS } from '../../web/lab/pixels.js';
import type { AdapterView } from '../../web/lab/views.js';

const drawing = (label: number) => ({
  pixels: Uint8Array.from({ length: PIXELS }, (_, i) => (i * (label + 3)) % 256),
  label,
});

const VIEW: AdapterView = {
  ...{ rank: 2, alpha: 1, trainable: 3518, total: 238_664, percent: 1.474 },
  ...{ digits: [0, 1], iterations: 200, replay: 0.5, seconds: 0.4125, base: 'crc32:0123abcd' },
  ...{ drawingCount: 30, drawings: [drawing(0), drawing(1)] },
};

const bytesOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const written = (view = VIEW) => withAbout(new Map(), view, true).get('lowrank.json') ?? new Uint8Array();
const readmeOf = (view: AdapterView, isOwnBase: boolean) =>
  new TextDecoder().decode(withAbout(new Map(), view, isOwnBase).get('README.md'));

function changed(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = byte;
  return copy;
}

describe('lowrank.json', () => {
  it('is read as it was written', () => {
    const { digits, iterations, replay, base, drawingCount, drawings } = VIEW;
    const taught = { digits, iterations, replay, base, drawingCount, drawings };
    expect(readAbout(written())).toEqual({ ...taught, seconds: 0.413 });
    const { rank, alpha, trainable, total, percent } = VIEW;
    const unknown = { rank, alpha, trainable, total, percent, digits, iterations };
    expect(readAbout(written(unknown))).toEqual({ digits, iterations });
  });

  it('has the latest drawings of many, and stays small', () => {
    const drawings = Array.from({ length: 40 }, (_, i) => drawing(i % 10));
    const bytes = written({ ...VIEW, drawings });
    expect(readAbout(bytes).drawings).toEqual(drawings.slice(-24));
    expect(bytes.length).toBeLessThan(32 * 1024);
  });

  const good: Record<string, unknown> = JSON.parse(new TextDecoder().decode(written()));
  const letters = 'A'.repeat(1048);
  it.each<[what: string, value: unknown]>([
    ['nothing', ''],
    ['a number', 7],
    ['null', null],
    ['half of it', JSON.stringify(good).slice(0, 300)],
    ['brackets without an end', '['.repeat(60_000)],
    ['no digits', { ...good, digits: undefined }],
    ['a digit that is none', { ...good, digits: [10] }],
    ['a digit twice', { ...good, digits: [1, 1] }],
    ['many digits', { ...good, digits: Array(9000).fill(0) }],
    ['an object with a length', { ...good, digits: { length: 1e9 } }],
    ['half an iteration', { ...good, iterations: 0.5 }],
    ['too many iterations', { ...good, iterations: 1e300 }],
    ['no time', { ...good, seconds: null }],
    ['less than no time', { ...good, seconds: -1 }],
    ['more than all old examples', { ...good, replay: 1.5 }],
    ['a drawing less than none', { ...good, drawingCount: -1 }],
    ['a long name', { ...good, base: 'x'.repeat(81) }],
    ['markup', { ...good, base: '<b>' }],
    ['many drawings', { ...good, drawings: Array(25).fill({ label: 0, pixels: letters }) }],
    ['a drawing without a label', { ...good, drawings: [{ pixels: letters }] }],
    ['a drawing that is null', { ...good, drawings: [null] }],
    ['a short drawing', { ...good, drawings: [{ label: 0, pixels: letters.slice(4) }] }],
    ['a drawing that is two bytes longer', { ...good, drawings: [{ label: 0, pixels: letters }] }],
    ['other letters', { ...good, drawings: [{ label: 0, pixels: '%'.repeat(1048) }] }],
  ])('is damaged: %s', (_, value) => {
    expect(() => readAbout(bytesOf(value))).toThrow(/^is damaged$/);
  });

  it.each<[value: unknown, sentence: string]>([
    [{ ...good, version: 2 }, 'has a version that this page does not know'],
    [{ ...good, more: 'x'.repeat(65_536) }, 'is too large'],
  ])('is refused with a reason', (value, sentence) => {
    expect(() => readAbout(bytesOf(value))).toThrow(sentence);
  });

  it('has only what the page shows, whatever else is in it', () => {
    const text = JSON.stringify(good).replace('{', '{"__proto__":{"rank":9},"rank":9,');
    expect(readAbout(bytesOf(text))).toEqual(readAbout(written()));
  });

  it('is never trusted: any JSON, and any change of a good one, is read in full or refused', () => {
    const isRead = (bytes: Uint8Array) => {
      try {
        const taught = readAbout(bytes);
        // The same rules apply to what the browser keeps.
        const view = { ...VIEW, ...taught };
        expect(validated('adapter', { files: new Map(), view })).toBeDefined();
      } catch (error) {
        expect((error as Error).message).toMatch(/^(is damaged|is too large|has a version)/);
      }
    };
    const key = fc.constantFrom(...Object.keys(good));
    fc.assert(
      fc.property(key, fc.jsonValue(), (name, value) => isRead(bytesOf({ ...good, [name]: value }))),
      { numRuns: 400, seed: 1 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => isRead(bytes)),
      { numRuns: 200, seed: 1 },
    );
    const place = fc.nat(written().length - 1);
    fc.assert(
      fc.property(place, fc.nat(255), (at, byte) => isRead(changed(written(), at, byte))),
      { numRuns: 400, seed: 1 },
    );
  });
});

describe('README.md', () => {
  it('says what the adapter is, and what it fits', () => {
    const text = readmeOf(VIEW, true);
    expect(text).toContain('Rank 2, alpha 1, 3,518 numbers, taught the digits 0, 1 in 200 steps.');
    expect(text).toContain('`base.safetensors`, which is beside the page');
    expect(text).toContain('crc32:0123abcd');
    expect(text).toContain('PeftModel.from_pretrained(base, ".")');
    const other = readmeOf({ ...VIEW, digits: [], base: undefined }, false);
    expect(other).toContain('Rank 2, alpha 1, 3,518 numbers.');
    expect(other).toContain('a network that was trained in a browser');
    expect(other).not.toContain('crc32');
  });
});

describe('an adapter that is kept', () => {
  const files = new Map([['adapter_config.json', new Uint8Array(3)]]);
  const kept = (view: object) => validated('adapter', { files, view });

  it('is read as an older page has kept it', () => {
    expect(kept({ digits: [1], iterations: 2 })).toBeDefined();
    expect(kept(VIEW)).toBeDefined();
  });

  it.each([
    { seconds: '1' },
    { replay: Number.NaN },
    { base: 7 },
    { drawings: {} },
    { drawings: [{ pixels: [], label: 0 }] },
  ])('is not read with $0', (wrong) => {
    expect(kept({ ...VIEW, ...wrong })).toBeUndefined();
  });
});
