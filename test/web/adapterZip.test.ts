/** Untrusted zips: what they may cost, and the messages about them. */
import { crc32, deflateRawSync } from 'node:zlib';
import { Inflate, zipSync } from 'fflate';
import { describe, expect, it, vi } from 'vitest';
import { adapterAmong, zipAdapter } from '../../web/adapterZip.js';

const CONFIG = 'adapter_config.json';
const MODEL = 'adapter_model.safetensors';
const GOOD = { [CONFIG]: bytesOf('{"r": 1}'), [MODEL]: bytesOf('numbers') };
const MIB = 2 ** 20;

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const fileOf = (bytes: Uint8Array, name = 'a.zip') => new File([new Uint8Array(bytes)], name);
const read = (...files: File[]) => adapterAmong(files);
const zipped = (parts: Record<string, Uint8Array>) => zipSync(parts);

interface Entry {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** What the zip claims, if that is not true. */
  readonly size?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly is64?: boolean;
}

/** A zip made byte by byte, in which numbers can lie. */
function handMade(entries: readonly Entry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let place = 0;
  const numbers = (...fields: [bytes: 2 | 4 | 8, value: number][]) => {
    const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
    let at = 0;
    for (const [bytes, value] of fields) {
      if (bytes === 2) view.setUint16(at, value, true);
      else if (bytes === 4) view.setUint32(at, value, true);
      else view.setBigUint64(at, BigInt(value), true);
      at += bytes;
    }
    return new Uint8Array(view.buffer);
  };
  const push = (to: Uint8Array[], ...pieces: Uint8Array[]) => to.push(...pieces);
  for (const { path, bytes, size = bytes.length, flags = 0, method = 8, is64 = false } of entries) {
    const [name, packed] = [bytesOf(path), method === 8 ? deflateRawSync(bytes) : bytes];
    const crc = crc32(bytes);
    const extra = is64
      ? numbers([2, 1], [2, 24], [8, size], [8, packed.length], [8, place])
      : new Uint8Array();
    const seen = is64 ? [0xffffffff, 0xffffffff, 0xffffffff] : [packed.length, size, place];
    push(
      central,
      numbers([4, 0x02014b50], [2, 20], [2, 20], [2, flags], [2, method], [4, 0], [4, crc], [4, seen[0]]),
      numbers(
        [4, seen[1]],
        [2, name.length],
        [2, extra.length],
        [2, 0],
        [2, 0],
        [2, 0],
        [4, 0],
        [4, seen[2]],
      ),
      name,
      extra,
    );
    const local = [
      numbers([4, 0x04034b50], [2, 20], [2, flags], [2, method], [4, 0], [4, crc]),
      numbers([4, packed.length], [4, size], [2, name.length], [2, 0]),
      name,
      packed,
    ];
    push(parts, ...local);
    place += local.reduce((sum, each) => sum + each.length, 0);
  }
  const bytes = central.reduce((sum, each) => sum + each.length, 0);
  const end = numbers(
    [4, 0x06054b50],
    [4, 0],
    [2, entries.length],
    [2, entries.length],
    [4, bytes],
    [4, place],
    [2, 0],
  );
  return new Uint8Array(Buffer.concat([...parts, ...central, end]));
}

const ABOUT_ENTRY = { path: 'lowrank.json', bytes: bytesOf('{}') };

const good = Object.entries(GOOD).map(([path, bytes]) => ({ path, bytes }));

