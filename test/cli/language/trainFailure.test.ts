/** `lowrank train` with numbers that are not finite or a full disk: its messages, and the files that it leaves. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { adapterBytes, adapterValues, chats, metricsOf, pairs, TrainPlace, texts } from './trainSupport.js';

/** Operations that may still write; the next one finds the disk full. */
const room = { left: Number.POSITIVE_INFINITY };
const full = () => {
  if (room.left-- > 0) return;
  throw Object.assign(new Error('full'), { code: 'ENOSPC' });
};
vi.mock('node:fs/promises', async (importOriginal) => {
  const actual = await importOriginal<typeof fs>();
  const open: typeof fs.open = async (path, flags, ...rest) => {
    const file = await actual.open(path, flags, ...rest);
    if (flags === undefined || flags === 'r') return file;
    const write = file.writeFile.bind(file);
    file.writeFile = async (...args) => {
      full();
      return write(...args);
    };
    return file;
  };
  const mkdir = (async (...args: Parameters<typeof fs.mkdir>) => {
    full();
    return actual.mkdir(...args);
  }) as typeof fs.mkdir;
  return { ...actual, open, mkdir };
});
vi.mock('node:fs', async (importOriginal) => {
  const actual = await importOriginal<typeof import('node:fs')>();
  const appendFileSync: typeof actual.appendFileSync = (path, data, options) => {
    // A full disk takes a part of a line.
    if (room.left <= 0) actual.appendFileSync(path, `${data}`.slice(0, 9));
    full();
    actual.appendFileSync(path, data, options);
  };
  return { ...actual, appendFileSync };
});

const place = new TrainPlace();
const data = place.file(chats(pairs(12)));
afterEach(() => {
  room.left = Number.POSITIVE_INFINITY;
});
afterAll(() => place.remove());

function expectFinite(run: string): void {
  for (const [name, values] of adapterValues(run)) expect(values.every(Number.isFinite), name).toBe(true);
}

describe('numbers that are not finite', () => {
  const BATCH = ['--data', data, '--batch-size', '2', '--no-shuffle', '--schedule', 'constant'];
  const NO_VALIDATION = [...BATCH, '--no-validate'];

  it('end the run with the step and the lines, and the last good adapter is kept', async () => {
    const out = place.path('huge');
    const message = await place.refusal(
      ...NO_VALIDATION,
      '--out',
      out,
      '--learning-rate',
      '1e9',
      '--save-every',
      '1',
    );
    const [, step, lines, good] =
      /^1: data-0\.jsonl: the loss is \w+ at step (\d+), in lines? ([\d, ]+): huge-\d+ has the adapter (at the start of the run|of step \d+, the last good one); a lower --learning-rate/.exec(
        message,
      ) ?? [];
    expect(Number(step), message).toBeGreaterThan(1);
    // Steps of two lines each, in the order of the file.
    const first = 2 * Number(step) - 1;
    expect([`${first}`, `${first + 1}`, `${first}, ${first + 1}`]).toContain(lines);
    expect(metricsOf(out, 'step')).toHaveLength(Number(step) - 1);
    expect(readdirSync(out)).not.toContain('checkpoint');
    expectFinite(out);
    // The weights after step s were met by step s + 1, whose loss was finite.
    const wanted = /\d+/.exec(good)?.[0] ?? '0';
    expect(Number(wanted)).toBe(Number(step) - 2);
    if (wanted === '0') return;
    const same = await place.run(
      ...NO_VALIDATION,
      '--learning-rate',
      '1e9',
      '--iterations',
      wanted,
      '--keep',
      'none',
    );
    expect(adapterBytes(out).equals(adapterBytes(same.out))).toBe(true);
  });

  it('of the weights after the last step are also found, and leave no checkpoint', async () => {
    const out = place.path('last');
    const args = [...NO_VALIDATION, '--out', out, '--learning-rate', '1e30', '--iterations', '1'];
    const wanted =
      /the loss is not finite after step 1, in lines? [12, ]+: last-\d+ has the adapter at the start of the run/;
    expect(await place.refusal(...args)).toMatch(wanted);
    for (const [name, values] of adapterValues(out))
      expect(
        values.some((value) => value !== 0),
        name,
      ).toBe(name.includes('lora_A'));
    expect(await place.refusal(...args, '--resume')).toMatch(wanted);
  });

  it('in a validation end the run; the best one before is kept', async () => {
    const args = [...BATCH, '--validate-every', '1', '--learning-rate', '1e30', '--keep', 'none'];
    const out = place.path('validation');
    expect(await place.refusal(...args, '--out', out)).toMatch(
      /the loss is not finite after step 1, in lines? [\d, ]+: validation-\d+ has the adapter at the start of the run/,
    );
    expectFinite(out);
    // The first step of a warm-up has the learning rate 0.
    const later = place.path('later');
    expect(await place.refusal(...args, '--warmup', '1', '--out', later)).toMatch(
      /the loss is not finite after step 2, in .*: later-\d+ has the adapter of the best validation/,
    );
    expectFinite(later);
    expect(metricsOf(later, 'validation')).toHaveLength(1);
  });
});

describe('a disk that fills up', () => {
  // Texts have no prompts to answer.
  const lines = place.file(texts(pairs(6)));
  const ARGS = [
    ...['--data', lines, '--iterations', '3', '--save-every', '2', '--validate-every', '2'],
    ...['--targets', 'q', '--layers', '1'],
  ];

  it('at any write ends in one line; the adapter is whole or not there, and --resume continues', async () => {
    room.left = 1e6;
    const undisturbed = await place.run(...ARGS);
    const writes = 1e6 - room.left;
    expect(writes).toBeLessThan(60);
    const seen = new Set<string>();
    for (let n = 0; n < writes; n++) {
      const out = place.path('full');
      room.left = n;
      const message = await place.refusal(...ARGS, '--out', out, '--quiet');
      room.left = Number.POSITIVE_INFINITY;
      const [, name] =
        /^1: full-\d+\/?(\S*): [\w ]+: no space left on the device \(ENOSPC\)$/.exec(message) ?? [];
      expect(name, message).toBeDefined();
      seen.add(name);
      const names = existsSync(out) ? readdirSync(out) : [];
      expect(names.filter((each) => /^\.lowrank-(?!journal)/.test(each))).toEqual([]);
      expect(names.includes('adapter_config.json')).toBe(names.includes('adapter_model.safetensors'));
      if (names.includes('adapter_model.safetensors')) expectFinite(out);
      if (n % 7 !== 0) continue;
      const { out: text } = await place.train(...ARGS, '--out', out, '--resume', '--json', '-', '--quiet');
      expect(JSON.parse(text).losses).toEqual(undisturbed.summary.losses);
      expect(adapterBytes(out).equals(adapterBytes(undisturbed.out))).toBe(true);
      expect(metricsOf(out, 'step').map(({ step }) => step)).toEqual([1, 2, 3]);
    }
    expect([...seen].sort()).toEqual([
      ...['', 'README.md', 'adapter_config.json', 'checkpoint', 'checkpoint/checkpoint.safetensors'],
      ...['loss.svg', 'metrics.jsonl', 'settings.yaml'],
    ]);
  });

  it('does not change an existing run where nothing can be written', async () => {
    const { out } = await place.run(...ARGS);
    const before = readdirSync(out).map((name) => readFileSync(join(out, name), 'latin1'));
    room.left = 0;
    expect(await place.refusal(...ARGS, '--out', out, '--overwrite')).toContain('ENOSPC');
    expect(readdirSync(out).map((name) => readFileSync(join(out, name), 'latin1'))).toEqual(before);
  });
});
