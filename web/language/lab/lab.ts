/** Everything that computes on the language-model page. It lives in the worker and knows nothing of the page. */
import type { Backend } from 'lowrank';
import type { LlamaForCausalLM } from 'lowrank/text';
import type {
  AdapterInfo,
  Answer,
  KeptAdapter,
  LanguageLab,
  Lesson,
  ModelFacts,
  ModelView,
  Question,
  Row,
  RowShape,
  RowView,
  SeenToken,
  Stored,
  TeachOutcome,
  TeachReport,
} from '../api.js';
import { HeardAddresses } from '../stopAddresses.js';
import { StopFlags, type Stoppable } from '../stopFlags.js';
import type { AdapterStore } from './adapterStore.js';
import { Asking, answer, setStrength } from './asking.js';
import { rowView, seenTokens } from './describe.js';
import { AdapterInUse } from './inUse.js';
import type { LessonStore } from './keeping.js';
import { Lessons } from './lessons.js';
import type { OnLoading } from './loading.js';
import { Models } from './models.js';
import { said } from './said.js';
import type { Sources } from './sources.js';
import { Texts } from './texts.js';

export interface LabParts {
  readonly openDevice: () => Promise<Backend>;
  readonly sources: Sources;
  /** Store for lessons. */
  readonly store: LessonStore;
  readonly adapters: AdapterStore;
}

export class Lab implements LanguageLab {
  readonly #sources: Sources;
  readonly #models: Models;
  readonly #lessons: Lessons;
  readonly #asking = new Asking();
  readonly #texts = new Texts();
  readonly #adapter: AdapterInUse;
  #flags = new StopFlags();
  readonly #addresses = new HeardAddresses();

