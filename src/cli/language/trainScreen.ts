/** The screen before a training run: what is trained on what, in how many steps, and how much memory it takes. */
import { printable } from '../../base/printable.js';
import { count, integer } from '../format.js';
import { wrapped } from '../wrap.js';
import { renderDataSummary } from './dataReport.js';
import type { TrainCommand } from './trainOptions.js';
import type { TrainSetup } from './trainSetup.js';

const MAX_SHOWN = 300;
const LABEL_WIDTH = 12;

/** The screen as text, with a newline at its end; the summary of the data comes before it. */
export function renderTrainScreen(setup: TrainSetup, options: TrainCommand): string {
  const facts = [
    ...modelFacts(setup, options),
    ...courseFacts(setup, options),
    ['Memory', memoryText(setup)],
  ];
  const lines = facts.flatMap(([label, text]) => wrapped(label.padEnd(LABEL_WIDTH), text));
  return `${renderDataSummary(setup.data.summary)}\n${lines.join('\n')}\n`;
}

/** `LoRA`, `DoRA` or `rsLoRA`, and so on. */
export function adapterKind({ adapter }: Pick<TrainSetup, 'adapter'>): string {
  const { useDora, useRslora } = adapter.config;
  return `${useRslora ? 'rs' : ''}${useDora ? 'DoRA' : 'LoRA'}`;
}

const IN_INTEGERS = 'products with packed weights in integers of 16 bits';

/** Names of the adapted modules, such as `q_proj`. */
export function adaptedNames({ adapter }: Pick<TrainSetup, 'adapter'>): string[] {
  return [...new Set(Array.from(adapter.layers.keys(), (path) => path.replace(/^.*\./, '')))];
}

function modelFacts(setup: TrainSetup, options: TrainCommand): (readonly [string, string])[] {
  const { parameters, trainable, adapter, device, reason, weightBytes, model } = setup;
  const { rank, alpha, dropout } = adapter.config;
  const blocks = new Set(Array.from(adapter.layers.keys(), (path) => /\.layers\.(\d+)\./.exec(path)?.[1]));
  const from = options.adapter === undefined ? '' : `, from ${printable(options.adapter, MAX_SHOWN)}`;
  const dropped = dropout === 0 ? '' : `, dropout ${dropout}`;
  const percent = ((100 * trainable) / parameters).toFixed(2);
  return [
    ['Device', `${device.name}: ${printable(reason, MAX_SHOWN)}`],
    ...(model.precision === 'exact' ? [] : [['Precision', `${model.precision}: ${IN_INTEGERS}`] as const]),
    [
      'Model',
      `${printable(options.model, MAX_SHOWN)}: ${integer(parameters)} parameters, ${megabytes(weightBytes)} ${options.weights === 'keep' ? 'as in its file' : `as ${options.weights}`}`,
    ],
    [
      'Adapter',
      `${adapterKind(setup)}, rank ${rank}, alpha ${alpha}${dropped}, on ${adaptedNames(setup).join(', ')} ` +
        `of ${blocks.size} of ${model.config.layers} blocks${from}: ${integer(trainable)} trained parameters (${percent} %)`,
    ],
  ];
}

function courseFacts(setup: TrainSetup, options: TrainCommand): (readonly [string, string])[] {
  const { rows, course, valid, keep, replayed, train } = setup;
  const { examples, trainedTokens, tokens, sharedTokens, rowTokens } = rows.report;
  const { steps, epochs, stepsPerEpoch, validateEvery, saveEvery } = course;
  const perStep = Math.round(trainedTokens / stepsPerEpoch);
  const facts: (readonly [string, string])[] = [
    [
      'Training',
      `${count(steps, 'step')} of about ${integer(perStep)} trained tokens: ${epochs === 1 ? '1 pass' : `${integer(epochs)} passes`} over ` +
        `${count(examples, 'example')}, in rows of up to ${integer(rowTokens)} tokens`,
    ],
  ];
  if (replayed > 0)
    facts.push([
      '',
      `${integer(replayed)} of the ${integer(train.examples.length)} are drawn from ${printable(options.keep, MAX_SHOWN)} (--replay)`,
    ]);
  if (sharedTokens > 0)
    facts.push([
      '',
      `${integer(sharedTokens)} of ${integer(tokens)} tokens need not be computed: examples of a row share their beginning`,
    ]);
  const { schedule, warmup = 0 } = { ...course.schedule, schedule: course.schedule.kind };
  facts.push([
    '',
    `AdamW, learning rate ${options.learningRate}, ${schedule}${warmup > 0 ? `, ${count(warmup, 'step')} of warm-up` : ''}, ` +
      `${options.clip > 0 ? `gradients of at most ${options.clip}` : 'gradients of any length'}; saved every ${stepsText(saveEvery)}`,
  ]);
  facts.push([
    'Validation',
    valid
      ? `${count(valid.examples.length, 'example')} every ${stepsText(validateEvery)}; the best weights are kept`
      : 'none: the last weights are kept',
  ]);
  if (keep)
    facts.push([
      'Keep',
      `${integer(keep.examples.length)} ${printable(keep.name, MAX_SHOWN)}, measured before and after`,
    ]);
  return facts;
}

/** `step` or `5 steps`, after “every”. */
function stepsText(steps: number): string {
  return steps === 1 ? 'step' : count(steps, 'step');
}

function memoryText({ plan }: TrainSetup): string {
  const { weights, adapter, optimizer, activations, total, memory, gradientCheckpointing, choices } = plan;
  const most = memory === undefined ? '' : ` of ${gigabytes(memory)}`;
  const blocks = gradientCheckpointing
    ? `blocks are computed again in the backward pass; kept, they would take ${megabytes(choices.off - choices.on)} more`
    : 'blocks are kept for the backward pass';
  return (
    `needs ${gigabytes(total)}${most}: weights ${megabytes(weights)}, adapter with gradients ${megabytes(adapter)}, ` +
    `AdamW ${megabytes(optimizer)}, activations ${megabytes(activations)} (${blocks})`
  );
}

function megabytes(bytes: number): string {
  return `${integer(bytes / 1e6)} MB`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
