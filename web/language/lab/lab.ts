/** Everything that computes on the language-model page. It lives in the worker and knows nothing of the page. */
import type { Backend } from 'lowrank';
import type { Tokenizer } from 'lowrank/text';
import type {
  AdapterInfo,
  Answer,
  LanguageLab,
  Lesson,
  Loading,
  ModelFacts,
  ModelView,
  Question,
  Row,
  RowView,
  SeenToken,
  Stored,
  TeachOutcome,
  TeachReport,
} from '../api.js';
import { StopFlags, type Stoppable } from '../stopFlags.js';
import { Asking, answer, setStrength } from './asking.js';
import { checksumOf } from './checksum.js';
import { rowView, seenTokens } from './describe.js';
import { estimateSeconds } from './estimate.js';
import { type Adapted, ggufFile, infoOf, peftFiles, readPeft } from './exporting.js';
import { keptLesson, type LessonStore } from './keeping.js';
import { loadModel, type ModelToLoad, type OnLoading } from './loading.js';
import type { OpenedModel } from './opened.js';
import { said } from './said.js';
import { loadShipped } from './shipped.js';
import type { ShippedModel, Sources } from './sources.js';
import { Stop } from './stop.js';
import { Teaching, type TeachingOptions } from './teaching.js';
import { Texts } from './texts.js';

export interface LabParts {
  readonly openDevice: () => Promise<Backend>;
  readonly sources: Sources;
  /** Store for lessons. */
  readonly store: LessonStore;
}

export class Lab implements LanguageLab {
  readonly #parts: LabParts;
  #device: Promise<Backend> | undefined;
  #tokenizer: Tokenizer | undefined;
  #opened: OpenedModel | undefined;
  /** The base's repository at Hugging Face, if known. */
  #repository: string | undefined;
  #adapted: Adapted | undefined;
  #shipped: ShippedModel | undefined;
  #isLoading = false;
  #teaching: Teaching | undefined;
  #estimate: { readonly stop: Stop; readonly done: Promise<unknown> } | undefined;
  #flags = new StopFlags();
  /** The last lesson, if it diverged. */
  #diverged: Pick<TeachingOptions, 'lesson' | 'start'> | undefined;
  readonly #asking = new Asking();
  readonly #texts = new Texts();

  constructor(parts: LabParts) {
    this.#parts = parts;
  }

  async hearStops(memory: Int32Array): Promise<void> {
    this.#flags = new StopFlags(memory);
  }

