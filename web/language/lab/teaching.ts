/** A lesson from its rows to its adapter. */
import type { Lesson, TeachOutcome, TeachReport } from '../api.js';
import type { Asking } from './asking.js';
import type { Adapted } from './exporting.js';
import { Gate } from './gate.js';
import type { LessonState, LessonStore } from './keeping.js';
import { LessonSteps, type StepsOutcome } from './lesson.js';
import type { OpenedModel } from './opened.js';
import { generalLoss, generalLossOfBase, isNotFinite } from './outcome.js';
import { type LessonSetup, setUp } from './setup.js';

export interface TeachingOptions {
  readonly opened: OpenedModel;
  readonly lesson: Lesson;
  /** Where it goes on. */
  readonly from: LessonState | undefined;
  readonly told: (report: TeachReport) => void;
  readonly store: LessonStore;
  readonly asking: Asking;
}

export interface Taught {
  readonly outcome: TeachOutcome;
  /** Nothing where nothing was learned. */
  readonly adapted: Adapted | undefined;
}

export class Teaching {
  readonly gate = new Gate();
  readonly #options: TeachingOptions;
  readonly #stop = new AbortController();
  #setup: LessonSetup | undefined;
  #stepsOver = () => {};
  readonly #steps = new Promise<void>((resolve) => {
    this.#stepsOver = resolve;
  });

  constructor(options: TeachingOptions) {
    this.#options = options;
  }

  /** What is being taught; undefined while it is not there yet. */
  get model(): OpenedModel['base'] | undefined {
    return this.#setup?.model;
  }

  /** Stops it; resolves when the last step is over, before it is measured what was forgotten. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#steps;
  }

  async run(): Promise<Taught> {
    const { opened, lesson, store, asking, from } = this.#options;
    try {
      // Another lesson's state would fit no longer. Where nothing can be kept that is told with the first report.
      if (!from) await store.clear().catch(() => {});
      const setup = await asking.alone(() => setUp(opened, lesson));
      this.#setup = setup;
      const taught = await this.#teach(setup).catch(async (error: unknown) => {
        await asking.alone(() => this.#discard(setup));
        throw error;
      });
      await store.clear().catch(() => {});
      return taught;
    } finally {
      this.#stepsOver();
    }
  }

  async #teach(setup: LessonSetup): Promise<Taught> {
    const { opened, asking } = this.#options;
    const { model, adapter, optimizer, taught } = setup;
    let steps: StepsOutcome;
    try {
      steps = await new LessonSteps({
        ...this.#options,
        setup,
        gate: this.gate,
        signal: this.#stop.signal,
      }).run();
    } finally {
      optimizer.dispose();
      this.#stepsOver();
    }
    const trainable = setup.parameters.reduce((sum, { length }) => sum + length, 0);
    const before = await generalLossOfBase(opened);
    const after = steps.kept === 0 ? before : await finiteLoss(opened, model);
    const outcome = { ...steps, of: setup.steps, trainable };
    if (steps.kept > 0 && after !== undefined) {
      const about = { steps: steps.kept, seconds: steps.seconds, rows: taught.length };
      return { outcome: { ...outcome, general: [before, after] }, adapted: { model, adapter, about } };
    }
    await asking.alone(() => this.#discard(setup));
    const end = after === undefined ? 'diverged' : steps.end;
    return { outcome: { ...outcome, end, kept: 0, general: [before, before] }, adapted: undefined };
  }

  #discard({ model }: LessonSetup): void {
    this.#setup = undefined;
    this.#options.opened.takeBack(model, 'an adapter');
  }
}

/** Undefined where the last step has spoiled the values, which no loss has seen since. */
async function finiteLoss(opened: OpenedModel, model: OpenedModel['base']): Promise<number | undefined> {
  try {
    return await generalLoss(opened, model);
  } catch (error) {
    if (isNotFinite(error)) return undefined;
    throw error;
  }
}
