/** The steps of a lesson, and what happens between them: copies, held-out rows, probes, pauses. */
import { fit, type LoraFactors, Module, NonFiniteError } from 'lowrank';
import { evaluateLanguageModel, type PackedBatch, PackedRows, tokenLoss } from 'lowrank/text';
import type { Lesson, TeachOutcome, TeachReport } from '../api.js';
import { type Copy, copyOf, putBack, Watch } from './copies.js';
import type { Gate } from './gate.js';
import { Keeping, keptBest, type LessonState, type LessonStore, type Told } from './keeping.js';
import type { OpenedModel } from './opened.js';
import { Probes } from './probes.js';
import { Reports } from './reports.js';
import type { LessonSetup } from './setup.js';

export interface LessonRun {
  readonly opened: OpenedModel;
  readonly lesson: Lesson;
  readonly setup: LessonSetup;
  readonly store: LessonStore;
  readonly told: (report: TeachReport) => void;
  readonly signal: AbortSignal;
  readonly gate: Gate;
  /** Whether a stopped lesson should keep the best values. */
  readonly wantsBest: () => boolean;
  /** State from which it continues after its tab was closed. */
  readonly from?: LessonState | undefined;
  /** State from which it continues after it diverged. */
  readonly start?: LessonStart | undefined;
}

/** The last good values of a lesson that diverged, and its reports up to then. */
export interface LessonStart extends Told {
  readonly step: number;
  readonly good: Copy;
  readonly best: Copy | undefined;
}

export interface StepsOutcome extends Pick<TeachOutcome, 'end' | 'kept' | 'steps' | 'seconds'> {
  /** State from which it can continue; only after it diverged with something learned. */
  readonly start: LessonStart | undefined;
  /** Held-out loss of the base, and of the kept values if measured; undefined without held-out rows. */
  readonly heldOut: readonly [before: number, after: number | undefined] | undefined;
}

/** Ends `fit` with the values after the last whole step. */
class Ended extends Error {
  constructor(readonly end: 'stopped' | 'diverged') {
    super(end);
  }
}

/**
 * What a lesson trains, without the frozen weights: `fit` would read all of those, half a gigabyte once unpacked, to compare
 * them when a lesson continues. The model's checksum does the same job.
 */
class Trained extends Module {
  constructor(readonly factors: ReadonlyMap<string, LoraFactors>) {
    super();
  }
}

/** Share of the steps during which the rate rises. */
const WARMUP = 0.1;
/** Longest gradient; longer ones are clipped. */
const CLIP = 1;
/** Number of measurements in a row without a better loss that count as memorising. */
const MEMORISES = 2;
/** Result for `fit` that makes all measurements equal: this file decides which values are kept. */
const NO_LOSS = { loss: 0 };

export class LessonSteps {
  readonly #run: LessonRun;
  readonly #reports: Reports;
  readonly #keeping: Keeping;
  readonly #probes: Probes;
  readonly #watch: Watch;
  #best: Copy | undefined;
  #bestLoss = Number.POSITIVE_INFINITY;
  #notBetter = 0;
  #isLost = false;
  /** Tokens of the rows in the current step. */
  #tokens = 0;
  /** Number of steps before this training run. */
  readonly #offset: number;
  /** The values from which a kept lesson continues. */
  #restored: Promise<Copy> | undefined;