describe('adapterAmong', () => {
  it.each([
    ['as this page packs it', zipAdapter(new Map(Object.entries(GOOD)))],
    ['stored', zipSync(GOOD, { level: 0 })],
    [
      'in a folder, with other files',
      zipped({
        'x/README.md': bytesOf('hi'),
        'x/adapter_config.json': GOOD[CONFIG],
        'x/adapter_model.safetensors': GOOD[MODEL],
        '__MACOSX/x/._adapter_config.json': bytesOf('?'),
      }),
    ],
    ['with the paths of Windows', handMade(good.map((each) => ({ ...each, path: `x\\${each.path}` })))],
    ['with sizes of 64 bits', handMade(good.map((each) => ({ ...each, is64: true })))],
    ['with a comment at its end', withComment(zipped(GOOD), 'made by hand')],
    [
      'beside an entry that unpacks to 64 MiB and is not wanted',
      handMade([{ path: 'optimizer.pt', bytes: new Uint8Array(64 * MIB) }, ...good]),
    ],
  ])('takes a zip %s', async (_, zip) => {
    expect(Object.fromEntries(await read(fileOf(zip, 'A.ZIP')))).toEqual(GOOD);
  });

  it('takes the two files themselves', async () => {
    const files = Object.entries(GOOD).map(([name, bytes]) => fileOf(bytes, name));
    expect(Object.fromEntries(await read(...files))).toEqual(GOOD);
  });

  it('also takes what was taught, only from the folder of the adapter', async () => {
    const beside = handMade([...good, ABOUT_ENTRY]);
    expect(Object.fromEntries(await read(fileOf(beside)))).toEqual({
      ...GOOD,
      'lowrank.json': ABOUT_ENTRY.bytes,
    });
    const elsewhere = handMade([...good, { ...ABOUT_ENTRY, path: 'other/lowrank.json' }]);
    expect(Object.fromEntries(await read(fileOf(elsewhere)))).toEqual(GOOD);
  });

  const zeros = (mib: number) => new Uint8Array(mib * MIB);
  it.each<[what: string, files: () => File[], sentence: RegExp]>([
    ['garbage', () => [fileOf(bytesOf('no zip'))], /^a\.zip is not a zip file, or it is damaged\.$/],
    ['nothing', () => [fileOf(new Uint8Array())], /^a\.zip is not a zip file, or it is damaged\.$/],
    [
      'half of one',
      () => [fileOf(zipped(GOOD).slice(0, 150))],
      /^a\.zip is not a zip file, or it is damaged\.$/,
    ],
    [
      'a flipped bit in what is stored',
      () => [fileOf(flipped(zipSync(GOOD, { level: 0 }), 'numbers'))],
      /^a\.zip is not a zip file, or it is damaged\.$/,
    ],
    [
      'one large entry',
      () => [fileOf(zipped({ ...GOOD, [MODEL]: zeros(17) }))],
      /^a\.zip unpacks to more than 16 MB\.$/,
    ],
    [
      'two entries that are too large together',
      () => [fileOf(zipped({ [CONFIG]: zeros(9), [MODEL]: zeros(9) }))],
      /^a\.zip unpacks to more than 16 MB\.$/,
    ],
    [
      'two zips that are too large together',
      () => [fileOf(zipped({ [CONFIG]: zeros(9) }), 'a.zip'), fileOf(zipped({ [MODEL]: zeros(9) }), 'b.zip')],
      /^b\.zip unpacks to more than 7 MB\.$/,
    ],
    [
      'an entry that is larger than it says',
      () => [fileOf(handMade([good[0], { path: MODEL, bytes: zeros(64), size: 100 }]))],
      /^a\.zip unpacks to more than it says\.$/,
    ],
    [
      'many entries of the same name',
      () => [fileOf(handMade(Array.from({ length: 32 }, () => ({ path: MODEL, bytes: bytesOf('x') }))))],
      /^a\.zip contains the files of more than one adapter: pick both files of one\.$/,
    ],
    [
      'two adapters in two folders',
      () => [
        fileOf(zipped({ 'a/adapter_config.json': GOOD[CONFIG], 'b/adapter_model.safetensors': GOOD[MODEL] })),
      ],
      /^a\.zip contains the files of more than one adapter: pick both files of one\.$/,
    ],
    [
      'two adapters in two files',
      () => [fileOf(zipped(GOOD), 'a.zip'), fileOf(zipped(GOOD), 'b.zip')],
      /^a\.zip, b\.zip: these files belong to more than one adapter; pick those of one\.$/,
    ],
    [
      'more entries than an adapter has',
      () => [
        fileOf(handMade(Array.from({ length: 1001 }, (_, i) => ({ path: `${i}`, bytes: new Uint8Array() })))),
      ],
      /^a\.zip contains more than 1000 files\.$/,
    ],
    [
      'a zip in a zip',
      () => [fileOf(zipped({ 'in\u001b[2Jner.zip': zipped(GOOD) }))],
      /^a\.zip contains another zip, in�\[2Jner\.zip: unpack it and pick that one\.$/,
    ],
    [
      'one file only',
      () => [fileOf(zipped({ [CONFIG]: GOOD[CONFIG] }))],
      /^adapter_model\.safetensors is missing in a\.zip: pick the zip, or both files of an adapter\.$/,
    ],
    [
      'a picture',
      () => [fileOf(bytesOf('PNG'), 'g.png')],
      /^This is not a LoRA adapter\. adapter_config\.json and adapter_model\.safetensors are missing in g\.png: pick the zip, or both files of an adapter\.$/,
    ],
    [
      'two files that say what was taught',
      () => [fileOf(handMade([...good, ABOUT_ENTRY, ABOUT_ENTRY]))],
      /^a\.zip contains the files of more than one adapter: pick both files of one\.$/,
    ],
    [
      'a name that only ends like one',
      () => [fileOf(zipped({ [CONFIG]: GOOD[CONFIG], [`my_${MODEL}`]: GOOD[MODEL] }))],
      /^adapter_model\.safetensors is missing in a\.zip/,
    ],
    [
      'a password',
      () => [fileOf(handMade(good.map((each) => ({ ...each, flags: 1 }))))],
      /^a\.zip is protected by a password\.$/,
    ],
    [
      'a packing of its own',
      () => [fileOf(handMade(good.map((each) => ({ ...each, method: 14 }))))],
      /^a\.zip is packed in a way that this page cannot read \(method 14\)\.$/,
    ],
    [
      'many files',
      () => Array.from({ length: 101 }, (_, i) => fileOf(new Uint8Array(), `${i}`)),
      /^You picked 101 files: pick the zip, or both files of an adapter\.$/,
    ],
    [
      'a large file',
      () => [fileOf(zeros(65), 'movie.zip')],
      /^movie\.zip: larger than any adapter of this network\.$/,
    ],
    [
      'a large file of weights',
      () => [fileOf(GOOD[CONFIG], CONFIG), fileOf(zeros(17), MODEL)],
      /larger than any adapter of this network\.$/,
    ],
  ])('refuses %s in one line', async (_, files, sentence) => {
    const error = await read(...files()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(sentence);
  });

  it('stops where an entry grows beyond what it says, instead of unpacking 256 MiB', async () => {
    const pushed = vi.spyOn(Inflate.prototype, 'push');
    const zip = handMade([good[0], { path: MODEL, bytes: zeros(256), size: 100 }]);
    expect(zip.length).toBeGreaterThan(20 * 8192);
    await expect(read(fileOf(zip))).rejects.toThrow('unpacks to more than it says');
    // One piece for each entry.
    expect(pushed).toHaveBeenCalledTimes(2);
    pushed.mockRestore();
  });
});

function withComment(zip: Uint8Array, comment: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.concat([zip, bytesOf(comment)]));
  new DataView(bytes.buffer).setUint16(zip.length - 2, comment.length, true);
  return bytes;
}

function flipped(zip: Uint8Array, where: string): Uint8Array {
  const place = Buffer.from(zip).indexOf(where);
  const bytes = zip.slice();
  bytes[place] ^= 1;
  return bytes;
}
