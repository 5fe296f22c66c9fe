/** An open model: its weights once on the device, and as many models over them as required. */
import { type Backend, type Parameter, unloadAdapters } from 'lowrank';
import { generate, LlamaForCausalLM, type LoadedLanguageModel, type Tokenizer } from 'lowrank/text';
import type { ModelView } from '../api.js';

/**
 * The base is a separate model that never gets an adapter, so that its answers stay the same bit for bit, whatever is taught
 * beside it. Each adapter has a twin of the base: other modules over the same weights, which take no extra memory.
 */
export class OpenedModel {
  readonly base: LlamaForCausalLM;
  readonly tokenizer: Tokenizer;
  readonly #weights: ReadonlyMap<string, Parameter>;
  /** Twins without an adapter. */
  readonly #free: LlamaForCausalLM[] = [];

  constructor(
    readonly device: Backend,
    { model, tokenizer }: Pick<LoadedLanguageModel, 'model' | 'tokenizer'>,
    readonly view: ModelView,
  ) {
    this.base = model;
    this.tokenizer = tokenizer;
    this.#weights = new Map(model.namedParameters());
    // Like `lowrank train`: packed weights are multiplied in integers if the device can.
    const isPacked = [...this.#weights.values()].some(({ dtype }) => dtype.startsWith('q'));
    if (isPacked && device.name !== 'webgpu') model.precision = 'fast';
  }

  /** A model without an adapter, to be returned with `takeBack`. */
  twin(): LlamaForCausalLM {
    const free = this.#free.pop();
    if (free) return free;
    const { device, base } = this;
    const twin = new LlamaForCausalLM(device, base.config, (name) => {
      const weight = this.#weights.get(name);
      if (weight) return weight;
      throw new Error(`there is no weight ${name}`);
    });
    return twin.eval();
  }

  /** Takes back an unused twin, and frees its adapter. */
  takeBack(twin: LlamaForCausalLM, has: 'an adapter' | 'none'): void {
    if (has === 'an adapter') unloadAdapters(twin);
    // The twin is used again, since its tables on the device cannot be freed without the weights.
    this.#free.push(twin);
  }

  /** Generates a token, since the first takes longer than the rest. */
  async warmUp(): Promise<void> {
    const { bosId = 0 } = this.tokenizer;
    await generate(this.base, this.tokenizer, Int32Array.of(bosId), { maxTokens: 2 }).result();
  }

  dispose(): void {
    this.base.dispose();
  }
}
