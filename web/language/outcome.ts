/** The outcome of a lesson, in words. */
import { count, integer } from '../format.js';
import type { TeachOutcome } from './api.js';
import { duration } from './duration.js';

/** `Taught in 60 steps, 58 s. 2,442,240 new numbers; the model's own were not touched.` */
export function outcomeSentence(outcome: TeachOutcome): string {
  const { steps, of, end, kept, seconds, trainable } = outcome;
  const numbers = `${integer(trainable)} new numbers; the model's own were not touched.`;
  if (kept === 0) {
    return end === 'diverged'
      ? 'It diverged at once, and nothing was learned: try a smaller rate.'
      : 'You stopped it before it learned anything.';
  }
  if (end === 'diverged')
    return `It diverged at step ${steps} of ${of}. The last good step, ${kept}, was kept.`;
  const best = kept < steps ? ` The best step, ${kept}, was kept.` : '';
  const went =
    end === 'stopped' ? `Stopped at step ${steps} of ${of}, after` : `Taught in ${count(steps, 'step')},`;
  return `${went} ${duration(seconds)}.${best} ${numbers}`;
}

/** What it forgot, by the loss on a fixed general text. */
export function forgotSentence([before, after]: NonNullable<TeachOutcome['general']>): string {
  const change = after / before - 1;
  const said = signed(change);
  if (change < 0.005) return `It forgot nothing that this test can see (${said}).`;
  if (change <= 0.05) return `It forgot little (${said}).`;
  if (change <= 0.15) return `It forgot some of what it knew (${said}).`;
  return `It forgot much of what it knew (${said}): fewer steps or a smaller rate forget less.`;
}

/** What it learned, by the loss on held-out examples. */
export function learnedSentence([before, after]: readonly [before: number, after: number]): string {
  const change = after / before - 1;
  const losses = `${loss(before)} before, ${loss(after)} after`;
  if (change <= -0.3) return `It answers examples it never saw much better (loss ${losses}).`;
  if (change <= -0.03) return `It answers examples it never saw better (loss ${losses}).`;
  if (change < 0.03) return `It answers examples it never saw about as well as before (loss ${losses}).`;
  return `It answers examples it never saw worse (loss ${losses}): it learned yours by heart.`;
}

/** `+2 %`, `−3 %`, `±0 %`. */
function signed(fraction: number): string {
  const percent = Math.round(100 * fraction);
  if (percent === 0) return '±0 %';
  return `${percent > 0 ? '+' : '−'}${Math.abs(percent)} %`;
}

const loss = (value: number) => value.toFixed(2);