  openShipped(told: OnLoading): Promise<ModelView> {
    return this.#loading(async () => {
      try {
        return await loadShipped({
          told,
          sources: this.#parts.sources,
          onBegin: (shipped) => {
            this.#shipped = shipped;
          },
          onTokenizer: (tokenizer) => {
            this.#tokenizer = tokenizer;
          },
          open: (...model) => this.#open(...model),
        });
      } finally {
        this.#shipped = undefined;
      }
    });
  }

  inspect(files: readonly File[]): Promise<ModelFacts> {
    return said(() => this.#parts.sources.inspect(files));
  }

  openFiles(files: readonly File[], told: OnLoading): Promise<ModelView> {
    return this.#loading(async () => {
      const { sources } = this.#parts;
      const facts = await sources.inspect(files);
      const weights = files.filter(({ name }) => /\.(gguf|safetensors)$/.test(name));
      const base = () => checksumOf(new Blob(weights.sort((a, b) => (a.name < b.name ? -1 : 1))));
      const model = { place: sources.placeOf(files), facts, base };
      return this.#open(model, (loading) => told(loading, facts), undefined).catch((error: unknown) => {
        throw new Error(sources.refusal(error, files), { cause: error });
      });
    });
  }

  async pauseLoading(): Promise<void> {
    this.#shipped?.pause();
  }

  async resumeLoading(): Promise<void> {
    this.#shipped?.resume();
  }

  stored(): Promise<Stored> {
    return said(() => this.#parts.sources.stored());
  }

  deleteStored(): Promise<void> {
    return said(() => this.#parts.sources.deleteStored());
  }

  describe(rows: readonly Row[], system: string | undefined, maxLength: number): Promise<readonly RowView[]> {
    return said(() => rows.map((row) => rowView(this.#withTokenizer(), row, { system, maxLength })));
  }

  see(row: Row, system: string | undefined, maxLength: number): Promise<readonly SeenToken[]> {
    return said(() => seenTokens(this.#withTokenizer(), row, { system, maxLength }));
  }

  estimate(lesson: Lesson): Promise<number> {
    return said(async () => {
      this.#refuseWhileTeaching();
      await this.#endEstimate();
      const stop = this.#stop('estimate');
      const done = this.#asking.alone(() => estimateSeconds(this.#ready(), lesson, stop.signal));
      this.#estimate = { stop, done };
      return done;
    });
  }

  teach(lesson: Lesson, told: (report: TeachReport) => void): Promise<TeachOutcome> {
    return said(async () => {
      this.#refuseWhileTeaching();
      return this.#teach({ lesson, told });
    });
  }

  teachOn(learningRate: number, told: (report: TeachReport) => void): Promise<TeachOutcome> {
    return said(async () => {
      this.#refuseWhileTeaching();
      if (!this.#diverged) throw new Error('There is no lesson that diverged.');
      const { lesson, start } = this.#diverged;
      return this.#teach({
        lesson: { ...lesson, settings: { ...lesson.settings, learningRate } },
        start,
        told,
      });
    });
  }

  resume(told: (report: TeachReport) => void): Promise<TeachOutcome> {
    return said(async () => {
      this.#refuseWhileTeaching();
      const kept = await keptLesson(this.#parts.store);
      if (!kept) throw new Error('There is no lesson to continue.');
      if (kept.base !== this.#ready().view.base) throw new Error('That lesson belongs to another model.');
      return this.#teach({ lesson: kept.lesson, from: kept, told });
    });
  }

  unfinished(): ReturnType<LanguageLab['unfinished']> {
    return said(async () => {
      // If the browser keeps nothing, there is nothing to continue.
      const kept = this.#teaching ? undefined : await keptLesson(this.#parts.store).catch(() => undefined);
      const base = this.#opened?.view.base ?? kept?.base;
      if (!kept || kept.base !== base) return undefined;
      const { step, steps, lesson } = kept;
      return { step, steps, lesson };
    });
  }

  forgetUnfinished(): Promise<void> {
    return said(async () => {
      if (!this.#teaching) await this.#parts.store.clear();
    });
  }

  async pauseTeaching(): Promise<void> {
    this.#teaching?.gate.close();
  }

  async goOnTeaching(): Promise<void> {
    this.#teaching?.gate.open();
  }

  async stopTeaching(keep?: 'best'): Promise<void> {
    await this.#teaching?.end(keep);
  }

  async skipMeasuring(): Promise<void> {
    this.#teaching?.skipMeasuring();
  }

  ask(question: Question, told: (text: string) => void): Promise<Answer> {
    return said(() => {
      const { tokenizer, base } = this.#ready();
      const { strength } = question;
      const adapted = strength === 0 ? undefined : (this.#adapted ?? this.#learner(strength));
      const model = adapted?.model ?? base;
      // The answer would have to wait for the estimate, which nobody waits for.
      void this.#endEstimate();
      const isLearner = adapted !== undefined && adapted !== this.#adapted;
      const answering = async (signal: AbortSignal) => {
        if (this.#adapted && adapted === this.#adapted) setStrength(this.#adapted.adapter, strength);
        const cache = isLearner ? undefined : this.#texts.of(model, strength);
        try {
          return await answer({ model, tokenizer, cache }, question, { told, signal });
        } finally {
          this.#texts.trim(model);
        }
      };
      return this.#asking.run(model, answering, () => this.#flags.isRaised('asking'));
    });
  }

  async stopAsking(): Promise<void> {
    this.#asking.stop();
  }

  async adapter(): Promise<AdapterInfo | undefined> {
    return this.#adapted && infoOf(this.#adapted);
  }

  removeAdapter(): Promise<void> {
    return said(() => this.#asking.alone(() => this.#replace(undefined)));
  }

  adapterFiles(): Promise<Map<string, Uint8Array>> {
    return said(() => peftFiles(this.#withAdapter(), this.#ready(), this.#repository));
  }

  loadAdapter(files: ReadonlyMap<string, Uint8Array>): Promise<AdapterInfo> {
    return said(async () => {
      this.#refuseWhileTeaching();
      await this.#endEstimate();
      return this.#asking.alone(async () => {
        const { note, ...adapted } = await readPeft(this.#ready(), files);
        this.#replace(adapted);
        return { ...infoOf(adapted), ...(note === undefined ? {} : { note }) };
      });
    });
  }

  adapterGguf(): Promise<Uint8Array> {
    return said(() => ggufFile(this.#withAdapter()));
  }

  /** Bytes on the device: after a lesson the same as before it, plus its adapter. */
  async memory() {
    return (await this.#device)?.memory();
  }

  async #teach(what: Pick<TeachingOptions, 'lesson' | 'from' | 'start' | 'told'>): Promise<TeachOutcome> {
    const teaching = new Teaching({
      ...what,
      opened: this.#ready(),
      store: this.#parts.store,
      asking: this.#asking,
      stop: this.#stop('teaching'),
      skip: this.#stop('measuring'),
    });
    this.#teaching = teaching;
    try {
      await this.#endEstimate();
      this.#diverged = undefined;
      // The lesson requires the memory; its own first change of a model waits for this.
      void this.#asking.alone(() => this.#texts.forget());
      const { outcome, adapted, start } = await teaching.run();
      if (outcome.end === 'diverged') this.#diverged = { lesson: what.lesson, start };
      if (adapted) await this.#asking.alone(() => this.#replace(adapted));
      return outcome;
    } finally {
      this.#teaching = undefined;
    }
  }

  /** Loads one model at a time; the previous one stays if that fails. */
  #loading<T>(load: () => Promise<T>): Promise<T> {
    return said(async () => {
      this.#refuseWhileTeaching();
      if (this.#isLoading) throw new Error('A model is already loading.');
      this.#isLoading = true;
      // Opening takes a moment, while files are read; the code that uses the device reports a failure.
      this.#openDevice().catch(() => {});
      try {
        return await load();
      } finally {
        this.#isLoading = false;
      }
    });
  }

  async #open(
    model: ModelToLoad,
    told: (loading: Loading) => void,
    repository: string | undefined,
  ): Promise<ModelView> {
    const opened = await loadModel(await this.#openDevice(), model, told);
    await this.#endEstimate();
    this.#asking.stop();
    return this.#asking.alone(() => {
      this.#replace(undefined);
      this.#diverged = undefined;
      this.#texts.forget();
      this.#opened?.dispose();
      this.#opened = opened;
      this.#tokenizer = opened.tokenizer;
      this.#repository = repository;
      return opened.view;
    });
  }

  #openDevice(): Promise<Backend> {
    this.#device ??= this.#parts.openDevice();
    return this.#device;
  }

  #replace(adapted: Adapted | undefined): void {
    if (this.#adapted) {
      this.#texts.forget(this.#adapted.model);
      this.#opened?.takeBack(this.#adapted.model, 'an adapter');
    }
    this.#adapted = adapted;
  }

  async #endEstimate(): Promise<void> {
    const estimate = this.#estimate;
    this.#estimate = undefined;
    estimate?.stop.now(new Error('The estimate was given up for something else.'));
    await estimate?.done.catch(() => {});
  }

  #stop(what: Stoppable): Stop {
    return new Stop(() => this.#flags.isRaised(what));
  }

  /** The adapter in training, which answers if there is no other. */
  #learner(strength: number): Pick<Adapted, 'model'> {
    const model = this.#teaching?.model;
    if (!model) throw new Error('There is no adapter yet: teach one first.');
    if (strength === 1) return { model };
    throw new Error('During a lesson, the adapter answers only at 100 %.');
  }

  #refuseWhileTeaching(): void {
    if (this.#teaching) throw new Error('A lesson is running: stop it first.');
  }

  #withTokenizer(): Tokenizer {
    if (this.#tokenizer) return this.#tokenizer;
    throw new Error('The model is not here yet.');
  }

  #ready(): OpenedModel {
    if (this.#opened) return this.#opened;
    throw new Error('The model is not here yet.');
  }

  #withAdapter(): Adapted {
    if (this.#adapted) return this.#adapted;
    throw new Error('There is no adapter yet: teach one first.');
  }
}
