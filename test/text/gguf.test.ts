/** Tokenizers in metadata of GGUF files, and refusals. */
import { describe, expect, it } from 'vitest';
import type { GgufValue } from '../../src/gguf/values.js';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import { refusal } from './support.js';

/** A few letters with their merges, and a token of each kind. */
const SMALL: readonly (readonly [string, GgufValue])[] = [
  ['model', 'gpt2'],
  ['pre', 'gpt-2'],
  ['tokens', ['a', 'b', 'ab', 'aba', '<s>', '</s>', '<eot>', '<eom>', '<u>']],
  ['token_type', Int32Array.of(1, 1, 1, 5, 3, 3, 3, 2, 4)],
  ['merges', ['a b', 'ab a']],
];

const keyOf = (key: string) => (key.includes('.') ? key : `tokenizer.ggml.${key}`);
const metadataWith = (changes: Readonly<Record<string, GgufValue | undefined>>) => {
  const metadata = new Map(SMALL.map(([key, value]) => [keyOf(key), value]));
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) metadata.delete(keyOf(key));
    else metadata.set(keyOf(key), value);
  }
  return metadata;
};
const read = (changes: Readonly<Record<string, GgufValue | undefined>>) =>
  tokenizerFromGguf(metadataWith(changes), 'f');

describe("a GGUF file's tokenizer", () => {
  it('names the tokens that begin, end and pad a text', () => {
    const ids = { bos_token_id: 4, eos_token_id: 5, eot_token_id: 6, eom_token_id: 7, padding_token_id: 5 };
    const tokenizer = read({ ...ids, 'tokenizer.chat_template': '{{ bos_token }}' });
    expect(tokenizer).toMatchObject({
      bosId: 4,
      eosIds: [5, 6, 7],
      padId: 5,
      chatTemplate: '{{ bos_token }}',
    });
    expect([...tokenizer.specialTokens.keys()]).toEqual(['<s>', '</s>', '<eot>', '<eom>']);
    expect(read({ eos_token_id: 5, eot_token_id: 5 }).eosIds).toEqual([5]);
    expect(read({})).toMatchObject({
      bosId: undefined,
      eosIds: [],
      padId: undefined,
      chatTemplate: undefined,
    });
  });

  it('adds the tokens of the file on request', () => {
    const ids = { bos_token_id: 4, eos_token_id: 5 };
    const added = (changes: Readonly<Record<string, GgufValue>>) => [
      ...read({ ...ids, ...changes }).encode('ab', { addSpecialTokens: true }),
    ];
    expect(added({})).toEqual([2]);
    expect(added({ add_bos_token: true, add_eos_token: true })).toEqual([4, 2, 5]);
    // Where the file does not specify it, Llama 3 begins with BOS, as in llama.cpp.
    expect(added({ pre: 'llama-bpe' })).toEqual([4, 2]);
    expect(added({ pre: 'llama-bpe', add_bos_token: false })).toEqual([2]);
    expect([...read({ ...ids, add_bos_token: true }).encode('ab')]).toEqual([2]);
  });

  it('takes a whole piece as a token before it merges, only for Llama 3', () => {
    expect([...read({ pre: 'llama-bpe', merges: ['a b'] }).encode('aba')]).toEqual([3]);
    expect([...read({ merges: ['a b'] }).encode('aba')]).toEqual([2, 0]);
  });

  it('composes characters first, only for Qwen', () => {
    const tokens = ['e', 'Ì', 'ģ', 'Ã', '©'];
    const changes = { tokens, token_type: new Int32Array(5).fill(1), merges: [] };
    expect([...read(changes).encode('e\u0301')]).toEqual([0, 1, 2]);
    expect([...read({ ...changes, pre: 'qwen2' }).encode('e\u0301')]).toEqual([3, 4]);
  });

  it('may have tokens of any name', () => {
    const tokens = ['__proto__', 'constructor', '0', '1', 'length'];
    const tokenizer = read({ tokens, token_type: Int32Array.of(4, 4, 1, 1, 4), merges: [] });
    expect([...tokenizer.encode('10__proto__constructor')]).toEqual([3, 2, 0, 1]);
    expect(tokenizer.idOf('toString')).toBeUndefined();
  });

  it.each<[string, Readonly<Record<string, GgufValue | undefined>>, string]>([
    ['none', { model: undefined }, 'model: is missing: the file has no tokenizer'],
    [
      'another model',
      { model: 'llama' },
      'model: is not supported: "llama": only "gpt2" (byte-level BPE) is',
    ],
    [
      'another pre-tokenizer',
      { pre: 'dbrx' },
      'pre: is not supported: "dbrx": expected one of smollm, gpt-2, llama-bpe, qwen2',
    ],
    ['no pre-tokenizer', { pre: undefined }, 'pre: is not supported: it is missing: expected'],
    ['a number for a name', { pre: 3 }, 'pre: must be a string: 3'],
    ['no tokens', { tokens: undefined }, 'tokens: must be an array of strings: it is missing'],
    ['numbers for tokens', { tokens: Int32Array.of(1) }, 'tokens: must be an array of strings: an object'],
    ['an empty list', { tokens: [] }, 'tokens: must be 1 to 4194304: 0'],
    ['an empty token', { tokens: ['a', ''] }, 'tokens: token 1: must not be empty'],
    ['a token twice', { tokens: ['a', 'b', 'a'] }, 'tokens: token 2: is token 0 again: "a"'],
    ['no types', { token_type: undefined }, 'token_type: must be an array of 32-bit integers: it is missing'],
    ['too few types', { token_type: Int32Array.of(1) }, 'token_type: must be one for each token: 1 for 9'],
    [
      'a type of another model',
      { token_type: Int32Array.of(1, 6, 1, 1, 1, 1, 1, 1, 1) },
      'token_type: token 1 must be one of 1, 2, 3, 4, 5: 6',
    ],
    ['a merge of one', { merges: ['ab'] }, 'merges: merge 0: must be two tokens with a space between: "ab"'],
    ['a merge of three', { merges: ['a b', 'a b a'] }, 'merges: merge 1: must be two tokens'],
    [
      'a merge of unknown tokens',
      { merges: ['a c'] },
      'merges: merge 0, "a" "c": names an unknown token: "c"',
    ],
    [
      'a merge to an unknown token',
      { merges: ['b a'] },
      'merges: merge 0, "b" "a": names an unknown token: "ba"',
    ],
    ['a merge twice', { merges: ['a b', 'a b'] }, 'merges: merge 1, "a" "b": is listed twice'],
    ['an id outside', { eos_token_id: 9 }, 'eos_token_id: must be the id of one of 9 tokens: 9'],
    ['a negative id', { bos_token_id: -1 }, 'bos_token_id: must be the id of one of 9 tokens: -1'],
    ['an id that is text', { eot_token_id: '5' }, 'eot_token_id: must be the id of one of 9 tokens: "5"'],
    ['BOS without an id', { add_bos_token: true }, 'add_bos_token: is true without a bos_token_id'],
    ['a flag that is a number', { add_bos_token: 1 }, 'add_bos_token: must be true or false: 1'],
  ])('is refused with %s', (_, changes, message) => {
    expect(refusal(() => read(changes))).toContain(`f: tokenizer.ggml.${message}`);
  });
});
