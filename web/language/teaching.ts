/** Lessons: how long they would take, how they go, and what comes of them. */
import { effect } from '@preact/signals';
import { reasonOf, say } from '../work.js';
import type { Lesson, TeachOutcome, TeachReport } from './api.js';
import { ask, askReporting } from './client.js';
import { NO_COURSE, withReport } from './curve.js';
import { EFFORTS, settingsOf, stepsOf } from './efforts.js';
import {
  adapter,
  course,
  estimates,
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
/** After a lesson that diverged. */
const SMALLER_RATE = 1e-4;

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
  course.value = withReport(course.value, now);
}

async function run(lesson: () => Promise<TeachOutcome>): Promise<void> {
  if (isTeaching.value || obstacle.value !== undefined) return;
  isTeaching.value = true;
  isPaused.value = false;
  course.value = NO_COURSE;
  outcome.value = undefined;
  unfinished.value = undefined;
  const title = document.title;
  const shown = effect(() => {
    const { step, steps } = course.value.latest ?? { step: 0, steps: 1 };
    document.title = `${Math.round((100 * step) / steps)} % · lowrank`;
  });
  const awake = await wakeLock();
  try {
    outcome.value = await lesson();
    adapter.value = await ask((lab) => lab.adapter());
  } catch (error) {
    say('error', reasonOf(error));
  } finally {
    shown();
    document.title = title;
    isTeaching.value = false;
    void awake?.release();
  }
}

/** A screen that goes dark would end a lesson on a phone; where the browser has no lock, or refuses it, it may. */
async function wakeLock(): Promise<WakeLockSentinel | undefined> {
  try {
    return await navigator.wakeLock.request('screen');
  } catch {
    return undefined;
  }
}

export const stop = (): Promise<void> => ask((lab) => lab.stopTeaching());

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

export function teachWithSmallerRate(): Promise<void> {
  ownSettings.value = { ...settings.value, learningRate: SMALLER_RATE };
  return teach();
}

export const settingsKey = (): string => JSON.stringify(settings.value);

/** Measures how long a lesson takes here, once a model and examples are there and nothing else goes on. */
export function watchEstimates(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const lesson = lessonNow();
    const key = settingsKey();
    clearTimeout(timer);
    if (obstacle.value !== undefined || isTeaching.value || !model.value || estimates.value.has(key)) return;
    timer = setTimeout(() => void measure(lesson, key), PAUSE_MS);
  });
}

async function measure(lesson: Lesson, key: string): Promise<void> {
  try {
    const seconds = await ask((lab) => lab.estimate(lesson));
    const rows = lesson.rows.length;
    const perStep = seconds / Math.max(1, stepsOf(rows, lesson.settings));
    const others = EFFORTS.map((effort) => {
      const made = settingsOf(effort, rows);
      return [JSON.stringify(made), perStep * stepsOf(rows, made)] as const;
    });
    estimates.value = new Map([...others, [key, seconds]]);
  } catch {
    // A lesson that begins meanwhile ends the measuring; how long it takes is then seen as it goes.
  }
}
