/** Examples that two sets have in common: an example that was trained on cannot test what was learned. */
import type { ExampleContent } from './exampleFormats.js';
import type { ReadExample } from './readExamples.js';

export const LIKENESS = ['same', 'nearlySame', 'samePrompt'] as const;
/**
 * Degrees of likeness. `same`: equal. `nearlySame`: equal except for case, spaces and punctuation. `samePrompt`: the prompts are
 * nearly the same, the answers are not.
 */
export type Likeness = (typeof LIKENESS)[number];

export interface Duplicate {
  readonly likeness: Likeness;
  /** Line in the training file. */
  readonly train: number;
  /** Line in the validation file. */
  readonly valid: number;
}

export interface Duplicates {
  /** Counts of examples in the second set that resemble one in the first, each counted once, by the closest likeness. */
  readonly counts: Readonly<Record<Likeness, number>>;
  /** The first such example; undefined where there are none. */
  readonly first: Duplicate | undefined;
}

/** Finds examples of `valid` in `train`, in time that grows with their length. */
export function findDuplicates(train: readonly ReadExample[], valid: readonly ReadExample[]): Duplicates {
  const lines = new Map<string, number>();
  for (const { line, content } of train)
    for (const key of keysOf(content)) if (!lines.has(key)) lines.set(key, line);
  const counts: Record<Likeness, number> = { same: 0, nearlySame: 0, samePrompt: 0 };
  let first: Duplicate | undefined;
  for (const { line, content } of valid) {
    const keys = keysOf(content);
    const at = keys.findIndex((key) => lines.has(key));
    if (at < 0) continue;
    counts[LIKENESS[at]]++;
    first ??= { likeness: LIKENESS[at], train: lines.get(keys[at]) ?? 0, valid: line };
  }
  return { counts, first };
}

/** One key for each likeness, in their order. */
function keysOf(content: ExampleContent): readonly string[] {
  const { prompt, all } = textsOf(content);
  const [plainAll, plainPrompt] = [plain(all), plain(prompt)];
  // Texts of only punctuation, and texts without a prompt, do not count as alike for that reason.
  return [
    `same ${JSON.stringify(content)}`,
    plainAll === '' ? `same ${JSON.stringify(content)}` : `near ${plainAll}`,
    ...(plainPrompt === '' ? [] : [`prompt ${plainPrompt}`]),
  ];
}

/** The text before the last answer, and the whole text, each without system messages. */
function textsOf(content: ExampleContent): { readonly prompt: string; readonly all: string } {
  if (content.kind === 'text') return { prompt: '', all: content.text };
  if (content.kind === 'completion')
    return { prompt: content.prompt, all: `${content.prompt}\n${content.completion}` };
  const said = content.messages.filter(({ role }) => role !== 'system' && role !== 'developer');
  const last = said.map(({ role }) => role).lastIndexOf('assistant');
  const join = (messages: typeof said) => messages.map(({ content: text }) => text).join('\n');
  return { prompt: join(said.slice(0, Math.max(0, last))), all: join(said) };
}

/** The text in lower case, with one space for white space and punctuation; signs such as + stay. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{P}\p{Z}\p{C}]+/gu, ' ')
    .trim();
}
