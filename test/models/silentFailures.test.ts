/**
 * Silent failures of other tools, each with the behaviour here instead: training, adapters and files. Those of masks,
 * templates and rows are in `test/text/silentFailures.test.ts`. Oracles: softmax by hand, the base itself, counted sizes.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { modelfileLines } from '../../src/cli/language/loadingText.js';
import { promptFormat } from '../../src/cli/language/promptFormat.js';
import {
  AdamW,
  applyLora,
  countParameters,
  type LoraAdapter,
  loadAdapter,
  merge,
  NonFiniteError,
  noGrad,
  parseSafetensors,
  saveAdapter,
  serializeSafetensors,
  tensor,
  toFloat32,
  withAdapterDisabled,
} from '../../src/core.js';
import { PackedRows } from '../../src/data/packedRows.js';
import { generate } from '../../src/generate/generate.js';
import { openGguf } from '../../src/gguf/open.js';
import { compareExamples } from '../../src/models/compareExamples.js';
import { parseModelConfig } from '../../src/models/configJson.js';
import { evaluateLanguageModel } from '../../src/models/evaluateLanguageModel.js';
import { exportAdapterGguf } from '../../src/models/exportAdapterGguf.js';
import { exportMerged } from '../../src/models/exportMerged.js';
import type { LlamaForCausalLM } from '../../src/models/llama.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { tokenLoss } from '../../src/models/tokenLoss.js';
import { trainingPlan } from '../../src/models/trainingPlan.js';
import { type TokenExample, tokenizeChat, UNTRAINED } from '../../src/text/examples.js';
import type { PackingOptions } from '../../src/text/packing.js';
import { fit } from '../../src/train/fit.js';
import { reference, wasm } from '../support/devices.js';
import { expected, folder, ggufBytes } from './fixtures.js';

const device = await wasm();
afterAll(() => device.dispose());

type Files = Map<string, Uint8Array>;

/** The files with fields of a JSON file changed. */
function edited(files: Files, name: string, fields: object): Files {
  const json = JSON.parse(new TextDecoder().decode(files.get(name)));
  return new Map(files).set(name, new TextEncoder().encode(JSON.stringify({ ...json, ...fields })));
}

/** An example whose tokens at some positions are trained. */
function example(ids: readonly number[], ...trained: readonly number[]): TokenExample {
  const labels = ids.map((id, position) => (trained.includes(position) ? id : UNTRAINED));
  return { ids: Int32Array.from(ids), labels: Int32Array.from(labels) };
}

const IDS = [17, 250, 3, 3, 96, 120, 8];
const ONE = example(IDS, 2, 4, 5);
const OTHER = example([17, 250, 5, 40], 3);

/** −log softmax(z)[id], for the logits z that the model gives after the tokens before `position`; float64. */
async function surprise(model: LlamaForCausalLM, position: number): Promise<number> {
  const before = tensor(reference, IDS.slice(0, position), [position], 'i32');
  const logits = Array.from(await noGrad(() => model.forward(before)).read()).slice(
    -model.config.vocabularySize,
  );
  const sum = logits.reduce((all, each) => all + Math.exp(each), 0);
  return Math.log(sum) - logits[IDS[position]];
}

async function train(
  model: LlamaForCausalLM,
  examples: readonly TokenExample[],
  epochs: number,
  packing: PackingOptions = {},
) {
  const optimizer = new AdamW(
    model.parameters().filter(({ requiresGrad }) => requiresGrad),
    { learningRate: 1e-2 },
  );
  const losses: number[] = [];
  const rows = new PackedRows(model.device, examples, packing);
  const onStep = ({ loss }: { readonly loss: number }) => losses.push(loss);
  await fit(model, rows, { optimizer, loss: tokenLoss, epochs, shuffle: false, clipNorm: 1, onStep });
  return losses;
}

async function factorsOf({ factors }: LoraAdapter): Promise<number[]> {
  const values: number[] = [];
  for (const { loraA, loraB } of factors.values())
    values.push(...(await loraA.read()), ...(await loraB.read()));
  return values;
}

