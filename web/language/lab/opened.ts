/** A model that is open: its weights once on the device, and as many models over them as are needed. */
import { type Backend, type Parameter, unloadAdapters } from 'lowrank';
import { generate, LlamaForCausalLM, type LoadedLanguageModel, type Tokenizer } from 'lowrank/text';
import type { ModelView } from '../api.js';

/**
 * The base is a model of its own, on which no adapter is ever put, so that it answers bit for bit as it did, whatever is taught
 * beside it. An adapter has a twin of it: other modules over the same weights, which take no memory of their own.
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
    // As `lowrank train` does: packed weights are multiplied in integers, where the device can.
    const isPacked = [...this.#weights.values()].some(({ dtype }) => dtype.startsWith('q'));
    if (isPacked && device.name !== 'webgpu') model.precision = 'fast';
  }

  /** A model without an adapter; `takeBack` it. */
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

  /** Frees the adapter of a twin that nobody uses any more. */
  takeBack(twin: LlamaForCausalLM, has: 'an adapter' | 'none'): void {
    if (has === 'an adapter') unloadAdapters(twin);
    // It is used again, since tables that it has on the device cannot be freed without the weights.
    this.#free.push(twin);
  }

  /** The first token takes longer than those that follow. */
  async warmUp(): Promise<void> {
    const { bosId = 0 } = this.tokenizer;
    await generate(this.base, this.tokenizer, Int32Array.of(bosId), { maxTokens: 2 }).result();
  }

  dispose(): void {
    this.base.dispose();
  }
}
