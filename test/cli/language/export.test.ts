/** `lowrank export`, and `lowrank merge` of a language model, on small models. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGguf } from '../../../src/gguf/open.js';
import {
  applyLora,
  loadAdapter,
  noGrad,
  saveAdapter,
  setActiveAdapters,
  setAdapterScale,
  tensor,
} from '../../../src/index.js';
import type { LlamaForCausalLM } from '../../../src/models/llama.js';
import { loadLanguageModel } from '../../../src/models/load.js';
import { fileSource } from '../../../src/node.js';
import { difference, expected, folder as modelFiles } from '../../models/fixtures.js';
import { layOut } from '../../node/hubPlace.js';
import { wasm } from '../../support/devices.js';
import { lowrank, wideHelp } from './collect.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-export-'));
const device = await wasm();
afterAll(() => {
  device.dispose();
  rmSync(root, { recursive: true });
});

const at = (name: string) => new URL(`../../models/fixtures/${name}`, import.meta.url).pathname;
const [folder, gguf] = [at('llama3'), at('llama3.gguf')];
const [run, dora] = [join(root, 'run'), join(root, 'dora')];
const { ids } = expected('llama3');

async function logitsOf(model: LlamaForCausalLM): Promise<Float32Array> {
  const values = await noGrad(() => model.forward(tensor(device, ids, [ids.length], 'i32'))).read();
  return Float32Array.from(values);
}

/** The outputs of a model's files with adapters, computed by the library. */
async function computed(from: string, adapters: readonly (readonly [path: string, scale: number])[] = []) {
  const { model } = await loadLanguageModel(device, from);
  const names: string[] = [];
  for (const [i, [path, scale]] of adapters.entries()) {
    names.push(`a${i}`);
    await loadAdapter(model, path, { name: `a${i}` });
    setAdapterScale(model, `a${i}`, scale);
  }
  if (names.length > 0) setActiveAdapters(model, names);
  const logits = await logitsOf(model);
  model.dispose();
  return logits;
}

const run1 = (...args: string[]) => lowrank('export', '--device', 'wasm', ...args);
const to = (form: string, ...args: string[]) =>
  run1('--model', folder, '--adapter', run, '--to', form, ...args);

beforeAll(async () => {
  for (const [path, useDora] of [
    [run, false],
    [dora, true],
  ] as const) {
    const { model } = await loadLanguageModel(device, folder);
    const { factors } = await applyLora(model, {
      ...{ rank: 2, alpha: 6, useDora },
      targetModules: ['q_proj', 'down_proj'],
    });
    for (const { loraB } of factors.values())
      loraB.write(Float32Array.from({ length: loraB.length }, (_, i) => 0.1 * Math.sin(i)));
    await saveAdapter(model, path);
    model.dispose();
  }
});