function spoil({ factors }: LoraAdapter, value: number): void {
  const [{ loraB }] = factors.values();
  loraB.write(new Float32Array(loraB.length).fill(value));
}

/** An adapter on a fresh model, whose updates are not 0. */
async function adapted(name = 'llama3', config = {}, files = folder(name)) {
  const { model, tokenizer } = await loadLanguageModel(device, files);
  const adapter = await applyLora(model, { rank: 2, ...config });
  for (const { loraB } of adapter.factors.values())
    loraB.write(Float32Array.from({ length: loraB.length }, (_, i) => 0.1 * Math.sin(i)));
  return { model, tokenizer, adapter };
}

async function saved(model: LlamaForCausalLM): Promise<Files> {
  const files: Files = new Map();
  await saveAdapter(model, files);
  return files;
}

const MODEL = 'adapter_model.safetensors';

describe('masks', () => {
  it('a loss that counts one token of the padding in each row', async () => {
    const { model, tokenizer } = await loadLanguageModel(reference, folder('llama3'));
    const { loss, tokens } = await evaluateLanguageModel(model, tokenizer, [ONE]);
    const all = [await surprise(model, 2), await surprise(model, 4), await surprise(model, 5)];
    expect(tokens).toBe(3);
    expect(loss).toBeCloseTo((all[0] + all[1] + all[2]) / 3, 12);
    model.dispose();
  });

  it('a mask that is shifted by one: the first token of the answer is not trained', async () => {
    const { model, tokenizer } = await loadLanguageModel(reference, folder('llama3'));
    const answer = [await surprise(model, 4), await surprise(model, 5), await surprise(model, 6)];
    expect(Math.abs(answer[0] - answer[2])).toBeGreaterThan(0.01);
    const { loss } = await evaluateLanguageModel(model, tokenizer, [example(IDS, 4, 5, 6)]);
    expect(loss).toBeCloseTo((answer[0] + answer[1] + answer[2]) / 3, 12);
    const first = await evaluateLanguageModel(model, tokenizer, [example(IDS, 4)]);
    expect(first.loss).toBeCloseTo(answer[0], 12);
    model.dispose();
  });
});

describe('ends of texts', () => {
  it('an adapter that is all NaN, from a job that is recorded as a success', async () => {
    const { model, adapter } = await adapted();
    spoil(adapter, 3e38);
    await expect(train(model, [ONE], 1)).rejects.toBeInstanceOf(NonFiniteError);
    spoil(adapter, 1);
    const files = await saved(model);
    spoil(adapter, Number.NaN);
    await expect(saved(model)).rejects.toThrow(
      'saveAdapter: base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight must be finite: element 0 is NaN',
    );
    await expect(exportAdapterGguf(model, new Map())).rejects.toThrow('must be finite: NaN');
    const { tensors } = parseSafetensors(files.get(MODEL) ?? new Uint8Array(), MODEL);
    const spoilt = Array.from(tensors, ([key, each]) => {
      const data = toFloat32(each, key);
      if (key.endsWith('lora_B.weight')) data[1] = Number.POSITIVE_INFINITY;
      return [key, { dtype: 'F32' as const, shape: each.shape, data }] as const;
    });
    files.set(MODEL, serializeSafetensors(new Map(spoilt)));
    const base = await loadLanguageModel(device, folder('llama3'));
    await expect(loadAdapter(base.model, files)).rejects.toThrow(
      'q_proj.lora_B.weight must be finite: element 1 is Infinity',
    );
    for (const each of [model, base.model]) each.dispose();
  });

  it('a model that talks on after its answer: another stop token in use than in training', async () => {
    const template = `{% for m in messages %}<|start|>{{ m.role }}:{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|start|>assistant:{% endif %}`;
    let files = folder('llama3').set('chat_template.jinja', new TextEncoder().encode(template));
    files = edited(files, 'tokenizer_config.json', { eos_token: '<|start|>' });
    for (const name of ['config.json', 'generation_config.json'])
      if (files.has(name)) files = edited(files, name, { eos_token_id: 0 });
    const { model, tokenizer } = await loadLanguageModel(device, files);
    expect(tokenizer.eosIds).toEqual([0]);
    await applyLora(model, { rank: 4 });
    const question = [{ role: 'user', content: 'hi' }];
    const taught = tokenizeChat(tokenizer, [...question, { role: 'assistant', content: 'no' }]);
    await train(model, [taught], 40);
    const said = await generate(model, tokenizer, question, { maxTokens: 20, temperature: 0 }).result();
    expect([said.text, said.stoppedBy]).toEqual(['no', 'stop']);
    // The files that are written beside an adapter for other programs.
    const { example: written, stops } = promptFormat(tokenizer) ?? { example: '', stops: [] };
    expect(written).toBe('<|start|>user:Hello<|end|><|start|>assistant:');
    expect(stops).toEqual(['<|end|>', '<|start|>']);
    expect(modelfileLines('m.gguf', 'a.gguf', stops).slice(2)).toEqual([
      'PARAMETER stop "<|end|>"',
      'PARAMETER stop "<|start|>"',
    ]);
    model.dispose();
  });
});

