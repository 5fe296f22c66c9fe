/**
 * How often the page's story works: of many people's digits, which does its network misread, and what does one tap change?
 * Prints tables in Markdown. It requires the page's base, build/web-assets/base.safetensors.
 */
import { readFile } from 'node:fs/promises';
import { parseModel, selectDevice } from '../../src/index.js';
import { Learner, type Reading, roundedToBytes } from './learner.js';
import { KINDS, type Kind } from './shapes.js';
import { allDrawings, baseAnswers, HANDS, type Lesson, Study, TEN, type Way } from './study.js';

const WAYS: readonly Way[] = [
  { replay: 0, hasShifts: false },
  { replay: 0.5, hasShifts: false },
  { replay: 0.75, hasShifts: false },
  { replay: 0.5, hasShifts: true },
  { replay: 0.75, hasShifts: true },
];
/** Minimum number of misread drawings of a kind for conclusions about teaching. */
const ENOUGH = 6;

const percent = (share: number) => `${Math.round(100 * share)} %`;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  console.log([line(head), line(rule), ...rows.map(line), ''].join('\n'));
}

function misreadRow({ name, label }: Kind, readings: readonly Reading[]): string[] {
  const wrong = readings.filter(({ digit }) => digit !== label);
  const sureOf = ({ probabilities }: Reading) => Math.max(...probabilities);
  const digits = [...new Set(wrong.map(({ digit }) => digit))];
  const groups = digits.map((digit) => {
    const group = wrong.filter((reading) => reading.digit === digit);
    const name = digit === undefined ? 'a tie' : String(digit);
    return { count: group.length, text: `${name}: ${group.length} (${percent(median(group.map(sureOf)))})` };
  });
  groups.sort((a, b) => b.count - a.count);
  const right = readings.filter(({ digit }) => digit === label);
  const sure = right.length > 0 ? percent(median(right.map(sureOf))) : '';
  return [name, `${wrong.length} of ${readings.length}`, groups.map(({ text }) => text).join(', '), sure];
}

/** Medians over lessons that each taught one drawing or one group of them, with the worst where there are several. */
function lessonRow(name: string, { replay, hasShifts }: Way, lessons: readonly Lesson[]): string[] {
  const sum = (of: (lesson: Lesson) => number) => lessons.reduce((total, lesson) => total + of(lesson), 0);
  const mid = (of: (lesson: Lesson) => number) => `${Math.round(median(lessons.map(of)) * 10) / 10}`;
  const worst = (value: number | string) => (lessons.length > 1 ? ` (${value})` : '');
  const probabilities = lessons.map(({ probability }) => probability);
  const [{ others, rival }] = lessons;
  const wrong = Math.max(...lessons.map(({ quick }) => quick.turnedWrong));
  return [
    name,
    percent(replay),
    hasShifts ? 'yes' : 'no',
    `${sum(({ learned }) => learned)} of ${sum(({ taught }) => taught)}`,
    percent(median(probabilities)) + worst(percent(Math.min(...probabilities))),
    `${mid((lesson) => lesson.others[0])} → ${mid((lesson) => lesson.others[1])} of ${others[2]}`,
    `${rival[0]} → ${mid((lesson) => lesson.rival[1])}${worst(Math.min(...lessons.map((lesson) => lesson.rival[1])))}`,
    mid(({ quick }) => quick.turnedWrong) + worst(wrong),
    mid(({ quick }) => quick.turnedRight),
  ];
}

const HEAD = [
  'kind',
  'old digits mixed in',
  'shifted copies',
  'learned',
  'probability, median (lowest)',
  "other people's read right",
  `rival read right, of ${HANDS} (fewest)`,
  'test images of 1,000 turned wrong (most)',
  'turned right',
];

async function lessonTables(study: Study, kinds: readonly Kind[]): Promise<void> {
  const [one, ten]: string[][][] = [[], []];
  for (const kind of kinds) {
    const hands = study.misread(kind);
    for (const way of WAYS) {
      const lessons: Lesson[] = [];
      for (const hand of hands) lessons.push(await study.lesson(kind, [hand], way));
      one.push(lessonRow(kind.name, way, lessons));
      const first = [...Array(TEN).keys()];
      ten.push(lessonRow(kind.name, way, [await study.lesson(kind, first, way)]));
    }
  }
  console.log('One misread drawing taught by one tap; medians over all that are misread\n');
  table(HEAD, one);
  console.log(
    `Drawings of the first ${TEN} people taught together; the probability is the lowest of the ${TEN}\n`,
  );
  table(HEAD, ten);
}

const { device } = await selectDevice({ prefer: 'wasm', threads: 1 });
const learner = await Learner.on(device);
const file = new URL('../../build/web-assets/base.safetensors', import.meta.url);
const trained = parseModel(await readFile(file), 'base.safetensors');
const drawings = allDrawings();
for (const [title, base] of [
  ['The base as it was trained', trained],
  ['The base with its weights rounded to bytes', roundedToBytes(trained)],
] as const) {
  const before = await baseAnswers(learner, base, drawings);
  const study = new Study(learner, base, drawings, before);
  const right = before.quick.filter(Boolean).length;
  console.log(`## ${title}: ${right} of ${before.quick.length} test images right\n`);
  const rows = KINDS.map((kind) => misreadRow(kind, before.readings.get(kind.name) ?? []));
  table(['kind', 'misread', 'as (median probability)', 'probability of those read right'], rows);
  await lessonTables(
    study,
    KINDS.filter((kind) => kind.name !== 'plain 8' && study.misread(kind).length >= ENOUGH),
  );
}
device.dispose();
