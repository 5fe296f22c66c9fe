/** The lessons of the lab: one runs at a time, and may be stopped, continued, or estimated first. */
import type { LanguageLab, Lesson, TeachOutcome, TeachReport } from '../api.js';
import type { Stoppable } from '../stopFlags.js';
import type { Asking } from './asking.js';
import { estimateSeconds } from './estimate.js';
import type { Adapted } from './exporting.js';
import { keptLesson, type LessonStore } from './keeping.js';
import type { Models } from './models.js';
import { Stop } from './stop.js';
import { Teaching, type TeachingOptions } from './teaching.js';

type Told = (report: TeachReport) => void;

export interface LessonsParts {
  readonly models: Models;
  readonly asking: Asking;
  /** Store for lessons. */
  readonly store: LessonStore;
  /** Whether the page asks this to stop. */
  readonly isRaised: (what: Stoppable) => boolean;
  /** Called when a lesson begins: it requires the memory. */
  readonly onBegin: () => void;
  /** Takes the adapter of a lesson into use. */
  readonly use: (adapted: Adapted) => Promise<void>;
}

export class Lessons {
  readonly #parts: LessonsParts;
  #teaching: Teaching | undefined;
  #estimate: { readonly stop: Stop; readonly done: Promise<unknown> } | undefined;
  /** The last lesson, if it diverged. */
  #diverged: Pick<TeachingOptions, 'lesson' | 'start'> | undefined;

  constructor(parts: LessonsParts) {
    this.#parts = parts;
  }

  /** The model in training; undefined if there is none. */
  get model(): Teaching['model'] {
    return this.#teaching?.model;
  }

  /** @throws Error while a lesson runs */
  refuseWhileTeaching(): void {
    if (this.#teaching) throw new Error('A lesson is running: stop it first.');
  }

  async estimate(lesson: Lesson): Promise<number> {
    this.refuseWhileTeaching();
    await this.endEstimate();
    const { asking, models } = this.#parts;
    const stop = this.#stop('estimate');
    const done = asking.alone(() => estimateSeconds(models.ready, lesson, stop.signal));
    this.#estimate = { stop, done };
    return done;
  }

  /** Gives up a running estimate. */
  async endEstimate(): Promise<void> {
    const estimate = this.#estimate;
    this.#estimate = undefined;
    estimate?.stop.now(new Error('The estimate was given up for something else.'));
    await estimate?.done.catch(() => {});
  }

  async teach(lesson: Lesson, told: Told): Promise<TeachOutcome> {
    this.refuseWhileTeaching();
    return this.#teach({ lesson, told });
  }

  async teachOn(learningRate: number, told: Told): Promise<TeachOutcome> {
    this.refuseWhileTeaching();
    if (!this.#diverged) throw new Error('There is no lesson that diverged.');
    const { lesson, start } = this.#diverged;
    return this.#teach({
      lesson: { ...lesson, settings: { ...lesson.settings, learningRate } },
      start,
      told,
    });
  }

  async resume(told: Told): Promise<TeachOutcome> {
    this.refuseWhileTeaching();
    const { store, models } = this.#parts;
    const kept = await keptLesson(store);
    if (!kept) throw new Error('There is no lesson to continue.');
    if (kept.base !== models.ready.view.base) throw new Error('That lesson belongs to another model.');
    return this.#teach({ lesson: kept.lesson, from: kept, told });
  }

  async unfinished(): ReturnType<LanguageLab['unfinished']> {
    const { store, models } = this.#parts;
    // If the browser keeps nothing, there is nothing to continue.
    const kept = this.#teaching ? undefined : await keptLesson(store).catch(() => undefined);
    const base = models.current?.view.base ?? kept?.base;
    if (!kept || kept.base !== base) return undefined;
    const { step, steps, lesson } = kept;
    return { step, steps, lesson };
  }

  async forgetUnfinished(): Promise<void> {
    if (!this.#teaching) await this.#parts.store.clear();
  }

  /** Forgets the lesson that diverged, which belongs to the model that was in use. */
  forgetDiverged(): void {
    this.#diverged = undefined;
  }

  pause(): void {
    this.#teaching?.gate.close();
  }

  goOn(): void {
    this.#teaching?.gate.open();
  }

  async stop(keep?: 'best'): Promise<void> {
    await this.#teaching?.end(keep);
  }

  skipMeasuring(): void {
    this.#teaching?.skipMeasuring();
  }

  async #teach(what: Pick<TeachingOptions, 'lesson' | 'from' | 'start' | 'told'>): Promise<TeachOutcome> {
    const { models, store, asking, onBegin, use } = this.#parts;
    const teaching = new Teaching({
      ...what,
      ...{ opened: models.ready, store, asking },
      stop: this.#stop('teaching'),
      skip: this.#stop('measuring'),
    });
    this.#teaching = teaching;
    try {
      await this.endEstimate();
      this.#diverged = undefined;
      onBegin();
      const { outcome, adapted, start } = await teaching.run();
      if (outcome.end === 'diverged') this.#diverged = { lesson: what.lesson, start };
      if (adapted) await use(adapted);
      return outcome;
    } finally {
      this.#teaching = undefined;
    }
  }

  #stop(what: Stoppable): Stop {
    return new Stop(() => this.#parts.isRaised(what));
  }
}