describe('batches', () => {
  it('examples in one row that see each other', async () => {
    const { model, tokenizer } = await loadLanguageModel(reference, folder('llama3'));
    const losses = async (examples: readonly TokenExample[]) =>
      (await evaluateLanguageModel(model, tokenizer, examples)).examples.map(({ loss }) => loss);
    const together = await losses([ONE, OTHER, ONE]);
    const alone = [await losses([ONE]), await losses([OTHER]), await losses([ONE])].flat();
    for (const [i, loss] of together.entries()) expect(loss).toBeCloseTo(alone[i], 12);
    model.dispose();
  });

  it('micro-batches with equal weight, regardless of their trained tokens', async () => {
    const values = [];
    for (const packing of [{ pack: false, batchSize: 2 }, { batchSize: 2 }]) {
      const { model } = await loadLanguageModel(reference, folder('llama3'));
      const adapter = await applyLora(model, { rank: 2 });
      const losses = await train(model, [ONE, OTHER], 2, packing);
      values.push([...losses, ...(await factorsOf(adapter))]);
      model.dispose();
    }
    const [apart, together] = values;
    expect(Math.max(...apart.map((value, i) => Math.abs(value - together[i])))).toBeLessThan(1e-9);
  });
});

describe('adapters that are not applied', () => {
  it('an adapter without a module of the model, or without a change: the base is served', async () => {
    const { model } = await adapted();
    const files = await saved(model);
    const base = await loadLanguageModel(device, folder('llama3'));
    const other = edited(files, 'adapter_config.json', { target_modules: ['c_attn'] });
    await expect(loadAdapter(base.model, other)).rejects.toThrow(
      'adapter_config.json: applyLora: no Linear or Embedding module matches c_attn',
    );
    const fresh = await loadLanguageModel(device, folder('llama3'));
    await applyLora(fresh.model, { rank: 2 });
    const { notes } = await loadAdapter(base.model, await saved(fresh.model), { name: 'fresh' });
    expect(notes).toEqual(['all of its updates are 0: it changes nothing']);
    expect((await loadAdapter(base.model, files, { name: 'trained' })).notes).toEqual([]);
    for (const each of [model, base.model, fresh.model]) each.dispose();
  });

  it('a target that matches no module, beside one that matches some', async () => {
    const { model } = await loadLanguageModel(device, folder('llama3'));
    await expect(applyLora(model, { targetModules: ['q_proj', 'c_attn'] })).rejects.toThrow(
      'no Linear or Embedding module matches c_attn: there are model.embed_tokens, model.layers.0.self_attn.q_proj',
    );
    const { layers } = await applyLora(model, { targetModules: ['q_proj'] });
    expect([...layers.keys()].length).toBe(2);
    model.dispose();
  });

  it('a block of zeros, and factors in 16 bits: NaN', async () => {
    const files = folder('llama3');
    const { tensors } = parseSafetensors(files.get('model.safetensors') ?? new Uint8Array(), 'm');
    for (const [key, { bytes }] of tensors) if (/layers\.1\..*proj/.test(key)) bytes.fill(0);
    const { model } = await loadLanguageModel(device, files, { weights: 'bf16' });
    const { factors } = await applyLora(model, { rank: 2 });
    expect(
      new Set(Array.from(factors.values(), ({ loraA, loraB }) => [loraA.dtype, loraB.dtype]).flat()),
    ).toEqual(new Set(['f32']));
    const losses = await train(model, [ONE, OTHER], 5);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses[4]).toBeLessThan(losses[0]);
    model.dispose();
  });

  it('a file without a tensor, saved as an adapter', async () => {
    const { model, adapter } = await adapted();
    const files = await saved(model);
    const { tensors } = parseSafetensors(files.get(MODEL) ?? new Uint8Array(), MODEL);
    expect(tensors.size).toBe(2 * adapter.factors.size);
    const base = await loadLanguageModel(device, folder('llama3'));
    await expect(saved(base.model)).rejects.toThrow('saveAdapter: the model has no adapter');
    const empty = new Map(files).set(MODEL, serializeSafetensors(new Map()));
    await expect(loadAdapter(base.model, empty)).rejects.toThrow(
      'missing base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight; missing ',
    );
    for (const each of [model, base.model]) each.dispose();
  });

  it('outputs that equal those of the base, found by eye', async () => {
    const { model, tokenizer } = await adapted();
    const scores = () => evaluateLanguageModel(model, tokenizer, [ONE, OTHER]);
    const [without, among] = [await withAdapterDisabled(model, scores), await scores()];
    const base = await loadLanguageModel(device, folder('llama3'));
    expect(without).toEqual(await evaluateLanguageModel(base.model, tokenizer, [ONE, OTHER]));
    expect(compareExamples(without, among).same).toBe(0);
    for (const each of [model, base.model]) each.dispose();
  });
});

