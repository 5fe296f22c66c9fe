/** Facts about a language model, wherever it was found: its sizes, its element types, its tokenizer. */
import { printable } from '../../base/printable.js';
import { DataError } from '../../core.js';
import type { LlamaConfig } from '../../models/llamaConfig.js';
import { llamaWeights } from '../../models/llamaWeights.js';
import { defaultSystemMessage } from '../../text/systemMessage.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { integer } from '../format.js';

/** Each fact with its name, as lines and as JSON show them. */
export type Fact = readonly [name: string, text: string];

/** Characters of a text from a file. */
const MAX_TEXT = 200;
/** Characters of a token. */
const MAX_TOKEN = 40;
/** Special tokens that a line lists. */
const MOST_LISTED = 4;

/** Lines of facts, their texts one below the other. */
export function factLines(facts: readonly Fact[]): string[] {
  return facts.map(([name, text]) => `  ${name.padEnd(14)} ${text}`);
}

/** What a file states, or why it cannot be read here. */
export async function attempt<T>(
  read: () => T | Promise<T>,
): Promise<
  { readonly value: T; readonly why?: undefined } | { readonly value?: undefined; readonly why: string }
> {
  try {
    return { value: await read() };
  } catch (error) {
    if (error instanceof DataError) return { why: error.message };
    throw error;
  }
}

/** Number of elements of all weights; tied ones count once. */
export function parametersOf(config: LlamaConfig): number {
  return [...llamaWeights(config).values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function configFacts(config: LlamaConfig): Fact[] {
  const { heads, kvHeads, headDim, rope, tied, slidingWindow } = config;
  const shared = tied ? '; embedding and head are one tensor, counted once' : '';
  const scaling = rope.scaling ? `, scaled (${rope.scaling.type})` : '';
  const window = slidingWindow === undefined ? '' : `, each token sees ${integer(slidingWindow)}`;
  return [
    ['parameters', `${integer(parametersOf(config))}${shared}`],
    [
      'layers',
      `${config.layers}, of width ${integer(config.hiddenSize)}, feed-forward ${integer(config.intermediateSize)}`,
    ],
    ['attention', `${heads} heads of ${headDim}, ${kvHeads} of keys and values`],
    [
      'context',
      `${integer(config.contextLength)} tokens${window}; rotary base ${integer(rope.theta)}${scaling}`,
    ],
    ['embedding', `${integer(config.vocabularySize)} rows`],
  ];
}

/** The types of tensors, each with how many there are, the one with most bytes first. */
export function typesText(
  tensors: readonly { readonly type: string; readonly byteLength: number }[],
): string {
  const types = new Map<string, { count: number; bytes: number }>();
  for (const { type, byteLength } of tensors) {
    const entry = types.get(type) ?? { count: 0, bytes: 0 };
    types.set(type, { count: entry.count + 1, bytes: entry.bytes + byteLength });
  }
  const sorted = [...types].sort(([, a], [, b]) => b.bytes - a.bytes);
  return sorted.map(([type, { count }]) => `${printable(type)} ${count}`).join(', ');
}

/** @param kind  what the files call it */
export function tokenizerFacts(tokenizer: Tokenizer, kind: string): Fact[] {
  const { specialTokens, vocabularySize, chatTemplate } = tokenizer;
  const roles = [...specialTokens].flatMap(([token, id]) => {
    const role = roleOf(tokenizer, id);
    return role === '' ? [] : [`${printable(token, MAX_TOKEN)} ${id} ${role}`];
  });
  const listed = [`${specialTokens.size}`, ...roles.slice(0, MOST_LISTED)].join('; ');
  const system = defaultSystemMessage(tokenizer);
  return [
    ['tokenizer', `${printable(kind, MAX_TEXT)}, ${integer(vocabularySize)} tokens`],
    ['special tokens', listed],
    ['chat template', chatTemplate === undefined ? 'none' : `${integer(chatTemplate.length)} characters`],
    ...(chatTemplate === undefined ? [] : [systemFact(system)]),
  ];
}

function systemFact(system: string | undefined): Fact {
  if (system === undefined) return ['system message', 'none but the one that is given'];
  return ['system message', `where none is given: ${printable(JSON.stringify(system), MAX_TEXT)}`];
}

/** `ends a text, pads`; empty for a token that does neither. */
function roleOf({ bosId, eosIds, padId }: Tokenizer, id: number): string {
  const roles = [
    id === bosId ? 'begins a text' : '',
    eosIds.includes(id) ? 'ends it' : '',
    id === padId ? 'pads' : '',
  ];
  return roles.filter((role) => role !== '').join(', ');
}

/** The facts of a tokenizer for programs. */
export function tokenizerJson(tokenizer: Tokenizer, kind: string): object {
  const { specialTokens, vocabularySize, bosId, eosIds, padId, chatTemplate } = tokenizer;
  return {
    ...{ kind, tokens: vocabularySize, specialTokens: Object.fromEntries(specialTokens) },
    ...{ bosId: bosId ?? null, eosIds, padId: padId ?? null, hasChatTemplate: chatTemplate !== undefined },
    defaultSystemMessage: defaultSystemMessage(tokenizer) ?? null,
  };
}
