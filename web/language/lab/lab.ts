/** Everything that computes on the language-model page. It lives in the worker and knows nothing of the page. */
import type { Backend } from 'lowrank';
import type {
  AdapterInfo,
  Answer,
  LanguageLab,
  Lesson,
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
import { StopFlags } from '../stopFlags.js';
import { Asking, answer, setStrength } from './asking.js';
import { rowView, seenTokens } from './describe.js';
import { type Adapted, ggufFile, infoOf, peftFiles, readPeft } from './exporting.js';
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
}

export class Lab implements LanguageLab {
  readonly #sources: Sources;
  readonly #models: Models;
  readonly #lessons: Lessons;
  readonly #asking = new Asking();
  readonly #texts = new Texts();
  #adapted: Adapted | undefined;
  #flags = new StopFlags();

  constructor({ openDevice, sources, store }: LabParts) {
    this.#sources = sources;
    this.#models = new Models({ openDevice, sources, change: (change) => this.#changeModel(change) });
    this.#lessons = new Lessons({
      models: this.#models,
      asking: this.#asking,
      store,
      isRaised: (what) => this.#flags.isRaised(what),
      // The lesson's own first change of a model waits for this.
      onBegin: () => void this.#asking.alone(() => this.#texts.forget()),
      use: (adapted) => this.#asking.alone(() => this.#replace(adapted)),
    });
  }

  async hearStops(memory: Int32Array): Promise<void> {
    this.#flags = new StopFlags(memory);
  }

  openShipped(told: OnLoading): Promise<ModelView> {
    return said(() => {
      this.#lessons.refuseWhileTeaching();
      return this.#models.openShipped(told);
    });
  }

  inspect(files: readonly File[]): Promise<ModelFacts> {
    return said(() => this.#sources.inspect(files));
  }

  openFiles(files: readonly File[], told: OnLoading): Promise<ModelView> {
    return said(() => {
      this.#lessons.refuseWhileTeaching();
      return this.#models.openFiles(files, told);
    });
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

  describe(rows: readonly Row[], system: string | undefined, maxLength: number): Promise<readonly RowView[]> {
    return said(() => rows.map((row) => rowView(this.#models.tokenizer, row, { system, maxLength })));
  }

  see(row: Row, system: string | undefined, maxLength: number): Promise<readonly SeenToken[]> {
    return said(() => seenTokens(this.#models.tokenizer, row, { system, maxLength }));
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
      const adapted = strength === 0 ? undefined : (this.#adapted ?? this.#learner(strength));
      const model = adapted?.model ?? base;
      // The answer would have to wait for the estimate, which nobody waits for.
      void this.#lessons.endEstimate();
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
    return said(() => peftFiles(this.#withAdapter(), this.#models.ready, this.#models.repository));
  }

  loadAdapter(files: ReadonlyMap<string, Uint8Array>): Promise<AdapterInfo> {
    return said(async () => {
      this.#lessons.refuseWhileTeaching();
      await this.#lessons.endEstimate();
      return this.#asking.alone(async () => {
        const { note, ...adapted } = await readPeft(this.#models.ready, files);
        this.#replace(adapted);
        return { ...infoOf(adapted), ...(note === undefined ? {} : { note }) };
      });
    });
  }

  adapterGguf(): Promise<Uint8Array> {
    return said(() => ggufFile(this.#withAdapter()));
  }

  /** Bytes on the device: after a lesson the same as before it, plus its adapter. */
  memory() {
    return this.#models.memory();
  }

  async #changeModel(change: () => void): Promise<void> {
    await this.#lessons.endEstimate();
    this.#asking.stop();
    await this.#asking.alone(() => {
      this.#replace(undefined);
      this.#lessons.forgetDiverged();
      this.#texts.forget();
      change();
    });
  }

  #replace(adapted: Adapted | undefined): void {
    if (this.#adapted) {
      this.#texts.forget(this.#adapted.model);
      this.#models.current?.takeBack(this.#adapted.model, 'an adapter');
    }
    this.#adapted = adapted;
  }

  /** The adapter in training, which answers if there is no other. */
  #learner(strength: number): Pick<Adapted, 'model'> {
    const { model } = this.#lessons;
    if (!model) throw new Error('There is no adapter yet: teach one first.');
    if (strength === 1) return { model };
    throw new Error('During a lesson, the adapter answers only at 100 %.');
  }

  #withAdapter(): Adapted {
    if (this.#adapted) return this.#adapted;
    throw new Error('There is no adapter yet: teach one first.');
  }
}