describe('tied weights, vocabularies, merging', () => {
  it('an adapter or a merge that destroys one of two tied weights', async () => {
    const tied = await adapted('llama', { targetModules: ['lm_head'] });
    expect(tied.model.config.tied).toBe(true);
    const files: Files = new Map();
    await exportMerged(tied.model, files, { format: 'safetensors' });
    const { tensors } = parseSafetensors(files.get('model.safetensors') ?? new Uint8Array(), 'm');
    const [head, embedding] = ['lm_head.weight', 'model.embed_tokens.weight'].map((key) => {
      const found = tensors.get(key);
      return found && toFloat32(found, key);
    });
    expect(head).not.toEqual(embedding);
    const { model } = await loadLanguageModel(device, folder('llama'));
    const before = await new Map(model.namedParameters()).get('model.embed_tokens.weight')?.read();
    expect(embedding).toEqual(before);
    // Not adapted unless it is named.
    expect([...(await applyLora(model, { rank: 2 })).layers.keys()].join()).not.toMatch(
      /lm_head|embed_tokens/,
    );
    for (const each of [model, tied.model]) each.dispose();
  });

  it('an adapter that is as large as the embedding', async () => {
    const { model } = await adapted();
    const file = (await saved(model)).get(MODEL) ?? new Uint8Array();
    const { tensors } = parseSafetensors(file, MODEL);
    expect([...tensors.keys()].filter((key) => !/\.lora_[AB]\.weight$/.test(key))).toEqual([]);
    expect(file.length).toBeLessThan(4 * countParameters(model).trainable + 200 * tensors.size);
    model.dispose();
  });

  it('an adapter of a vocabulary of another size', async () => {
    const { model } = await adapted('llama3', { targetModules: ['lm_head'] });
    const files = await saved(model);
    const { tensors } = parseSafetensors(files.get(MODEL) ?? new Uint8Array(), MODEL);
    const larger = Array.from(tensors, ([key, each]) => {
      const [rows, columns] = each.shape;
      const shape = key.includes('lora_B') ? [rows + 8, columns] : [rows, columns];
      return [key, { dtype: 'F32' as const, shape, data: new Float32Array(shape[0] * shape[1]) }] as const;
    });
    files.set(MODEL, serializeSafetensors(new Map(larger)));
    const base = await loadLanguageModel(device, folder('llama3'));
    await expect(loadAdapter(base.model, files)).rejects.toThrow(
      'base_model.model.lm_head.lora_B.weight must be [301,2]: got [309,2]',
    );
    for (const each of [model, base.model]) each.dispose();
  });

  it('a merge into weights other than those that it was trained over', async () => {
    const { model } = await loadLanguageModel(device, folder('qwen2'), { weights: 'q4' });
    await applyLora(model, { rank: 2 });
    await expect(merge(model)).rejects.toThrow(
      'is q4, which would lose most of the update: write a merged model with exportMerged, or load the weights as f32',
    );
    model.dispose();
  });

  it('a converter that leaves out the head, or parts that it does not know', async () => {
    const head = await adapted('llama3', { targetModules: ['lm_head', 'q_proj'] });
    const files: Files = new Map();
    await exportAdapterGguf(head.model, files);
    const { tensors } = await openGguf(
      {
        length: files.get('adapter.gguf')?.length ?? 0,
        read: async (at, length) => (files.get('adapter.gguf') ?? new Uint8Array()).slice(at, at + length),
      },
      'adapter.gguf',
    );
    const names = ['blk.0.attn_q', 'blk.1.attn_q', 'output'];
    const wanted = names.flatMap((name) => [`${name}.weight.lora_a`, `${name}.weight.lora_b`]);
    expect([...tensors.keys()].sort()).toEqual(wanted.sort());
    const dora = await adapted('llama3', { useDora: true });
    await expect(exportAdapterGguf(dora.model, new Map())).rejects.toThrow('cannot hold DoRA magnitudes');
    const tied = await adapted('llama', { targetModules: ['lm_head'] });
    await expect(exportAdapterGguf(tied.model, new Map())).rejects.toThrow('llama.cpp has one tensor');
    for (const { model } of [head, dora, tied]) model.dispose();
  });

  it('an adapter for Ollama in a form which it does not read', () => {
    expect(modelfileLines('/m/base.gguf', '/run/adapter.gguf')).toEqual([
      'FROM /m/base.gguf',
      'ADAPTER /run/adapter.gguf',
    ]);
  });
});

