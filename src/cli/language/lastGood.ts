/** The weights that a run falls back to when its numbers have gone wrong: the last ones with which a loss was finite. */
import { saveAdapter } from '../../core.js';
import type { LlamaForCausalLM } from '../../models/llama.js';

export type AdapterFiles = Map<string, Uint8Array>;

interface Weights {
  /** The step after which they were copied; 0: the start of the run. */
  readonly step: number;
  readonly files: Promise<AdapterFiles>;
}

export interface LastGoodOptions {
  /** The base that PEFT is told to load. */
  readonly baseModel: string;
  /** Steps between two copies. */
  readonly every: number;
  /** Steps whose losses are read together. */
  readonly stepsPerRead: number;
}

/** Copies an adapter's files now and then into the host's memory: at most two of them. */
export class LastGood {
  readonly #model: LlamaForCausalLM;
  readonly #options: LastGoodOptions;
  #good: Weights;
  /** Weights for which no loss was computed yet. */
  #next: Weights | undefined;

  /** @param model  with one adapter, as the run begins */
  constructor(model: LlamaForCausalLM, options: LastGoodOptions) {
    this.#model = model;
    this.#options = options;
    this.#good = this.#copy(0);
  }

  /** Called after each step with a finite loss, while no other step runs. */
  after(step: number): void {
    const { every, stepsPerRead } = this.#options;
    // The copy may have been made after the last of the steps that were read together.
    if (this.#next && step >= this.#next.step + stepsPerRead) {
      this.#good = this.#next;
      this.#next = undefined;
    }
    if (!this.#next && (step === 1 || step % every === 0)) this.#next = this.#copy(step);
  }

  async files(): Promise<{ readonly step: number; readonly files: AdapterFiles }> {
    const { step, files } = this.#good;
    return { step, files: await files };
  }

  #copy(step: number): Weights {
    const files: AdapterFiles = new Map();
    const { baseModel } = this.#options;
    const copied = saveAdapter(this.#model, files, { baseModel, taskType: 'CAUSAL_LM' }).then(() => files);
    // The failure is thrown to the caller that awaits the copy; until then it is ignored.
    copied.catch(() => undefined);
    return { step, files: copied };
  }
}