  constructor({ openDevice, sources, store, adapters }: LabParts) {
    this.#sources = sources;
    this.#models = new Models({ openDevice, sources, change: (change) => this.#changeModel(change) });
    this.#adapter = new AdapterInUse({ models: this.#models, texts: this.#texts, store: adapters });
    this.#lessons = new Lessons({
      models: this.#models,
      asking: this.#asking,
      store,
      isRaised: (what) => this.#isRaised(what),
      // The lesson's own first change of a model waits for this.
      onBegin: () => void this.#asking.alone(() => this.#texts.forget()),
      use: (adapted) => this.#asking.alone(() => this.#adapter.use(adapted)),
    });
  }

  async hearStops(memory: Int32Array): Promise<void> {
    this.#flags = new StopFlags(memory);
  }

  async hearStopAt(what: Stoppable, address: string): Promise<void> {
    this.#addresses.hear(what, address);
  }

  openShipped(told: OnLoading): Promise<ModelView> {
    return this.#open(() => this.#models.openShipped(told));
  }

  inspect(files: readonly File[]): Promise<ModelFacts> {
    return said(() => this.#sources.inspect(files));
  }

  openFiles(files: readonly File[], told: OnLoading): Promise<ModelView> {
    return this.#open(() => this.#models.openFiles(files, told));
  }

  async pauseLoading(): Promise<void> {
    this.#models.pause();
  }

  async resumeLoading(): Promise<void> {
    this.#models.resume();
  }

  stored(): Promise<Stored> {
    return said(() => this.#sources.stored());
  }

  deleteStored(): Promise<void> {
    return said(() => this.#sources.deleteStored());
  }

  describe(rows: readonly Row[], shape: RowShape): Promise<readonly RowView[]> {
    return said(() => rows.map((row) => rowView(this.#models.tokenizer, row, shape)));
  }

  see(row: Row, shape: RowShape): Promise<readonly SeenToken[]> {
    return said(() => seenTokens(this.#models.tokenizer, row, shape));
  }

  estimate(lesson: Lesson): Promise<number> {
    return said(() => this.#lessons.estimate(lesson));
  }

  teach(lesson: Lesson, told: (report: TeachReport) => void): Promise<TeachOutcome> {
    return said(() => this.#lessons.teach(lesson, told));
  }

  teachOn(learningRate: number, told: (report: TeachReport) => void): Promise<TeachOutcome> {
    return said(() => this.#lessons.teachOn(learningRate, told));
  }

  resume(told: (report: TeachReport) => void): Promise<TeachOutcome> {
    return said(() => this.#lessons.resume(told));
  }

  unfinished(): ReturnType<LanguageLab['unfinished']> {
    return said(() => this.#lessons.unfinished());
  }

  forgetUnfinished(): Promise<void> {
    return said(() => this.#lessons.forgetUnfinished());
  }

  async pauseTeaching(): Promise<void> {
    this.#lessons.pause();
  }

  async goOnTeaching(): Promise<void> {
    this.#lessons.goOn();
  }

  stopTeaching(keep?: 'best'): Promise<void> {
    return this.#lessons.stop(keep);
  }

  async skipMeasuring(): Promise<void> {
    this.#lessons.skipMeasuring();
  }

  ask(question: Question, told: (text: string) => void): Promise<Answer> {
    return said(() => {
      const { tokenizer, base } = this.#models.ready;
      const { strength } = question;
      const { current } = this.#adapter;
      const adapted = strength === 0 ? undefined : (current ?? this.#learner(strength));
      const model = adapted?.model ?? base;
      // The answer would have to wait for the estimate, which nobody waits for.
      void this.#lessons.endEstimate();
      const isLearner = adapted !== undefined && adapted !== current;
      const answering = async (signal: AbortSignal) => {
        if (current && adapted === current) setStrength(current.adapter, strength);
        const cache = isLearner ? undefined : this.#texts.of(model, strength);
        try {
          return await answer({ model, tokenizer, cache }, question, { told, signal });
        } finally {
          this.#texts.trim(model);
        }
      };
      return this.#asking.run(model, answering, () => this.#isRaised('asking'));
    });
  }

  async stopAsking(): Promise<void> {
    this.#asking.stop();
  }

  async adapter(): Promise<AdapterInfo | undefined> {
    return this.#adapter.info;
  }

  removeAdapter(): Promise<void> {
    return said(() => this.#asking.alone(() => this.#adapter.remove()));
  }

  adapterFiles(): Promise<Map<string, Uint8Array>> {
    return said(() => this.#adapter.files());
  }

  loadAdapter(files: ReadonlyMap<string, Uint8Array>): Promise<AdapterInfo> {
    return said(async () => {
      this.#lessons.refuseWhileTeaching();
      await this.#lessons.endEstimate();
      return this.#asking.alone(() => this.#adapter.load(files));
    });
  }

  adapterGguf(): Promise<Uint8Array> {
    return said(() => this.#adapter.gguf());
  }

  keptAdapters(): Promise<readonly KeptAdapter[]> {
    return said(() => this.#adapter.list());
  }

  deleteKeptAdapter(base: string): Promise<void> {
    return said(() => this.#adapter.deleteKept(base));
  }

  /** Bytes on the device: after a lesson the same as before it, plus its adapter. */
  memory() {
    return this.#models.memory();
  }

  /** Opens a model with the adapter that was kept for it. */
  #open(load: () => Promise<ModelView>): Promise<ModelView> {
    return said(async () => {
      this.#lessons.refuseWhileTeaching();
      const view = await load();
      const problem = await this.#asking.alone(() => this.#adapter.restore());
      return problem === undefined ? view : { ...view, notes: [...view.notes, problem] };
    });
  }

  async #changeModel(change: () => void): Promise<void> {
    await this.#lessons.endEstimate();
    this.#asking.stop();
    await this.#asking.alone(() => {
      this.#adapter.close();
      this.#lessons.forgetDiverged();
      this.#texts.forget();
      change();
    });
  }

  #isRaised(what: Stoppable): boolean {
    return this.#flags.isRaised(what) || this.#addresses.isRaised(what);
  }

  /** The adapter in training, which answers if there is no other. */
  #learner(strength: number): { readonly model: LlamaForCausalLM } {
    const { model } = this.#lessons;
    if (!model) throw new Error('There is no adapter yet: teach one first.');
    if (strength === 1) return { model };
    throw new Error('During a lesson, the adapter answers only at 100 %.');
  }
}