describe('checkpoints and devices', () => {
  it('recomputed blocks over frozen inputs: B stays 0', async () => {
    const { model } = await loadLanguageModel(device, folder('llama3'));
    const { factors } = await applyLora(model, { rank: 2 });
    model.model.gradientCheckpointing = true;
    await train(model, [ONE], 1);
    for (const { loraB } of factors.values())
      expect(Array.from(await loraB.read()).some((value) => value !== 0)).toBe(true);
    model.dispose();
  });

  it('a training run that starts again instead of continuing: without the state of its optimizer', async () => {
    const run = async (checkpoint: Files | undefined, until?: number) => {
      const { model, adapter } = await adapted();
      const stop = new AbortController();
      const losses: number[] = [];
      await fit(model, new PackedRows(device, [ONE]), {
        optimizer: new AdamW(
          model.parameters().filter(({ requiresGrad }) => requiresGrad),
          { learningRate: 1e-2 },
        ),
        ...{ loss: tokenLoss, epochs: 4, shuffle: false, signal: stop.signal },
        ...(checkpoint ? { checkpoint: { dir: checkpoint, every: 2, resume: true } } : {}),
        onStep: ({ iteration, loss }) => {
          losses.push(loss);
          if (iteration === until) stop.abort();
        },
      });
      const values = await factorsOf(adapter);
      model.dispose();
      return { losses, values };
    };
    const whole = await run(undefined);
    const files: Files = new Map();
    const first = await run(files, 2);
    const rest = await run(files);
    expect([...first.losses, ...rest.losses]).toEqual(whole.losses);
    expect(rest.values).toEqual(whole.values);
  });

  it('a step that does not fit into memory, found out while it swaps', async () => {
    const { model } = await adapted();
    const rows = new PackedRows(device, [ONE]);
    const plan = await trainingPlan(model, rows, { memory: 1000 });
    expect([plan.fits, plan.memory]).toEqual([false, 1000]);
    expect(plan.total).toBeGreaterThan(plan.weights);
    expect((await trainingPlan(model, rows, { memory: plan.total })).fits).toBe(true);
    model.dispose();
  });

  it('a required graphics card, without which nothing trains', async () => {
    const { model } = await adapted();
    expect(model.device.name).toBe('wasm');
    const losses = await train(model, [ONE, OTHER], 10);
    expect(losses[9]).toBeLessThan(losses[0]);
    model.dispose();
  });

  it('forgotten knowledge, found out by users', async () => {
    const { model, tokenizer } = await loadLanguageModel(device, folder('llama3'));
    await applyLora(model, { rank: 2 });
    const kept = example([...IDS.slice(0, 4), 30, 40, 50], 4, 5, 6);
    const examples = [ONE, kept];
    const before = await evaluateLanguageModel(model, tokenizer, examples);
    await train(model, [ONE], 30);
    const after = await evaluateLanguageModel(model, tokenizer, examples);
    const { better, worse, worst } = compareExamples(before, after);
    expect([better, worse, worst.map((each) => each.example)]).toEqual([1, 1, [1]]);
    model.dispose();
  });

  it('a base in few bits that is expanded to f32 for training', async () => {
    const loaded = await loadLanguageModel(device, folder('qwen2'), { weights: 'q4' });
    const { model, weightBytes } = loaded;
    const whole = await loadLanguageModel(device, folder('qwen2'), { weights: 'f32' });
    expect(weightBytes).toBeLessThan(0.35 * whole.weightBytes);
    whole.model.dispose();
    await applyLora(model, { rank: 2 });
    await train(model, [ONE], 1);
    const types = [...model.namedParameters()].map(([path, { dtype }]) => [path, dtype]);
    expect(types.find(([path]) => path.includes('layers.0.mlp.up_proj') && !path.includes('lora'))?.[1]).toBe(
      'q4',
    );
    model.dispose();
  });

  it('rotary settings that are read as different ones', async () => {
    const read = (fields: object) =>
      parseModelConfig(
        edited(folder('mistral'), 'config.json', fields).get('config.json') ?? new Uint8Array(),
        'c',
      );
    const none = { rope_theta: undefined, rope_scaling: undefined, rope_parameters: undefined };
    const theta = 123456;
    const inside = { rope_type: 'default', rope_theta: theta };
    expect(read({ ...none, rope_parameters: inside }).rope.theta).toBe(theta);
    expect(read({ ...none, rope_theta: theta }).rope.theta).toBe(theta);
    expect(() => read({ ...none, rope_theta: 10000, rope_parameters: inside })).toThrow(
      'rope_theta differs from that of rope_parameters: 10000 and 123456',
    );
    expect(() => read({ ...none, rope_parameters: { full_attention: inside } })).toThrow(
      'rope_parameters must be the same for all layers: it has full_attention',
    );
    const partial = 'partial_rotary_factor must be 1: 0.5';
    expect(() => read({ partial_rotary_factor: 0.5 })).toThrow(partial);
    expect(() => read({ ...none, rope_parameters: { ...inside, partial_rotary_factor: 0.5 } })).toThrow(
      partial,
    );
    // Neighbouring pairs are rotated in a GGUF file of Llama, halves in its folder: both give the logits of transformers.
    const { ids, logits } = expected('llama');
    for (const from of [folder('llama'), new Blob([ggufBytes('llama').slice().buffer])]) {
      const { model } = await loadLanguageModel(device, from);
      const found = await noGrad(() => model.forward(tensor(device, ids, [ids.length], 'i32'))).read();
      const last = logits.length - 1;
      expect(Math.abs(found[last] - logits[last])).toBeLessThan(1e-3 * Math.max(...logits));
      model.dispose();
    }
  });
});
