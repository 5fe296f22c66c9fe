/** The adapter that a run trains: a new one, or an existing one. */

import { printable } from '../../base/printable.js';
import { applyLora, DataError, Linear, type LoraAdapter, type LoraConfig } from '../../core.js';
import { loadAdapter } from '../../index.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import { UsageError } from '../errors.js';
import { originNotes } from './adapterOrigin.js';
import type { RawTrainOptions, TrainCommand } from './trainOptions.js';

interface Given {
  /** Whether an option was given, by its name in the settings. */
  readonly isGiven: (name: string) => boolean;
  readonly notice: (text: string) => void;
  /** The path of the model's files. */
  readonly path: string;
}

const MAX_SHOWN = 200;

/** @throws UsageError for a rank or a target that the model cannot have, or one that differs from the adapter's */
export async function putAdapter(
  model: LlamaForCausalLM,
  options: TrainCommand,
  { isGiven, notice, path }: Given,
): Promise<LoraAdapter> {
  if (options.adapter === undefined) return newAdapter(model, options);
  const adapter = await loadAdapter(model, options.adapter);
  if (adapter.layers.size === 0) throw new DataError(`${options.adapter}: adapts no layer of this model`);
  const notes = await originNotes(options.adapter, { path, chat: options });
  for (const note of [...adapter.notes, ...notes]) notice(`note: ${note}`);
  checkSame(adapter, options, isGiven);
  return adapter;
}

async function newAdapter(model: LlamaForCausalLM, options: TrainCommand): Promise<LoraAdapter> {
  const { rank, alpha, dropout, dora, rslora, init, seed } = options;
  const config: LoraConfig = {
    ...{ rank, alpha, dropout, init, seed, useDora: dora, useRslora: rslora },
    targetModules: targetModules(model, options),
  };
  try {
    return await applyLora(model, config);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message.replace(/^(lora|applyLora): /, ''), { cause: error });
  }
}

/** The linear layers of the last blocks, by their paths; names otherwise. */
function targetModules(
  model: LlamaForCausalLM,
  { targets, layers }: TrainCommand,
): NonNullable<LoraConfig['targetModules']> {
  const { layers: blocks } = model.config;
  const linear = [...model.model.namedModules()].filter(([, module]) => module instanceof Linear);
  const matches = (path: string, name: string) => path === name || path.endsWith(`.${name}`);
  const all = [...linear.map(([path]) => `model.${path}`), 'lm_head', 'model.embed_tokens'];
  for (const name of targets === 'all-linear' ? [] : targets) {
    if (!all.some((path) => matches(path, name)))
      throw new UsageError(
        `--targets: the model has no module ${printable(name, MAX_SHOWN)}: ${namesOf(all).join(', ')}`,
      );
  }
  if (layers === undefined) return targets;
  if (layers > blocks)
    throw new UsageError(`--layers: must be at most the model's ${blocks} blocks: ${layers}`);
  return all.filter((path) => {
    const block = Number(/^model\.layers\.(\d+)\./.exec(path)?.[1] ?? -1);
    const isTarget = targets === 'all-linear' || targets.some((name) => matches(path, name));
    return block >= blocks - layers && isTarget;
  });
}

function namesOf(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => path.replace(/^.*\./, '')))];
}

/** Checks options that define an adapter against those of the existing adapter. */
function checkSame(adapter: LoraAdapter, options: TrainCommand, isGiven: Given['isGiven']): void {
  const { rank, alpha, dropout, useDora, useRslora } = adapter.config;
  const found: Partial<Record<keyof RawTrainOptions, number | boolean>> = {
    ...{ rank, alpha, dropout, dora: useDora, rslora: useRslora },
  };
  for (const [name, value] of Object.entries(found)) {
    const given: unknown = Reflect.get(options, name);
    if (isGiven(name) && given !== value)
      throw new UsageError(`--${name}: must be ${value}, as in the adapter of --adapter: ${given}`);
  }
  for (const name of ['targets', 'layers', 'init'])
    if (isGiven(name)) throw new UsageError(`--${name}: cannot be given with --adapter, which has its own`);
}