  constructor(run: LessonRun) {
    this.#run = run;
    const { setup, lesson, opened, store, told, from, start, signal } = run;
    this.#offset = from ? (from.offset ?? 0) : (start?.step ?? 0);
    const before = from ?? start;
    this.#reports = new Reports(setup.steps, told, before);
    this.#keeping = new Keeping(store, () => ({ state: this.#state, best: this.#best }), signal);
    const { tokenizer } = opened;
    this.#probes = new Probes({
      model: setup.model,
      tokenizer,
      system: lesson.system,
      prompts: lesson.probes,
    });
    this.#watch = new Watch(before?.losses[0]?.[1]);
    for (const [step, loss] of before?.heldOut ?? []) this.#compare(step, loss);
  }

  /** @throws DeviceError if a step does not fit into memory */
  async run(): Promise<StepsOutcome> {
    const { setup, store, from, start } = this.#run;
    const { parameters } = setup;
    if (start) putBack(parameters, start.good);
    this.#best = from ? await keptBest(store, from.best, parameters) : start?.best;
    // The values of a kept lesson are restored with its first step.
    if (!from) this.#watch.good = await copyOf(parameters, this.#reports.step);
    const end = await this.#steps();
    this.#keeping.end();
    this.#watch.good ??= await this.#restored;
    if (end === 'diverged') this.#reports.warning = 'diverged';
    const kept = this.#putBackKept(end);
    const { heldOut, seconds, step } = this.#reports;
    const before = heldOut[0]?.[1];
    const after = heldOut.find(([at]) => at === kept)?.[1];
    this.#reports.send(true);
    return {
      ...{ end, kept, steps: step, seconds: seconds + (from?.seconds ?? 0) },
      heldOut: before === undefined ? undefined : [before, after],
      start: end === 'diverged' && kept > 0 ? this.#startAt(kept) : undefined,
    };
  }

  #startAt(step: number): LessonStart | undefined {
    const { losses, heldOut, probes } = this.#reports;
    const { good } = this.#watch;
    const upTo = (points: Told['losses']) => points.filter(([at]) => at <= step);
    return (
      good && {
        ...{ step, good, losses: upTo(losses), heldOut: upTo(heldOut) },
        probes: probes.filter((stop) => stop.step <= step),
        best: this.#best && this.#best.step <= step ? this.#best : undefined,
      }
    );
  }

  #putBackKept(end: TeachOutcome['end']): number {
    const { setup, wantsBest } = this.#run;
    const { parameters } = setup;
    const isAtBest = end === 'stopped' && (wantsBest() || this.#notBetter >= MEMORISES);
    const copy = end === 'diverged' ? this.#watch.good : isAtBest ? this.#best : undefined;
    if (!copy) return this.#reports.step;
    putBack(parameters, copy);
    return copy.step;
  }

  async #steps(): Promise<TeachOutcome['end']> {
    const { setup, lesson, opened, signal, from, start } = this.#run;
    const { model, rows, optimizer, heldOut } = setup;
    const { epochs, seed } = lesson.settings;
    const keeping = this.#keeping;
    const steps = setup.steps - this.#offset;
    const measured = (heldOut.length > 0 ? heldOut : setup.taught).map(({ example }) => example);
    try {
      if (from || start) this.#reports.send();
      else await this.#before();
      if (signal.aborted) return 'stopped';
      this.#reports.beginSteps();
      const { stopped } = await fit<Trained, PackedBatch>(new Trained(setup.adapter.factors), rows, {
        ...{ optimizer, epochs, limit: steps, seed, clipNorm: CLIP, signal },
        schedule: { kind: 'cosine', warmup: Math.floor(WARMUP * steps) },
        loss: (_, batch) => this.#loss(batch),
        // The one place between two steps that `fit` waits for.
        validation: {
          data: new PackedRows(opened.device, measured, { window: model.config.slidingWindow }),
          every: 1,
          measure: () => this.#between(),
        },
        checkpoint: {
          dir: keeping,
          get every() {
            return keeping.every;
          },
          // Nobody would continue from it.
          atEnd: false,
          resume: from !== undefined,
          settings: { base: opened.view.base },
        },
        onStep: ({ iteration, loss }) => this.#step(this.#offset + iteration, loss),
      });
      return stopped ? this.#stopped : 'finished';
    } catch (error) {
      if (error instanceof Ended) return error.end;
      if (error instanceof NonFiniteError) return 'diverged';
      if (signal.aborted) return this.#stopped;
      throw error;
    }
  }

  /** How the steps ended: a signal after the last step ends only the questions and measurements there. */
  get #stopped(): 'stopped' | 'finished' {
    return this.#reports.step === this.#run.setup.steps ? 'finished' : 'stopped';
  }

  /** Asks the base the probes, and measures it on the held-out rows. */
  async #before(): Promise<void> {
    this.#reports.send();
    await this.#probe();
    if (this.#run.setup.heldOut.length > 0) await this.#measure();
    this.#reports.send();
    await this.#pause();
  }

  async #pause(): Promise<void> {
    const paused = performance.now();
    await this.#run.gate.passed(this.#run.signal);
    this.#reports.addPause(performance.now() - paused);
  }

  #loss(batch: PackedBatch) {
    const { from, setup } = this.#run;
    if (from) this.#restored ??= copyOf(setup.parameters, from.step);
    for (const i of batch.examples) this.#tokens += setup.taught[i].example.ids.length;
    return tokenLoss(setup.model, batch);
  }

  #step(step: number, loss: number): void {
    this.#reports.addStep(step, loss, this.#tokens);
    this.#tokens = 0;
    this.#isLost ||= this.#watch.after(step, loss);
    this.#reports.sendIfDue();
  }

  async #between() {
    if (this.#isLost) throw new Ended('diverged');
    const { setup, signal } = this.#run;
    const { step } = this.#reports;
    const isLast = step === setup.steps;
    if (signal.aborted && !isLast) throw new Ended('stopped');
    if (this.#watch.lacksValues) {
      this.#watch.offer(await copyOf(setup.parameters, step, this.#watch.takeSpare()));
    }
    if (setup.heldOut.length > 0 && (step % setup.stepsPerPass === 0 || isLast)) await this.#measure();
    if (isLast || this.#probes.isDue) await this.#probe();
    this.#reports.notice = this.#keeping.failure;
    this.#reports.sendIfDue();
    if (!isLast) await this.#pause();
    if (signal.aborted && !isLast) throw new Ended('stopped');
    return NO_LOSS;
  }

  async #measure(): Promise<void> {
    const { setup, opened, signal } = this.#run;
    const { step } = this.#reports;
    const examples = setup.heldOut.map(({ example }) => example);
    const { loss } = await evaluateLanguageModel(setup.model, opened.tokenizer, examples, { signal });
    this.#reports.heldOut.push([step, loss]);
    if (this.#compare(step, loss)) this.#best = await copyOf(setup.parameters, step);
    this.#reports.warning = this.#notBetter >= MEMORISES ? 'memorises' : undefined;
    this.#reports.send();
  }

  /** @returns whether it is the best loss so far, not counting the base */
  #compare(step: number, loss: number): boolean {
    const isBetter = step > 0 && loss < this.#bestLoss;
    if (isBetter) this.#bestLoss = loss;
    this.#notBetter = isBetter || step === 0 ? 0 : this.#notBetter + 1;
    return isBetter;
  }

  async #probe(): Promise<void> {
    const stop = await this.#probes.ask(this.#reports.step, this.#run.signal);
    if (!stop) return;
    this.#reports.probes.push(stop);
    this.#reports.send();
  }

  get #state(): LessonState {
    const { lesson, opened, setup, from } = this.#run;
    const { losses, heldOut, probes, step, seconds } = this.#reports;
    const { base } = opened.view;
    return {
      ...{ lesson, base, step, steps: setup.steps, losses, heldOut, probes },
      seconds: seconds + (from?.seconds ?? 0),
      best: this.#best?.step,
      offset: this.#offset,
    };
  }
}
