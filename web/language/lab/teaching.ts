/** Runs a lesson, from its rows to its adapter. */
import { NonFiniteError } from 'lowrank';
import { evaluateLanguageModel } from 'lowrank/text';
import type { Lesson, TeachOutcome, TeachReport } from '../api.js';
import type { Asking } from './asking.js';
import type { Adapted } from './exporting.js';
import { Gate } from './gate.js';
import type { LessonState, LessonStore } from './keeping.js';
import { type LessonStart, LessonSteps, type StepsOutcome } from './lesson.js';
import type { OpenedModel } from './opened.js';
import { generalLoss, generalLossOfBase } from './outcome.js';
import { type LessonSetup, setUp } from './setup.js';
import type { Stop } from './stop.js';

export interface TeachingOptions {
  readonly opened: OpenedModel;
  readonly lesson: Lesson;
  /** State from which it continues after its tab was closed. */
  readonly from?: LessonState | undefined;
  /** State from which it continues after it diverged. */
  readonly start?: LessonStart | undefined;
  readonly told: (report: TeachReport) => void;
  readonly store: LessonStore;
  readonly asking: Asking;
  /** Ends the steps. */
  readonly stop: Stop;
  /** Ends the measurements after them. */
  readonly skip: Stop;
}

export interface Taught {
  readonly outcome: TeachOutcome;
  /** Undefined if nothing was learned. */
  readonly adapted: Adapted | undefined;
  /** State from which it can continue with a smaller rate, if it diverged after it had learned something. */
  readonly start?: LessonStart | undefined;
}

/** Pause in which messages can arrive and leave. */
const ANSWER_MS = 20;

/** Result of a lesson that was stopped before its first step. */
const NOTHING: Taught = {
  outcome: { end: 'stopped', steps: 0, of: 0, kept: 0, seconds: 0, trainable: 0 },
  adapted: undefined,
};

export class Teaching {
  readonly gate = new Gate();
  readonly #options: TeachingOptions;
  #setup: LessonSetup | undefined;
  #wantsBest = false;
  #stepsOver = () => {};
  readonly #steps = new Promise<void>((resolve) => {
    this.#stepsOver = resolve;
  });

  constructor(options: TeachingOptions) {
    this.#options = options;
  }

  /** The model in training; undefined before the lesson has set it up. */
  get model(): OpenedModel['base'] | undefined {
    return this.#setup?.model;
  }

  /** Stops it; resolves when the last step is over, before the measurements. */
  async end(keep?: 'best'): Promise<void> {
    this.#wantsBest ||= keep === 'best';
    this.#options.stop.now();
    await this.#steps;
  }

  /** Skips the measurements after the steps. */
  skipMeasuring(): void {
    this.#options.skip.now();
  }

  async run(): Promise<Taught> {
    const { store, asking, from } = this.#options;
    try {
      // The state of another lesson no longer fits. If nothing can be kept, the first report says so.
      if (!from) await store.clear().catch(() => {});
      const setup = await this.#begin();
      if (!setup) return NOTHING;
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

  /** Waits for the current answers, then sets up. @returns undefined if it is stopped meanwhile */
  async #begin(): Promise<LessonSetup | undefined> {
    const { opened, lesson, asking, stop } = this.#options;
    const { signal } = stop;
    const stopped = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const begun = asking.alone(() => (signal.aborted ? undefined : setUp(opened, lesson, signal)));
    const setup = await Promise.race([begun, stopped]);
    if (!setup) void begun.then((late) => late && asking.alone(() => this.#discard(late))).catch(() => {});
    return setup;
  }

  async #teach(setup: LessonSetup): Promise<Taught> {
    const { asking, stop, lesson } = this.#options;
    const { model, adapter, optimizer, taught } = setup;
    let ended: StepsOutcome;
    try {
      ended = await new LessonSteps({
        ...this.#options,
        setup,
        gate: this.gate,
        signal: stop.signal,
        wantsBest: () => this.#wantsBest,
      }).run();
    } finally {
      optimizer.dispose();
      this.#stepsOver();
    }
    // The call that stopped it gets its answer before the next long computation.
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    const { start, ...steps } = ended;
    const trainable = setup.parameters.reduce((sum, { length }) => sum + length, 0);
    const general = steps.kept === 0 ? 'lost' : await this.#general(model);
    const outcome = { ...steps, of: setup.steps, trainable, heldOut: undefined };
    if (general !== 'lost') {
      const { seed, trainsPrompts } = lesson.settings;
      const about = {
        ...{ steps: steps.kept, seconds: steps.seconds, rows: taught.length },
        ...{ seed, trainsPrompts },
      };
      const heldOut = await this.#heldOut(setup, steps.heldOut);
      return { outcome: { ...outcome, heldOut, general }, adapted: { model, adapter, about }, start };
    }
    await asking.alone(() => this.#discard(setup));
    const end = steps.kept > 0 ? 'diverged' : steps.end;
    return { outcome: { ...outcome, end, kept: 0 }, adapted: undefined };
  }

  /** Measures forgetting. @returns undefined if skipped; `lost` if the last step spoiled the values unnoticed */
  async #general(model: OpenedModel['base']): Promise<TeachOutcome['general'] | 'lost'> {
    const { opened, skip } = this.#options;
    try {
      const before = await generalLossOfBase(opened, skip.signal);
      return [before, await generalLoss(opened, model, skip.signal)];
    } catch (error) {
      if (skip.signal.aborted) return undefined;
      if (error instanceof NonFiniteError) return 'lost';
      throw error;
    }
  }

  /** Measures kept values that lie between two measurements, as after a stop. @returns undefined if skipped */
  async #heldOut(
    { model, heldOut }: LessonSetup,
    measured: StepsOutcome['heldOut'],
  ): Promise<TeachOutcome['heldOut']> {
    if (!measured) return undefined;
    const [before, after] = measured;
    if (after !== undefined) return [before, after];
    const { opened, skip } = this.#options;
    const { signal } = skip;
    if (signal.aborted) return undefined;
    const examples = heldOut.map(({ example }) => example);
    try {
      const { loss } = await evaluateLanguageModel(model, opened.tokenizer, examples, { signal });
      return [before, loss];
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  #discard({ model }: LessonSetup): void {
    this.#setup = undefined;
    this.#options.opened.takeBack(model, 'an adapter');
  }
}
