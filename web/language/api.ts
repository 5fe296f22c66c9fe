/** The interface between the page and its worker: plain objects, which messages carry. */

import type { Stoppable } from './stopFlags.js';

/** One example: a prompt and its answer. */
export interface Row {
  /** Stays with the row while it is edited. */
  readonly id: string;
  readonly prompt: string;
  readonly answer: string;
}

/** The stage of loading a model. */
export type Loading =
  | {
      readonly stage: 'downloading';
      readonly done: number;
      readonly total: number;
      readonly bytesPerSecond: number;
      /** `offline` continues by itself once the network is back, `person` only when told to. */
      readonly paused?: 'offline' | 'person' | undefined;
    }
  | { readonly stage: 'checking' }
  | { readonly stage: 'unpacking'; readonly done: number; readonly total: number }
  | { readonly stage: 'warming up' };

/** What is known of a model before its weights are read. */
export interface ModelFacts {
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly fileBytes: number;
  /** Memory required for the weights and for training on rows of 256 tokens. */
  readonly neededBytes: number;
  readonly contextLength: number;
  /** Whether the tokenizer and template are loaded, so that examples can be counted and shown. */
  readonly hasTokenizer: boolean;
}

export interface ModelView extends ModelFacts {
  readonly layers: number;
  /** Notes of the loader for the visitor. */
  readonly notes: readonly string[];
  /** Checksum of its weights, which adapters name. */
  readonly base: string;
  readonly device: string;
  readonly threads: number;
}

/** What this device keeps of the page's own model. */
export interface Stored {
  readonly bytes: number;
  readonly total: number;
  /** When the last part arrived, in milliseconds since 1970. */
  readonly since: number | undefined;
  /** Where it is kept. `memory` does not survive the tab; `reason` then says why, as a sentence. */
  readonly place: 'files' | 'cache' | 'memory';
  readonly reason?: string | undefined;
}

/** A token of an example as the model sees it. */
export interface SeenToken {
  readonly text: string;
  readonly isTrained: boolean;
  readonly isSpecial: boolean;
}

/** How a row is tokenized. */
export interface RowView {
  readonly id: string;
  readonly tokens: number;
  readonly trained: number;
  /** Whether it is longer than a row may be: it is cut, or left out if none of the answer is left. */
  readonly isCut: boolean;
  /** Why it cannot be taught, as a sentence. */
  readonly problem?: string | undefined;
}

export interface TeachSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly learningRate: number;
  readonly epochs: number;
  /** Rows per step. */
  readonly batch: number;
  readonly maxLength: number;
  readonly seed: number;
  /** Fraction of the rows that are held out; none if there are fewer than 20. */
  readonly heldOut: number;
  /** Number of last blocks to teach; undefined for all blocks. */
  readonly lastLayers?: number | undefined;
  /** Whether prompts are trained like the answers; otherwise they are only read. */
  readonly trainsPrompts: boolean;
  /** Whether blocks are computed again in the backward pass, which requires less memory. */
  readonly isMemoryTight: boolean;
}

/** What decides how a row is tokenized. */
export interface RowShape extends Pick<TeachSettings, 'maxLength' | 'trainsPrompts'> {
  readonly system: string | undefined;
}

export interface Lesson {
  readonly rows: readonly Row[];
  readonly system?: string | undefined;
  readonly settings: TeachSettings;
  /** Questions asked at the beginning and about every ten seconds, for at most 15 % of the time. */
  readonly probes: readonly string[];
}

/** The answers at a step: a stop of the scrubber. */
export interface ProbeStop {
  readonly step: number;
  readonly answers: readonly string[];
}

/** A progress report of a lesson. */
export interface TeachReport {
  readonly step: number;
  readonly steps: number;
  readonly secondsLeft: number | undefined;
  readonly tokensPerSecond: number;
  /** Training loss by step, since the last report. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
  /** Loss on the held-out rows by step, since the last report; step 0 is the base. */
  readonly heldOut: readonly (readonly [step: number, loss: number])[];
  readonly probes: readonly ProbeStop[];
  /** Set when it begins to memorise, or has diverged. */
  readonly warning?: 'memorises' | 'diverged' | undefined;
  /** Any other message, as a sentence, such as that the lesson cannot be kept. */
  readonly notice?: string | undefined;
  /** Whether the steps are over, and forgetting is being measured. */
  readonly isMeasuring: boolean;
}

export interface TeachOutcome {
  readonly steps: number;
  readonly of: number;
  readonly end: 'finished' | 'stopped' | 'diverged';
  /**
   * The step whose values were kept: the last; the last good one if it diverged; the best one on the held-out rows if it was
   * stopped after it began to memorise. 0 if nothing was learned: the previous adapter then stays.
   */
  readonly kept: number;
  readonly seconds: number;
  readonly trainable: number;
  /** Loss on a fixed general text, before and after; undefined if the measurement was skipped. */
  readonly general?: readonly [before: number, after: number] | undefined;
  readonly heldOut?: readonly [before: number, after: number] | undefined;
}

