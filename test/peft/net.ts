/** The small model of the oracle, as net.py has it, and what make_fixtures.py wrote of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Backend } from '../../src/backends/backend.js';
import { Random } from '../../src/base/random.js';
import { Embedding } from '../../src/nn/embedding.js';
import { Linear } from '../../src/nn/linear.js';
import { parseModel } from '../../src/nn/modelFile.js';
import { Layer } from '../../src/nn/module.js';
import { relu } from '../../src/ops/relu.js';
import { type Tensor, tensor } from '../../src/tensor.js';

class Block extends Layer {
  linear1: Layer;
  linear2: Layer;

  constructor(device: Backend, random: Random) {
    super();
    this.linear1 = new Linear(device, 6, 9, { random });
    this.linear2 = new Linear(device, 9, 5, { random });
  }

  forward(x: Tensor): Tensor {
    return this.linear2.forward(relu(this.linear1.forward(x)));
  }
}

/** Tokens (or rows of 6 numbers) to 4 classes. */
export class Net extends Layer {
  emb: Layer | undefined;
  block: Layer;
  head: Layer;

  constructor(
    device: Backend,
    readonly tokens: boolean,
    seed = 0,
  ) {
    super();
    const random = new Random(seed);
    if (tokens) this.emb = new Embedding(device, 11, 6, { random });
    this.block = new Block(device, random);
    this.head = new Linear(device, 5, 4, { random });
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.block.forward(this.emb ? this.emb.forward(x) : x));
  }
}

export const TARGETS = [0, 1, 2, 3, 1, 0, 2];

/** A case as make_fixtures.py describes it. */
export interface Facts {
  readonly tokens: boolean;
  readonly input: number[];
  readonly base: number[];
  readonly adapted: number[];
  readonly merged: number[];
  readonly losses: number[];
  /** With the groups of LoRA+, B four times as fast. */
  readonly plusLosses: number[];
  readonly trained: number[];
  readonly combined: Readonly<Record<'linear' | 'cat' | 'svd', number[]>>;
  readonly weights: number[];
}

/** Those of this run of Python, or the committed ones. */
export const ROOT = process.env.LOWRANK_PEFT_FIXTURES ?? new URL('fixtures', import.meta.url).pathname;

export const caseNames = readdirSync(ROOT).filter((name) => name !== 'weighted' && name !== 'vocabulary');

export function facts(name: string): Facts {
  // make_fixtures.py wrote it.
  return JSON.parse(readFileSync(join(ROOT, name, 'case.json'), 'utf8')) as Facts;
}

export function adapterFiles(...path: string[]): Map<string, Uint8Array> {
  const names = ['adapter_config.json', 'adapter_model.safetensors'];
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(ROOT, ...path, name)))]));
}

/** The model of a case before PEFT touched it. */
export function baseModel(device: Backend, name: string): Net {
  const model = new Net(device, facts(name).tokens);
  model.loadStateDict(parseModel(readFileSync(join(ROOT, name, 'base.safetensors')), name));
  return model.eval();
}

export function inputTensor(device: Backend, { tokens, input }: Pick<Facts, 'tokens' | 'input'>): Tensor {
  return tokens ? tensor(device, input, [7], 'i32') : tensor(device, input, [7, 6]);
}

/** The largest |a − b|, relative to the largest |b|. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [largest, worst] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]));
    worst = Math.max(worst, Math.abs(a[i] - b[i]));
  }
  return a.length === b.length ? worst / largest : Number.NaN;
}
