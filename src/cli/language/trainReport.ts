/** The results of a training run: scores before and after, what was gained and forgotten, answers side by side. */
import { printable, printableLine } from '../../base/printable.js';
import { compareExamples, type ExampleComparison } from '../../models/compareExamples.js';
import type { LanguageEvaluation } from '../../models/evaluateLanguageModel.js';
import { count, duration, integer, rate } from '../format.js';
import { wrapped } from '../wrap.js';
import type { DataExample } from './readData.js';
import { scoreTable } from './scoreColumns.js';
import type { TrainOutcome } from './trainLoop.js';
import type { TrainSetup } from './trainSetup.js';

const MAX_SHOWN = 400;
const MAX_PROMPT = 100;

/** The report as text, with a newline at its end. */
export function renderTrainReport(setup: TrainSetup, outcome: TrainOutcome, folder: string): string {
  const { valid, keep } = setup;
  const { before, after, keepBefore, keepAfter, best } = outcome;
  const parts = [[speedLine(setup, outcome)]];
  if (valid && before && after) {
    const heading = `Held-out examples (${printable(valid.name, MAX_SHOWN)}), with the weights of step ${best}`;
    parts.push([...wrapped('', heading), scoreTable(before, after, ['before', 'after'])]);
    parts.push(changeLines('Held-out examples', valid.examples, before, after));
  }
  if (keep && keepBefore && keepAfter)
    parts.push(
      changeLines(`To keep (${printable(keep.name, MAX_SHOWN)})`, keep.examples, keepBefore, keepAfter),
    );
  if (outcome.samples.length > 0) parts.push(sampleLines(outcome));
  parts.push(
    wrapped(
      '',
      `${printable(folder, MAX_SHOWN)} has the adapter, settings.yaml, metrics.jsonl and a README on how to load it.`,
    ),
  );
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Compares two measurements; undefined where one is missing. */
export function comparisonOf(
  before: LanguageEvaluation | undefined,
  after: LanguageEvaluation | undefined,
): ExampleComparison | undefined {
  return before && after ? compareExamples(before, after) : undefined;
}

function speedLine({ device }: TrainSetup, outcome: TrainOutcome): string {
  const { steps, seconds, stepSeconds, trainedTokens, tokens } = outcome;
  const speeds =
    stepSeconds > 0
      ? `; ${rate(trainedTokens / stepSeconds)} trained tokens/s, ${rate(tokens / stepSeconds)} tokens/s`
      : '';
  return `${count(steps, 'step')} in ${duration(seconds)}${speeds}; ${integer(device.memory().peakBytes / 1e6)} MB on the device`;
}

function changeLines(
  name: string,
  examples: readonly DataExample[],
  before: LanguageEvaluation,
  after: LanguageEvaluation,
): string[] {
  const { better, same, worse, worst } = compareExamples(before, after);
  const change = `loss ${before.loss.toFixed(4)} → ${after.loss.toFixed(4)}`;
  const lines = wrapped(
    '',
    `${name}: ${change}; of ${count(examples.length, 'example')} ${integer(better)} became better, ${integer(worse)} worse, ${integer(same)} stayed the same.`,
  );
  for (const each of worst) {
    const { read } = examples[each.example];
    const loss = `${each.before.toFixed(2)} → ${each.after.toFixed(2)}`;
    lines.push(...wrapped('  ', `worse: line ${read.line}, ${loss}: ${promptOf(examples[each.example])}`));
  }
  return lines;
}

function promptOf({ read: { content } }: DataExample): string {
  const text =
    content.kind === 'text'
      ? content.text
      : content.kind === 'completion'
        ? content.prompt
        : (content.messages.find(({ role }) => role === 'user')?.content ?? '');
  return printableLine(text, MAX_PROMPT);
}

function sampleLines({ samples }: TrainOutcome): string[] {
  return samples.flatMap(({ prompt, base, adapted }, i) => [
    ...(i === 0 ? [] : ['']),
    ...wrapped('Prompt   ', printableLine(prompt.text, MAX_SHOWN)),
    ...wrapped('expected ', printableLine(prompt.expected, MAX_SHOWN)),
    ...wrapped('base     ', printableLine(base, MAX_SHOWN)),
    ...wrapped('adapted  ', printableLine(adapted, MAX_SHOWN)),
  ]);
}