describe('lowrank export', () => {
  it('has a help text of at most 80 columns that recommends the adapter by itself over a quantised base', () => {
    const { help, wide } = wideHelp('export');
    expect(help).toContain('For a quantised base (Q4_1, Q4_K, Q8_0 …) prefer the adapter by itself.');
    expect(wide).toEqual([]);
  });

  it('writes an adapter for llama.cpp beside it, with its scale, and says how to load it', async () => {
    const { out, err } = await run1('--model', gguf, '--adapter', `${run}@0.5`, '--to', 'gguf', '--quiet');
    const file = join(run, 'adapter.gguf');
    const { metadata, tensors } = await openGguf(await fileSource(file), file);
    expect(metadata.get('general.name')).toBe('run');
    // Half of alpha 6.
    expect(metadata.get('adapter.lora.alpha')).toBe(3);
    expect(tensors.get('blk.1.ffn_down.weight.lora_a')?.shape).toEqual([2, 56]);
    expect(err).toBe('');
    expect(out).toContain(`${file}: ${readFileSync(file).length.toLocaleString('en-US')} bytes\n`);
    expect(out).toContain(`  llama-cli -m ${gguf} --lora ${file}\n`);
    expect(out).toContain(`  FROM ${gguf}\n  ADAPTER ${file}\n  PARAMETER stop "<|end|>"\n`);
    expect(out).toContain('  <|start|>user: Hello<|end|><|start|>assistant: \n  answers end with <|end|>\n');
  });

  it('writes a folder for PEFT that names the base and holds the scale', async () => {
    const out = join(root, 'peft');
    await run1('--model', folder, '--adapter', `${run}@-0.5`, '--to', 'peft', '--out', out, '--type', 'bf16');
    const config = JSON.parse(readFileSync(join(out, 'adapter_config.json'), 'utf8'));
    expect(config).toMatchObject({
      ...{ base_model_name_or_path: folder, task_type: 'CAUSAL_LM', lora_alpha: -3, r: 2 },
    });
    const apart = difference(await computed(folder, [[out, 1]]), await computed(folder, [[run, -0.5]]));
    expect(apart).toBeGreaterThan(0);
    expect(apart).toBeLessThan(0.02);
    await to('peft', '--out', out, '--overwrite', '--base-name', 'owner/name');
    const again = JSON.parse(readFileSync(join(out, 'adapter_config.json'), 'utf8'));
    expect(again.base_model_name_or_path).toBe('owner/name');
    expect(difference(await computed(folder, [[out, 1]]), await computed(folder, [[run, 1]]))).toBeLessThan(
      1e-6,
    );
  });

  it('merges into a folder, and into GGUF files of any type, which compute the same', async () => {
    const wanted = await computed(folder, [[run, 0.5]]);
    const merge = (name: string, ...args: string[]) =>
      run1(
        ...['--model', folder, '--adapter', `${run}@0.5`, '--to', 'merged', '--out', join(root, name)],
        ...args,
      );
    const { out } = await merge('whole');
    expect(out).toContain(
      `model = AutoModelForCausalLM.from_pretrained("${join(root, 'whole')}", dtype="float32")`,
    );
    expect(readdirSync(join(root, 'whole'))).toContain('tokenizer.json');
    await merge('f16.gguf');
    await merge('q8.gguf', '--type', 'q8_0');
    expect(difference(await computed(join(root, 'whole')), wanted)).toBeLessThan(1e-5);
    expect(difference(await computed(join(root, 'f16.gguf')), wanted)).toBeLessThan(0.01);
    expect(difference(await computed(join(root, 'q8.gguf')), wanted)).toBeLessThan(0.05);
    expect(difference(await computed(folder), wanted)).toBeGreaterThan(0.05);
  });

  it('merges a model of the Hugging Face cache, which it names as the base by its id', async () => {
    const before = process.env.HF_HUB_CACHE;
    process.env.HF_HUB_CACHE = join(root, 'hub');
    try {
      layOut(join(root, 'hub'), 'tiny/llama3', modelFiles('llama3'));
      const by = (form: string, ...args: string[]) =>
        run1('--model', 'tiny/llama3', '--adapter', run, '--to', form, ...args);
      const out = join(root, 'of the hub');
      await by('merged', '--out', out);
      expect(difference(await computed(out), await computed(folder, [[run, 1]]))).toBeLessThan(1e-5);
      const peft = join(root, 'peft of the hub');
      await by('peft', '--out', peft);
      const config = JSON.parse(readFileSync(join(peft, 'adapter_config.json'), 'utf8'));
      expect(config.base_model_name_or_path).toBe('tiny/llama3');
      // An adapter states the base that it was trained over, and the commands say where the base differs.
      const { err } = await run1(
        '--model',
        folder,
        '--adapter',
        peft,
        '--to',
        'gguf',
        '--out',
        join(root, 'h.gguf'),
      );
      expect(err).not.toContain('was trained over');
      const { err: other } = await run1(
        '--model',
        gguf,
        '--adapter',
        dora,
        '--to',
        'peft',
        '--out',
        join(root, 'named'),
        '--base-name',
        'tiny/other',
      );
      expect(other).not.toContain('was trained over');
      const { err: told } = await run1(
        '--model',
        folder,
        '--adapter',
        join(root, 'named'),
        '--to',
        'peft',
        '--out',
        join(root, 'again'),
      );
      expect(told).toContain('was trained over tiny/other, and this model is ');
    } finally {
      if (before === undefined) delete process.env.HF_HUB_CACHE;
      else process.env.HF_HUB_CACHE = before;
    }
  });

  it('merges several adapters, as JSON says', async () => {
    const out = join(root, 'both');
    const given = ['--adapter', run, '--adapter', `${run}@2`, '--to', 'merged', '--out', out];
    const { out: text, err } = await run1('--model', folder, ...given, '--json', '-', '--quiet');
    expect(err).toBe('');
    const summary = JSON.parse(text);
    expect(Object.keys(summary)).toEqual([
      'to',
      'out',
      'type',
      'bytes',
      'files',
      'adapters',
      'rounding',
      'notes',
    ]);
    expect(summary.files[0]).toEqual({
      path: join(out, 'config.json'),
      bytes: readFileSync(join(out, 'config.json')).length,
    });
    expect(summary).toMatchObject({ to: 'merged', type: 'f32', rounding: null });
    expect(difference(await computed(out), await computed(folder, [[run, 3]]))).toBeLessThan(1e-5);
  });

  it('says of a quantised base what is not the same any more', async () => {
    // Its rows are whole groups of 32.
    const wide = join(root, 'wide');
    const { model } = await loadLanguageModel(device, at('qwen2'));
    await applyLora(model, { rank: 1, targetModules: ['v_proj'] });
    await saveAdapter(model, wide);
    model.dispose();
    const given = ['--model', at('qwen2'), '--adapter', wide, '--weights', 'q8'];
    const merged = await run1(...given, '--to', 'merged', '--out', join(root, 'q8'));
    expect(merged.err).toContain('the adapter by itself (--to gguf) over that file is what was trained');
    const peft = await run1(...given, '--to', 'peft');
    expect(peft.err).toContain(
      'over the weights that it was made of, answers of this adapter may differ a little',
    );
    const alone = await run1(...given, '--to', 'gguf');
    expect(alone.err).not.toContain('quantised');
  });

  it('refuses what exists, and leaves it as it was', async () => {
    const out = join(root, 'used');
    mkdirSync(out);
    writeFileSync(join(out, 'mine'), 'x');
    await expect(to('merged', '--out', out)).rejects.toThrow(
      `${out}: exists already: give another --out, or --overwrite to replace it`,
    );
    expect(readdirSync(out)).toEqual(['mine']);
    const file = join(root, 'mine.gguf');
    writeFileSync(file, 'x');
    await expect(to('gguf', '--out', file)).rejects.toThrow('exists already');
    expect(readFileSync(file, 'utf8')).toBe('x');
    await to('gguf', '--out', file, '--overwrite');
    expect(readFileSync(file).subarray(0, 4).toString()).toBe('GGUF');
  });

  it('replaces neither the model nor, with a model, the adapter', async () => {
    const copy = join(root, 'copy.gguf');
    writeFileSync(copy, readFileSync(gguf));
    const given = ['--model', copy, '--adapter', run, '--to', 'merged', '--overwrite', '--out'];
    await expect(run1(...given, copy)).rejects.toThrow('--out: must not be the model itself');
    await expect(run1(...given, run)).rejects.toThrow("--out: must not be the adapter's own directory");
    expect(readFileSync(copy).equals(readFileSync(gguf))).toBe(true);
  });

  it('refuses what the format does not hold, by name, and writes nothing', async () => {
    const out = join(root, 'dora.gguf');
    await expect(run1('--model', folder, '--adapter', dora, '--to', 'gguf', '--out', out)).rejects.toThrow(
      /^a GGUF adapter cannot hold DoRA magnitudes: model\.layers\.\d\.\S+: use --to merged, or --to peft$/,
    );
    expect(existsSync(out)).toBe(false);
    await run1('--model', folder, '--adapter', dora, '--to', 'merged', '--out', join(root, 'dora-merged'));
    const merged = await computed(join(root, 'dora-merged'));
    expect(difference(merged, await computed(folder, [[dora, 1]]))).toBeLessThan(1e-5);
  });

  it.each<[string, string[], string]>([
    ['another form', ['--to', 'onnx'], '--to: must be one of gguf, merged, peft: onnx'],
    [
      'a type of another form',
      ['--to', 'peft', '--type', 'q8_0'],
      '--type: must be one of f32, f16, bf16 for --to peft',
    ],
    ['a folder for a file', ['--to', 'gguf', '--out', 'x'], '--out: must end with .gguf for --to gguf: x'],
    ['a file for a folder', ['--to', 'peft', '--out', 'x.gguf'], '--out: must be a directory for --to peft'],
    ['a name of the base elsewhere', ['--to', 'gguf', '--base-name', 'x'], '--base-name: is for --to peft'],
    [
      'several adapters in one',
      ['--to', 'gguf', '--adapter', 'x'],
      '--to gguf writes one adapter, and 2 are given',
    ],
    ['no form', [], "required option '--to <form>' not specified"],
  ])('refuses %s in one line', async (_, args, message) => {
    await expect(run1('--model', folder, '--adapter', run, ...args)).rejects.toThrow(message);
  });

  it('makes no directory of an adapter that is not there', async () => {
    const nowhere = join(root, 'nowhere');
    await expect(run1('--model', folder, '--adapter', nowhere, '--to', 'gguf')).rejects.toThrow(
      `${nowhere}: there is no such directory`,
    );
    expect(existsSync(nowhere)).toBe(false);
    await expect(run1('--model', folder, '--adapter', root, '--to', 'gguf')).rejects.toThrow(
      'has no adapter_config.json',
    );
  });
});

describe('lowrank merge', () => {
  it('does the same for a language model', async () => {
    const given = ['--adapter', run, '--out', join(root, 'merge'), '--device', 'wasm'];
    const { out } = await lowrank('merge', '--model', folder, ...given);
    expect(out).toContain('transformers, in Python');
    expect(difference(await computed(join(root, 'merge')), await computed(folder, [[run, 1]]))).toBeLessThan(
      1e-5,
    );
  });

  it.each([
    [[], 'merge: give either --base, a DigitsNet, or --model, a language model'],
    [['--base', 'a', '--model', 'b'], 'merge: give either --base'],
    [['--base', 'a', '--type', 'f16'], 'merge: --type is for --model'],
    [['--base', 'a', '--overwrite'], 'merge: --overwrite is for --model'],
  ])('refuses %j', async (args, message) => {
    await expect(lowrank('merge', ...args, '--adapter', run, '--out', join(root, 'x'))).rejects.toThrow(
      message,
    );
  });
});
