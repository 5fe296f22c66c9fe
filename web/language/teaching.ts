/** Lessons: their estimates, their progress, and their outcomes. */
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
  sparesMemory,
  system,
  taughtRows,
  unfinished,
} from './state.js';

/** Wait after the last change before a lesson is measured. */
const PAUSE_MS = 1500;
/** Whether it was told to stop and has not ended yet. */
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
  // The steps are over; the measurements after them have their own stop.
  if (now.isMeasuring && !course.value.latest?.isMeasuring) isStopping.value = false;
  course.value = withReport(course.value, now);
}

async function run(lesson: () => Promise<TeachOutcome>): Promise<void> {
  if (isTeaching.value || obstacle.value !== undefined) return;
  isTeaching.value = true;
  isPaused.value = false;
  isStopping.value = false;
  flags.lower('teaching', 'measuring');
  // The worker should start this now, and not measure an estimate first.
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
 * Keeps the screen on, since a dark screen would end a lesson on a phone. Without a lock, or if it is refused, the screen may
 * go dark. A hidden tab loses its lock, and asks again when it is visible.
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

/** @param keep  `best`: keeps the values that did best on the held-out rows */
export async function stop(keep?: 'best'): Promise<void> {
  isStopping.value = true;
  flags.raise('teaching');
  await ask((lab) => lab.stopTeaching(keep));
}

/** Ends the measurements after the steps. */
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

/** Continues from the last good values of the lesson that diverged. */
export function teachWithSmallerRate(): Promise<void> {
  const learningRate = smallerRate(settings.value.learningRate);
  ownSettings.value = { ...settings.value, learningRate };
  return run(() => askReporting((lab, told) => lab.teachOn(learningRate, told), report));
}

export const settingsKey = (): string => JSON.stringify(settings.value);

/** Number of measurements that were abandoned for an answer. */
const givenUp = signal(0);

/** Measures how long a lesson takes here, once there are a model and examples and nothing else runs. */
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

/** Whether the visitor has chosen all layers, however long that takes. */
let wantsAllLayers = false;

export function teachAllLayers(): void {
  wantsAllLayers = true;
  fewerLayers.value = undefined;
}

/** Chooses fewer layers if all would take long and the visitor has not chosen; the next estimate measures that. */
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
      const made = settingsOf(effort, rows, { lastLayers, isMemoryTight: sparesMemory.value });
      return [JSON.stringify(made), perStep * stepsOf(rows, made)] as const;
    });
    estimates.value = new Map([...others, [key, seconds]]);
    chooseLayers(lesson, seconds);
  } catch {
    // A lesson that starts meanwhile ends the measurement, and then shows its own time.
    if (flags.isRaised('estimate') && !isTeaching.value) givenUp.value += 1;
  }
}
