/** Contenders in their own processes. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { WeightsOption } from '../../src/models/weights.js';
import { type Contender, processContender } from './contender.js';
import { PYTHON } from './corpus.js';
import { missingPeer } from './peer.js';
import { requantized } from './requantize.js';
import type { TextWork } from './textSlice.js';
import { TRAINING, type TrainingWork } from './training.js';
import { type Variant, variantName } from './variant.js';
import { nodeFor } from './variants.js';

const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Input of all contenders of a run. */
export interface Given {
  /** Path of the GGUF file. */
  readonly model: string;
  /** Directory of the initial adapter of the training. */
  readonly adapter: string;
  readonly threads: number;
}

export const PEFT = 'PyTorch + PEFT';

export interface LowrankTraining {
  readonly work: TrainingWork;
  readonly rank?: number;
  /** Whether the second half of the blocks is left out. */
  readonly halfOfLayers?: boolean;
  /** Default: that of the variant. */
  readonly name?: string;
}

export function lowrankTraining(
  { model, threads }: Given,
  variant: Variant,
  { name = variantName(variant), ...rest }: LowrankTraining,
): Contender {
  return lowrankProcess(name, variant, 'lowrankTrain.ts', { ...variant, model, threads, ...rest });
}

export interface LowrankText {
  readonly work: TextWork;
  /** Default `keep`. */
  readonly weights?: WeightsOption;
  /** Default: that of the variant. */
  readonly name?: string;
}

export function lowrankText(
  { model, threads }: Given,
  variant: Variant,
  { name = variantName(variant), ...rest }: LowrankText,
): Contender {
  return lowrankProcess(name, variant, 'lowrankText.ts', { ...variant, model, threads, ...rest });
}

function lowrankProcess(name: string, { build }: Variant, script: string, request: object): Contender {
  return deferred(name, () => {
    const words = ['--import', 'tsx', at(script), JSON.stringify(request)];
    return processContender(name, { program: nodeFor(build), words });
  });
}

export function peftTraining({ model, adapter, threads }: Given, work: TrainingWork): Contender {
  const request = { model, adapter, threads, training: TRAINING, work };
  return pythonProcess(PEFT, 'torch_train.py', request);
}

export const TORCH = 'PyTorch, f32';

/** Text generation by transformers. */
export function torchText({ model, threads }: Given, work: TextWork): Contender {
  return pythonProcess(TORCH, 'torch_text.py', { model, threads, work });
}

function pythonProcess(
  name: string,
  script: string,
  request: { readonly threads: number; readonly [key: string]: unknown },
): Contender {
  return deferred(name, () => {
    const missing = missingPeer();
    if (missing) throw new Error(missing);
    const words = [at(script), JSON.stringify(request)];
    const threads = `${request.threads}`;
    const env = { OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads };
    return processContender(name, { program: PYTHON, words, env });
  });
}

/** Formats of the model that llama.cpp is measured with. The reference file is Q4_1. */
export const FORMATS = ['Q4_1', 'Q8_0', 'Q4_0'] as const;
export type Format = (typeof FORMATS)[number];

/** @throws Error with a sentence where a package of bench/package.json is missing */
export function checkInstalled(name: string): void {
  if (!existsSync(at(`../node_modules/${name}`)))
    throw new Error(`${name} is not installed (npm run install:peers installs it)`);
}

export function llamaCpp({ model, threads }: Given, format: Format, work: TextWork): Contender {
  const name = `llama.cpp ${format}`;
  return deferred(name, async () => {
    checkInstalled('node-llama-cpp');
    const request = { model: await inFormat(model, format), threads, work };
    const words = ['--import', 'tsx', at('llamaCpp.mjs'), JSON.stringify(request)];
    return processContender(name, { program: process.execPath, words });
  });
}

/** The path of the model in a format. @throws Error with a sentence where it cannot be made */
export async function inFormat(model: string, format: Format): Promise<string> {
  return format === 'Q4_1' ? model : requantized(model, format);
}

/** A contender that is searched for when it is started. */
export function deferred(name: string, find: () => Contender | Promise<Contender>): Contender {
  return { name, start: async () => (await find()).start() };
}
