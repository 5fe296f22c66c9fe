/** Loads a model of lowrank for a contender. */
import { createWasmBackend, type WasmBackend } from '../../src/backends/wasm/index.js';
import { applyLora } from '../../src/lora/applyLora.js';
import { LlamaForCausalLM } from '../../src/models/llama.js';
import { type LoadedLanguageModel, loadLanguageModel } from '../../src/models/load.js';
import type { WeightsOption } from '../../src/models/weights.js';
import { readBinary } from '../../src/node/binary.js';
import '../../src/node/paths.js';
import { threads as threadPlatform } from '../../src/node/threads.js';
import type { Variant } from './variant.js';

export interface ModelRequest extends Variant {
  readonly model: string;
  readonly threads: number;
  /** How weights are loaded; if given, their memory is reported. Default `keep`. */
  readonly weights?: WeightsOption;
}

export interface OpenedModel extends LoadedLanguageModel {
  readonly device: WasmBackend;
  readonly how: string;
}

export async function openModel(request: ModelRequest): Promise<OpenedModel> {
  const { model, build, precision, threads, weights } = request;
  const device = await createWasmBackend({ readBinary, build, threads, threadPlatform });
  const begun = performance.now();
  const loaded = await loadLanguageModel(device, model, weights ? { precision, weights } : { precision });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const how = `${build} build, ${precision}, Node ${process.versions.node}, ${threads} thread${threads > 1 ? 's' : ''}`;
  const megabytes = Math.round(device.memory().reservedBytes / 1e6);
  const what = weights ? `; weights ${weights}: ${megabytes} MB on the device, loaded in ${seconds} s` : '';
  return { ...loaded, device, how: `${how}${what}` };
}

/** The same weights without the last blocks. */
export function withFewerLayers(model: LlamaForCausalLM, layers: number): LlamaForCausalLM {
  const weights = new Map(model.namedParameters());
  const fewer = new LlamaForCausalLM(model.device, { ...model.config, layers }, (name) => {
    const weight = weights.get(name);
    if (weight) return weight;
    throw new Error(`withFewerLayers: the model must have ${name}`);
  });
  return fewer.eval();
}

/** Rank 8 on all linear layers unless said otherwise, drawn from seed 0, B zero: equal in all contenders. */
export function addAdapter(model: LlamaForCausalLM, rank = 8) {
  return applyLora(model, { rank, alpha: 2 * rank });
}
