/** The lines of the panels that are put together from numbers. */
import { describe, expect, it } from 'vitest';
import type { TeachReport } from '../../../web/language/api.js';
import { systemIn } from '../../../web/language/examples/systemIn.js';
import { answersTo } from '../../../web/language/ui/probes/answersTo.js';
import { stopText } from '../../../web/language/ui/probes/words.js';
import { numberBytes, sizeOf, taughtWords } from '../../../web/language/ui/take/words.js';
import { announcement, estimateSentence, runningLine } from '../../../web/language/ui/teach/words.js';
import { endingOf } from '../../../web/language/ui/try/speed.js';

const report: TeachReport = {
  ...{ step: 23, steps: 60, secondsLeft: 41.3, tokensPerSecond: 131.4, losses: [], heldOut: [], probes: [] },
  isMeasuring: false,
};
const told = (change: Partial<TeachReport> = {}) => ({ latest: { ...report, ...change } });

describe('a lesson that runs', () => {
  it.each([
    [told(), false, 'Step 23 of 60, 41 s left, 131 tok/s'],
    [told({ secondsLeft: undefined }), false, 'Step 23 of 60, 131 tok/s'],
    [told(), true, 'Paused at step 23 of 60.'],
    [{ latest: undefined }, true, 'Paused at the beginning.'],
    [told({ step: 0 }), false, 'First the model answers untaught, then it learns …'],
    [told({ isMeasuring: true }), false, 'The steps are done. Measuring what it forgot …'],
  ])('%o, paused: %s', (course, isPaused, said) =>
    expect(runningLine(course, { isPaused, isStopping: false })).toBe(said),
  );

  it('says that it stops until it has', () => {
    const stopping = { isPaused: true, isStopping: true };
    expect(runningLine(told(), stopping)).toBe('Stopping at step 23 of 60 …');
    expect(runningLine(told({ isMeasuring: true }), stopping)).toBe('Stopping at step 23 of 60 …');
    expect(announcement(told(), true)).toBe('Stopping …');
    expect(announcement(told({ isMeasuring: true }), false)).toMatch(/^The steps are done/);
  });

  it('is announced at each quarter', () => {
    const said = Array.from({ length: 61 }, (_, step) => announcement(told({ step }), false));
    expect([...new Set(said)]).toEqual([
      'The lesson begins.',
      ...[25, 50, 75, 100].map((percent) => `${percent} % of the lesson is done.`),
    ]);
  });
});

it.each([
  [{ seconds: 52, isOwn: false, lastLayers: undefined }, 'About 50 s on this device.'],
  [{ seconds: undefined, isOwn: false, lastLayers: undefined }, 'The time is measured when you start.'],
  [{ seconds: 52, isOwn: true, lastLayers: undefined }, 'Your own settings: about 50 s on this device.'],
  [
    { seconds: 370, isOwn: false, lastLayers: 8 },
    'About 6 min on this device. Only the last 8 layers are taught. Keep the screen on.',
  ],
  [
    { seconds: 170, isOwn: false, lastLayers: 8, insteadOf: 400 },
    'About 3 min on this device. All layers would take about 7 min, so only the last 8 layers are taught.',
  ],
])('the estimate of %o', (guess, said) => expect(estimateSentence(guess)).toBe(said));

it.each([
  [{ tokens: 31, seconds: 2.07, end: 'end' }, '2.1 s, 15 tok/s'],
  [{ tokens: 3, seconds: 2, end: 'length' }, '2.0 s, 1.5 tok/s, cut at the limit'],
  [{ tokens: 0, seconds: 0, end: 'stopped' }, '0.0 s, stopped'],
] as const)('an answer of %o', (answer, said) => expect(endingOf({ text: '', ...answer })).toBe(said));

it('an adapter says what it was taught, where that is known', () => {
  const taught = { rows: 24, steps: 60, seconds: 58.4 };
  expect(taughtWords({ ...taught, seed: 3 })).toBe('Taught 24 examples in 60 steps (58 s, seed 3).');
  expect(taughtWords(taught)).toBe('Taught 24 examples in 60 steps (58 s).');
  expect(taughtWords({ rows: 0, steps: 0, seconds: 0 })).toBe('It was taught elsewhere.');
  expect(sizeOf(numberBytes({ trainable: 2_442_240 }))).toBe('9.8 MB. ');
});

it('sizes are given in a suitable unit, and a stop with its step', () => {
  expect([undefined, 12, 3140, 4_884_480].map(sizeOf)).toEqual(['', '1 kB. ', '3 kB. ', '4.9 MB. ']);
  expect(stopText(40, 60)).toBe('step 40 of 60');
  expect(stopText(40, 0)).toBe('step 40 of 40');
});

it('answers stand with the question that was asked, whatever was written since', () => {
  const stops = [{ step: 0, answers: ['one', 'two'] }];
  const answers = (prompts: string[], asked: string[]) => answersTo(prompts, asked, stops)[0].answers;
  expect(answers(['a', 'b'], ['a', 'b'])).toEqual(['one', 'two']);
  expect(answers(['a', 'c'], ['a', 'b'])).toEqual(['one', undefined]);
  // An empty question is not asked, and has no answer.
  expect(answers(['', 'b'], ['', 'b'])).toEqual([undefined, 'one']);
});

it('the system prompt of a template is found in what the model sees', () => {
  const token = (text: string) => ({ text, isTrained: false, isSpecial: text.startsWith('<|') });
  const seen = (...texts: string[]) => systemIn(texts.map(token));
  expect(seen('<|im_start|>', 'system', '\nBe', ' kind', '<|im_end|>', '\n', '<|im_start|>', 'user')).toBe(
    'Be kind',
  );
  expect(seen('<|im_start|>', 'user', '\nsystem', '<|im_end|>')).toBeUndefined();
  expect(seen('system\n')).toBeUndefined();
});
