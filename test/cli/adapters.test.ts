/** `lowrank inspect`, `eval` and `merge` on files that the library wrote. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { applyLora, Random, saveAdapter, serializeModel } from '../../src/index.js';
import { DigitsNet } from '../../src/mnist/index.js';
import { parseSafetensors, serializeSafetensors, toFloat32 } from '../../src/safetensors/safetensors.js';
import { wasm } from '../support/devices.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-'));
const [base, adapter] = [join(root, 'base.safetensors'), join(root, 'adapter')];
afterAll(() => rmSync(root, { recursive: true }));

async function lowrank(...args: string[]): Promise<string> {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  // The commands write to these streams and ask whether they are terminals, nothing more.
  const stdout = stream as unknown as NodeJS.WriteStream;
  await createProgram({ stdout, stderr: stdout }).parseAsync(['node', 'lowrank', ...args]);
  return Buffer.concat(chunks).toString();
}

beforeAll(async () => {
  const device = await wasm();
  const model = new DigitsNet(device, { seed: 1 });
  writeFileSync(base, serializeModel(await model.stateDict()));
  const { factors } = await applyLora(model, { rank: 3, alpha: 2, targetModules: ['linear1', 'linear3'] });
  const random = new Random(2);
  for (const { loraB } of factors.values()) {
    loraB.write(Array.from({ length: loraB.length }, () => 0.2 * random.normal()));
  }
  await saveAdapter(model, adapter);
});

/** Wrong answers in the column of a table's row. */
function cell(table: string, row: string, column: number): string {
  const line = table.split('\n').find((each) => each.startsWith(`│ ${row} `)) ?? '';
  return (
    line
      .split('│')
      .at(column + 1)
      ?.trim() ?? ''
  );
}

describe('files of a model and an adapter', () => {
  it('are shown', async () => {
    const text = await lowrank('inspect', adapter);
    expect(text).toMatch(/ {2}rank +3\n/);
    expect(text).toMatch(/base_model\.model\.linear3\.lora_B\.weight │ F32 {2}│ {2}10 × 3 │/);
    expect(text).toMatch(/4 tensors, 3,534 numbers, rank 3; [\d,]+ bytes in /);
    expect(await lowrank('inspect', base)).toContain('6 tensors, 235,146 numbers; ');
  });

  it('are evaluated, and merged to the same answers', async () => {
    const both = await lowrank('eval', '--base', base, '--adapter', adapter, '--device', 'wasm');
    const alone = await lowrank('eval', '--base', base);
    expect(cell(both, 'all', 2)).toBe(cell(alone, 'all', 2));
    expect(cell(both, 'all', 3)).not.toBe(cell(alone, 'all', 2));
    const out = join(root, 'new', 'merged.safetensors');
    const text = await lowrank('merge', '--base', base, '--adapter', adapter, '--out', out);
    expect(text).toMatch(
      /merged\.safetensors: 941,\d\d\d bytes; outputs differ by at most \d\.\de-\d of the largest/,
    );
    expect(cell(await lowrank('eval', '--base', out), 'all', 2)).toBe(cell(both, 'all', 3));
  });

  it('say what of an adapter was left out', async () => {
    const repeated = join(root, 'repeated');
    mkdirSync(repeated, { recursive: true });
    copyFileSync(join(adapter, 'adapter_config.json'), join(repeated, 'adapter_config.json'));
    const values = parseSafetensors(readFileSync(base), base).tensors.get('linear3.bias');
    const own = parseSafetensors(readFileSync(join(adapter, 'adapter_model.safetensors')), adapter).tensors;
    const written = new Map(
      Array.from(own, ([key, each]) => [
        key,
        { dtype: 'F32' as const, shape: each.shape, data: toFloat32(each, key) },
      ]),
    );
    if (values) {
      const data = toFloat32(values, base);
      written.set('base_model.model.linear3.base_layer.bias', { dtype: 'F32', shape: [10], data });
    }
    writeFileSync(join(repeated, 'adapter_model.safetensors'), serializeSafetensors(written));
    const text = await lowrank('eval', '--base', base, '--adapter', repeated, '--device', 'wasm');
    expect(text.split('\n')[0]).toBe(
      "note: base_model.model.linear3.base_layer.bias is left out: it is the base's own weight",
    );
  });

  it.each([
    [['inspect', join(root, 'nothing')], 'nothing: cannot be read: no such file or directory'],
    [
      ['eval', '--base', join(adapter, 'adapter_model.safetensors')],
      'is not a DigitsNet: missing linear1.weight; missing linear1.bias; ',
    ],
    [
      ['eval', '--base', base, '--adapter', root],
      'has no adapter_config.json and no adapter_model.safetensors: the adapters are in its sub-directories adapter',
    ],
    [
      ['eval', '--base', base, '--adapter', join(adapter, 'adapter_config.json')],
      `must be a directory: it is a file: give ${adapter}`,
    ],
    [
      ['eval', '--base', base, '--device', 'tpu'],
      '--device: must be one of auto, webgpu, wasm, reference: tpu',
    ],
    [
      ['merge', '--base', base, '--adapter', adapter, '--out', adapter],
      'cannot be written: it is a directory',
    ],
    [['eval'], '--model: must be given, or --base for a DigitsNet'],
  ])('are refused: %j', async (args, message) => {
    const before = readdirSync(root);
    const weights = readFileSync(base);
    await expect(lowrank(...args)).rejects.toThrow(message);
    expect(readdirSync(root)).toEqual(before);
    expect(readFileSync(base).equals(weights)).toBe(true);
  });
});
