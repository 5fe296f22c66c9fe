/** Lessons: how long they would take, how they go, and what comes of them. */
import { effect, signal } from '@preact/signals';
import { reasonOf, say } from '../work.js';
import type { Lesson, TeachOutcome, TeachReport } from './api.js';
import { ask, askReporting, flags } from './client.js';
import { NO_COURSE, withReport } from './curve.js';
import { EFFORTS, FEWER_LAYERS, LONG_SECONDS, settingsOf, smallerRate, stepsOf } from './efforts.js';
import {
  adapter,
  course,
  estimates,
  fewerLayers,
  isPaused,
  isTeaching,
  model,
  obstacle,
  outcome,
  ownSettings,
  probes,
  settings,
  system,
  taughtRows,
  unfinished,
} from './state.js';

/** After the last change, before a lesson is measured. */
const PAUSE_MS = 1500;
/** Whether it was said to stop, and has not ended yet. */
export const isStopping = signal(false);

const lessonNow = (): Lesson => ({
  rows: taughtRows.value,
  system: system.value,
  settings: settings.value,
  probes: probes.value.filter((probe) => probe.trim() !== ''),
});

export const teach = (): Promise<void> => {
  const lesson = lessonNow();
  return run(() => askReporting((lab, told) => lab.teach(lesson, told), report));
};

export const resume = (): Promise<void> => run(() => askReporting((lab, told) => lab.resume(told), report));

function report(now: TeachReport): void {
  // The steps are over: what follows is stopped by itself.
  if (now.isMeasuring && !course.value.latest?.isMeasuring) isStopping.value = false;
  course.value = withReport(course.value, now);
}

async function run(lesson: () => Promise<TeachOutcome>): Promise<void> {
  if (isTeaching.value || obstacle.value !== undefined) return;
  isTeaching.value = true;
  isPaused.value = false;
  isStopping.value = false;
  flags.lower('teaching', 'measuring');
  // The worker is to begin with this, and not to measure first how long it would take.
  flags.raise('estimate');
  course.value = NO_COURSE;
  outcome.value = undefined;
  unfinished.value = undefined;
  const title = document.title;
  const shown = effect(() => {
    const { step, steps } = course.value.latest ?? { step: 0, steps: 1 };
    document.title = `${Math.round((100 * step) / steps)} % · lowrank`;
  });
  const awake = keepAwake();
  try {
    outcome.value = await lesson();
    adapter.value = await ask((lab) => lab.adapter());
  } catch (error) {
    say('error', reasonOf(error));
  } finally {
    shown();
    document.title = title;
    isTeaching.value = false;
    isStopping.value = false;
    awake.release();
  }
}

/**
 * A screen that goes dark would end a lesson on a phone; where the browser has no lock, or refuses it, it may. A tab that was out of
 * sight has lost its lock.
 */
function keepAwake(): { readonly release: () => void } {
  const over = new AbortController();
  const lock = async () => {
    if (document.visibilityState !== 'visible') return;
    const lost = () => undefined;
    const held = await navigator.wakeLock?.request('screen').catch(lost);
    if (over.signal.aborted) void held?.release();
    else over.signal.addEventListener('abort', () => void held?.release(), { once: true });
  };
  void lock();
  document.addEventListener('visibilitychange', () => void lock(), { signal: over.signal });
  return { release: () => over.abort() };
}

/** @param keep  `best`: the values that did best on the held-out rows */
export async function stop(keep?: 'best'): Promise<void> {
  isStopping.value = true;
  flags.raise('teaching');
  await ask((lab) => lab.stopTeaching(keep));
}

/** Ends what is measured when the steps are over. */
export async function skipMeasuring(): Promise<void> {
  isStopping.value = true;
  flags.raise('measuring');
  await ask((lab) => lab.skipMeasuring());
}

export async function pause(): Promise<void> {
  isPaused.value = true;
  await ask((lab) => lab.pauseTeaching());
}

export async function goOn(): Promise<void> {
  isPaused.value = false;
  await ask((lab) => lab.goOnTeaching());
}

export async function forgetUnfinished(): Promise<void> {
  unfinished.value = undefined;
  await ask((lab) => lab.forgetUnfinished());
}

/** Goes on from the last good values of the lesson that diverged. */
export function teachWithSmallerRate(): Promise<void> {
  const learningRate = smallerRate(settings.value.learningRate);
  ownSettings.value = { ...settings.value, learningRate };
  return run(() => askReporting((lab, told) => lab.teachOn(learningRate, told), report));
}

export const settingsKey = (): string => JSON.stringify(settings.value);

/** Counts the measurements that were given up for an answer. */
const givenUp = signal(0);

/** Measures how long a lesson takes here, once a model and examples are there and nothing else goes on. */
export function watchEstimates(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const lesson = lessonNow();
    const key = settingsKey();
    void givenUp.value;
    clearTimeout(timer);
    if (obstacle.value !== undefined || isTeaching.value || !model.value || estimates.value.has(key)) return;
    timer = setTimeout(() => void measure(lesson, key), PAUSE_MS);
  });
}

/** Whether a person wants all layers, however long that takes. */
let wantsAllLayers = false;

export function teachAllLayers(): void {
  wantsAllLayers = true;
  fewerLayers.value = undefined;
}

/** Where all layers would take long, and nobody has chosen, fewer are taught: how long that takes is measured next. */
function chooseLayers({ settings: measured }: Lesson, seconds: number): void {
  const isChosen = wantsAllLayers || ownSettings.peek() || measured.lastLayers !== undefined;
  if (!isChosen && seconds > LONG_SECONDS)
    fewerLayers.value = { lastLayers: FEWER_LAYERS, insteadOf: seconds };
}

async function measure(lesson: Lesson, key: string): Promise<void> {
  try {
    flags.lower('estimate');
    const seconds = await ask((lab) => lab.estimate(lesson));
    const rows = lesson.rows.length;
    const { lastLayers } = lesson.settings;
    const perStep = seconds / Math.max(1, stepsOf(rows, lesson.settings));
    const others = EFFORTS.map((effort) => {
      const made = settingsOf(effort, rows, { lastLayers });
      return [JSON.stringify(made), perStep * stepsOf(rows, made)] as const;
    });
    estimates.value = new Map([...others, [key, seconds]]);
    chooseLayers(lesson, seconds);
  } catch {
    // A lesson that begins meanwhile ends the measuring; how long it takes is then seen as it goes.
    if (flags.isRaised('estimate') && !isTeaching.value) givenUp.value += 1;
  }
}
