/** What the page and its worker say to each other: plain objects, which messages carry. */

/** One example of what to say. */
export interface Row {
  /** Stays with the row while it is edited. */
  readonly id: string;
  readonly prompt: string;
  readonly answer: string;
}

/** Where the model is on its way. */
export type Loading =
  | {
      readonly stage: 'downloading';
      readonly done: number;
      readonly total: number;
      readonly bytesPerSecond: number;
      /** It goes on by itself where the network comes back, and when it is told to where a person paused it. */
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
  /** Memory needed for the weights and a training of rows of 256 tokens. */
  readonly neededBytes: number;
  readonly contextLength: number;
  /** The tokenizer and template are there: examples can be counted and shown. */
  readonly hasTokenizer: boolean;
}

export interface ModelView extends ModelFacts {
  readonly layers: number;
  /** What its loader wants known. */
  readonly notes: readonly string[];
  /** A checksum of its weights, which adapters name. */
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
  /** Nothing survives the tab where it is memory, and `reason` says why, as a sentence. */
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
  /** Longer than a row may be: it is cut, or left out where nothing of the answer is left. */
  readonly isCut: boolean;
  /** As a sentence, where it cannot be taught. */
  readonly problem?: string | undefined;
}

export interface TeachSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly learningRate: number;
  readonly epochs: number;
  /** Rows of a step. */
  readonly batch: number;
  readonly maxLength: number;
  readonly seed: number;
  /** Fraction of the rows that are held out; none where there are fewer than 20. */
  readonly heldOut: number;
  /** Only the last blocks, where that is set. */
  readonly lastLayers?: number | undefined;
  /** Blocks are computed again in the backward pass, which needs less memory. */
  readonly isMemoryTight: boolean;
}

export interface Lesson {
  readonly rows: readonly Row[];
  readonly system?: string | undefined;
  readonly settings: TeachSettings;
  /** Asked at the beginning and about every ten seconds, at most 15 % of the time. */
  readonly probes: readonly string[];
}

/** The answers at a step: a stop of the scrubber. */
export interface ProbeStop {
  readonly step: number;
  readonly answers: readonly string[];
}

/** How a lesson goes. */
export interface TeachReport {
  readonly step: number;
  readonly steps: number;
  readonly secondsLeft: number | undefined;
  readonly tokensPerSecond: number;
  /** Since the last report: trained loss by step. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
  /** Since the last report: loss of the held-out rows by step; step 0 is the base. */
  readonly heldOut: readonly (readonly [step: number, loss: number])[];
  readonly probes: readonly ProbeStop[];
  /** What it wants said: it begins to memorise, or it diverged. */
  readonly warning?: 'memorises' | 'diverged' | undefined;
  /** What else is to be said, as a sentence: that the lesson cannot be kept. */
  readonly notice?: string | undefined;
  /** The steps are over, stopped or not; what was forgotten is being measured. */
  readonly isMeasuring: boolean;
}

export interface TeachOutcome {
  readonly steps: number;
  readonly of: number;
  readonly end: 'finished' | 'stopped' | 'diverged';
  /**
   * The step whose values were kept: the last; the last good one where it diverged; the best one on the held-out rows where it
   * was stopped after it began to memorise. 0 where nothing was learned: the adapter of before is there then.
   */
  readonly kept: number;
  readonly seconds: number;
  readonly trainable: number;
  /** Loss of a fixed general text, before and after; undefined where measuring it was skipped. */
  readonly general?: readonly [before: number, after: number] | undefined;
  readonly heldOut?: readonly [before: number, after: number] | undefined;
}

export interface Question {
  /** The conversation so far, the person's last words at its end. */
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
  /** A sentence on one that was loaded, where nobody can say whether it is of this model. */
  readonly note?: string;
}

/** The worker. Every method throws an Error whose message is one sentence for a person. */
export interface LanguageLab {
  /** Takes the memory of the page's `StopFlags`. */
  hearStops(memory: Int32Array): Promise<void>;

  /** The page's own model: what is stored is not fetched again. Resolves when it can answer. */
  openShipped(told: (loading: Loading, facts: ModelFacts | undefined) => void): Promise<ModelView>;
  /** A person's own files: one GGUF, or config.json, tokenizer.json and safetensors. Only the header is read. */
  inspect(files: readonly File[]): Promise<ModelFacts>;
  openFiles(
    files: readonly File[],
    told: (loading: Loading, facts: ModelFacts | undefined) => void,
  ): Promise<ModelView>;
  pauseLoading(): Promise<void>;
  resumeLoading(): Promise<void>;
  stored(): Promise<Stored>;
  deleteStored(): Promise<void>;

  describe(rows: readonly Row[], system: string | undefined, maxLength: number): Promise<readonly RowView[]>;
  see(row: Row, system: string | undefined, maxLength: number): Promise<readonly SeenToken[]>;

  /** Seconds that a lesson takes here, from two steps that are measured and undone. */
  estimate(lesson: Lesson): Promise<number>;
  /** Teaches a new adapter; the one there was stays until it is done. It saves itself so that `resume` can go on. */
  teach(lesson: Lesson, told: (report: TeachReport) => void): Promise<TeachOutcome>;
  /**
   * Goes on with the lesson that diverged last, at another rate: from its last good values and their step, or from its beginning
   * where it has none.
   */
  teachOn(learningRate: number, told: (report: TeachReport) => void): Promise<TeachOutcome>;
  /** Goes on with a lesson that a closed tab left unfinished. */
  resume(told: (report: TeachReport) => void): Promise<TeachOutcome>;
  /** The lesson that can be gone on with. */
  unfinished(): Promise<
    { readonly step: number; readonly steps: number; readonly lesson: Lesson } | undefined
  >;
  forgetUnfinished(): Promise<void>;
  pauseTeaching(): Promise<void>;
  goOnTeaching(): Promise<void>;
  /**
   * Resolves when the last step is over.
   * @param keep  `best`: the values that did best on the held-out rows, where there are such
   */
  stopTeaching(keep?: 'best'): Promise<void>;
  /** Skips what is measured when the steps are over. */
  skipMeasuring(): Promise<void>;

  /** @param told  the text so far */
  ask(question: Question, told: (text: string) => void): Promise<Answer>;
  stopAsking(): Promise<void>;

  adapter(): Promise<AdapterInfo | undefined>;
  removeAdapter(): Promise<void>;
  /** PEFT's files, by name. */
  adapterFiles(): Promise<Map<string, Uint8Array>>;
  loadAdapter(files: ReadonlyMap<string, Uint8Array>): Promise<AdapterInfo>;
  adapterGguf(): Promise<Uint8Array>;
}
