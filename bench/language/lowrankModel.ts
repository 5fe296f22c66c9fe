/** A model of lowrank as a contender loads it. */
import { createWasmBackend, type WasmBackend } from '../../src/backends/wasm/index.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { LlamaForCausalLM } from '../../src/models/llama.js';
import { type LoadedLanguageModel, loadLanguageModel } from '../../src/models/load.js';
import { readBinary } from '../../src/node/binary.js';
import '../../src/node/paths.js';
import { threads as threadPlatform } from '../../src/node/threads.js';
import { precisionOptions, type Variant } from './variant.js';

export interface ModelRequest extends Variant {
  readonly model: string;
  readonly threads: number;
}

export interface OpenedModel extends LoadedLanguageModel {
  readonly device: WasmBackend;
  readonly how: string;
}

/** Why a precision cannot be had; undefined where it can. */
export async function precisionRefusal(
  device: WasmBackend,
  precision: Variant['precision'],
): Promise<string | undefined> {
  // Options are checked before any file is looked at, and then there is none.
  return loadLanguageModel(device, new Map(), precisionOptions(precision)).then(
    () => undefined,
    (error: Error) => (error instanceof TypeError || error instanceof RangeError ? error.message : undefined),
  );
}

export async function openModel({ model, build, precision, threads }: ModelRequest): Promise<OpenedModel> {
  const device = await createWasmBackend({ readBinary, build, threads, threadPlatform });
  const loaded = await loadLanguageModel(device, model, precisionOptions(precision));
  const how = `${build} build, ${precision}, Node ${process.versions.node}, ${threads} thread${threads > 1 ? 's' : ''}`;
  return { ...loaded, device, how };
}

/** The same weights without the last blocks. */
export function withFewerLayers(model: LlamaForCausalLM, layers: number): LlamaForCausalLM {
  const weights = new Map(model.namedParameters());
  const fewer = new LlamaForCausalLM(model.device, { ...model.config, layers }, (name) => {
    const weight = weights.get(name);
    if (weight) return weight;
    throw new Error(`withFewerLayers: the model must have ${name}`);
  });
  const { precision } = model as { precision?: unknown };
  if (precision !== undefined) Object.assign(fewer, { precision });
  return fewer.eval();
}

/** Rank 8 on all linear layers unless said otherwise, drawn from seed 0, B zero: equal in all contenders. */
export function addAdapter(model: LlamaForCausalLM, rank = 8) {
  return applyLora(model, { rank, alpha: 2 * rank });
}
