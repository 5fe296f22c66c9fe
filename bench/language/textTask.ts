/** A prompt of some hundred tokens and the text after it, against llama.cpp. */
import { WEIGHTS } from '../../src/models/weights.js';
import type { Goal, Task } from './contender.js';
import { judgeTokens } from './judges.js';
import { FORMATS, type Given, llamaCpp, lowrankText, torchText } from './participants.js';
import type { TextWork } from './textSlice.js';
import { type Variant, variantName } from './variant.js';

const PEERS = FORMATS.map((format) => `llama.cpp ${format}`);

export function textTask(given: Given, variants: readonly Variant[], work: TextWork): Task {
  return {
    title: 'Text, one thread',
    metrics: textMetrics(work, {
      decode: variants.flatMap(decodeGoals),
      prompt: variants.flatMap(promptGoals),
    }),
    contenders: [
      ...variants.map((variant) => lowrankText(given, variant, { work })),
      ...FORMATS.map((format) => llamaCpp(given, format, work)),
    ],
    isWallOnly: given.threads > 1,
    ...checkedTokens(work),
  };
}

/** Each kind of weights that the file can be loaded as, beside PyTorch; `how` reports their memory. */
export function weightsTask(given: Given, variant: Variant, work: TextWork): Task {
  const named = (weights: string) => `${variantName(variant)}, ${weights}`;
  return {
    title: 'Kinds of weights, one thread',
    metrics: textMetrics(work, { decode: [], prompt: [] }),
    contenders: [
      ...WEIGHTS.map((weights) => lowrankText(given, variant, { work, weights, name: named(weights) })),
      torchText(given, work),
    ],
    isWallOnly: given.threads > 1,
    ...checkedTokens(work),
  };
}

/** Metrics of prompt and text, for all text contenders. */
export function textMetrics(
  { promptTokens, tokens }: TextWork,
  goals: { readonly decode: readonly Goal[]; readonly prompt: readonly Goal[] },
): Task['metrics'] {
  const unit = 'tokens/s';
  return [
    { id: 'decode', title: `decode, ${tokens} tokens`, unit, kind: 'rate', goals: goals.decode },
    { id: 'prompt', title: `prompt of ${promptTokens} tokens`, unit, kind: 'rate', goals: goals.prompt },
  ];
}

/** The check of prompts whose continuation is certain enough to be the same from a file of any format. */
export function checkedTokens({ checkTokens, checkPrompts }: TextWork): Pick<Task, 'checked' | 'judge'> {
  return {
    checked: `the ${checkTokens} tokens that greedily follow each of ${checkPrompts.length} prompts are the same`,
    judge: (answers) => judgeTokens(answers, [variantName({ build: 'simd', precision: 'exact' })]),
  };
}

function decodeGoals(variant: Variant): Goal[] {
  const of = variantName(variant);
  const [same, best] = variant.build === 'simd' ? [1.3, 0.8] : [1.8, 1.1];
  return [
    { of, against: [PEERS[0]], called: 'the same file', bound: same },
    { of, against: PEERS, called: 'its best format', bound: best },
  ];
}

function promptGoals(variant: Variant): Goal[] {
  const of = variantName(variant);
  const [same, ...others] = PEERS;
  return [
    { of, against: [same], called: 'the same file', bound: 1.2 },
    ...others.map((name) => ({ of, against: [name] })),
  ];
}