export interface Question {
  /** The conversation so far, ending with the visitor's last message. */
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
  readonly system?: string | undefined;
  /** 0 is the base, 1 the adapter as it was taught. */
  readonly strength: number;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
}

export interface Answer {
  readonly text: string;
  readonly tokens: number;
  readonly seconds: number;
  readonly end: 'end' | 'length' | 'stopped';
}

export interface AdapterInfo {
  readonly rank: number;
  readonly alpha: number;
  readonly trainable: number;
  readonly steps: number;
  readonly seconds: number;
  readonly rows: number;
  /** Seed of its lesson; undefined for an adapter from another program. */
  readonly seed?: number | undefined;
  /** Whether prompts were trained like the answers; undefined for an adapter from another program. */
  readonly trainsPrompts?: boolean | undefined;
  /** Since when this browser keeps it, in milliseconds since 1970; undefined if it does not. */
  readonly keptSince?: number | undefined;
  /** Why it cannot be saved as GGUF, as a sentence. */
  readonly ggufObstacle?: string | undefined;
  /** A sentence about a loaded adapter that may not belong to this model. */
  readonly note?: string;
}

/** An adapter that this browser keeps for the next visit. */
export interface KeptAdapter extends Pick<AdapterInfo, 'rows' | 'steps'> {
  /** Checksum of the model that it was taught on: it comes back only with that. */
  readonly base: string;
  /** Name of that model. */
  readonly model: string;
  /** When it was kept, in milliseconds since 1970. */
  readonly since: number;
  readonly bytes: number;
}

/** The worker. Every method throws an Error whose message is one sentence for a person. */
export interface LanguageLab {
  /** Takes the memory of the page's `StopFlags`. */
  hearStops(memory: Int32Array): Promise<void>;
  /** Takes one of the page's `StopAddresses`, if it has no memory to share. */
  hearStopAt(what: Stoppable, address: string): Promise<void>;

  /**
   * Opens the page's own model; stored parts are not fetched again. Resolves when it can answer, with the adapter that was
   * kept for it.
   */
  openShipped(told: (loading: Loading, facts: ModelFacts | undefined) => void): Promise<ModelView>;
  /** Inspects a visitor's own files: one GGUF, or config.json, tokenizer.json and safetensors. Only the header is read. */
  inspect(files: readonly File[]): Promise<ModelFacts>;
  openFiles(
    files: readonly File[],
    told: (loading: Loading, facts: ModelFacts | undefined) => void,
  ): Promise<ModelView>;
  pauseLoading(): Promise<void>;
  resumeLoading(): Promise<void>;
  stored(): Promise<Stored>;
  deleteStored(): Promise<void>;

  describe(rows: readonly Row[], shape: RowShape): Promise<readonly RowView[]>;
  see(row: Row, shape: RowShape): Promise<readonly SeenToken[]>;

  /** Estimates the seconds that a lesson takes here, from two steps that are measured and undone. */
  estimate(lesson: Lesson): Promise<number>;
  /** Teaches a new adapter; the previous one stays until then. The lesson saves itself, so that `resume` can continue it. */
  teach(lesson: Lesson, told: (report: TeachReport) => void): Promise<TeachOutcome>;
  /**
   * Continues the lesson that diverged last, at another rate: from its last good values and their step, or from its beginning
   * if it has none.
   */
  teachOn(learningRate: number, told: (report: TeachReport) => void): Promise<TeachOutcome>;
  /** Continues a lesson that a closed tab left unfinished. */
  resume(told: (report: TeachReport) => void): Promise<TeachOutcome>;
  /** The lesson that can be continued. */
  unfinished(): Promise<
    { readonly step: number; readonly steps: number; readonly lesson: Lesson } | undefined
  >;
  forgetUnfinished(): Promise<void>;
  pauseTeaching(): Promise<void>;
  goOnTeaching(): Promise<void>;
  /**
   * Stops the lesson; resolves when the last step is over.
   * @param keep  `best`: keeps the values that did best on the held-out rows, if any
   */
  stopTeaching(keep?: 'best'): Promise<void>;
  /** Skips the measurements after the steps. */
  skipMeasuring(): Promise<void>;

  /** @param told  the text so far */
  ask(question: Question, told: (text: string) => void): Promise<Answer>;
  stopAsking(): Promise<void>;

  adapter(): Promise<AdapterInfo | undefined>;
  /** Removes the adapter, also the kept one. */
  removeAdapter(): Promise<void>;
  /** PEFT's files, by name. */
  adapterFiles(): Promise<Map<string, Uint8Array>>;
  loadAdapter(files: ReadonlyMap<string, Uint8Array>): Promise<AdapterInfo>;
  adapterGguf(): Promise<Uint8Array>;
  /** The kept adapters, also those of other models. */
  keptAdapters(): Promise<readonly KeptAdapter[]>;
  /** Deletes a kept adapter; one in use stays in use. */
  deleteKeptAdapter(base: string): Promise<void>;
}
