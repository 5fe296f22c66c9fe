import { expect } from 'vitest';
import { DataError } from '../../src/base/errors.js';
import type { GgufValue } from '../../src/gguf/values.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import type { Ids, TokenizerFile } from './fixtures.js';

/** The metadata of a GGUF file with the vocabulary of a tokenizer.json. */
export function metadataOf(json: TokenizerFile, pre: string): Map<string, GgufValue> {
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(json.model.vocab)) tokens[id] = token;
  for (const { content, id } of json.added_tokens) tokens[id] = content;
  const types = new Int32Array(tokens.length).fill(1);
  for (const { id, special } of json.added_tokens) types[id] = special ? 3 : 4;
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', pre],
    ['tokenizer.ggml.tokens', tokens],
    ['tokenizer.ggml.token_type', types],
    ['tokenizer.ggml.merges', json.model.merges.map((pair) => pair.join(' '))],
    ['tokenizer.ggml.bos_token_id', tokens.indexOf('<|im_start|>')],
    ['tokenizer.ggml.eos_token_id', tokens.indexOf('<|im_end|>')],
    ['tokenizer.ggml.add_bos_token', true],
  ]);
}

/** Lines whose ids differ from the expected ones; a line without expected ids must be refused. */
export function wrongLines(
  tokenizer: Tokenizer,
  lines: readonly string[],
  expected: Ids,
  options: { allowSpecial?: boolean; addSpecialTokens?: boolean } = {},
): object[] {
  expect(lines.length).toBeGreaterThanOrEqual(expected.length);
  return expected.flatMap((wanted, i) => {
    const found = encoded(tokenizer, lines[i], options);
    return JSON.stringify(found) === JSON.stringify(wanted) ? [] : [{ line: lines[i], wanted, found }];
  });
}

function encoded(tokenizer: Tokenizer, line: string, options: object): number[] | null {
  try {
    return [...tokenizer.encode(line, options)];
  } catch (error) {
    if (error instanceof DataError && /cannot be encoded: byte 0x/.test(error.message)) return null;
    throw error;
  }
}

/** The message of a refusal. */
export function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return (error as Error).message;
  }
  throw new Error('it is not refused');
}
