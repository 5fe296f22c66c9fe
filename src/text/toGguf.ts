/** A tokenizer as the metadata of a GGUF file, for one that was loaded from a Hugging Face folder. */
import { DataError } from '../base/errors.js';
import type { WritableValue } from '../gguf/headerWriter.js';
import type { Component } from './components.js';
import { tokensOf } from './model.js';
import { PRE_TOKENIZERS, TOKEN_TYPES } from './preTokenizers.js';
import { Tokenizer, type TokenizerFacts } from './tokenizer.js';

/**
 * The entries `tokenizer.ggml.…` and `tokenizer.chat_template`, for byte-level BPE with one of the pre-tokenizers that llama.cpp
 * knows by name.
 * @param rows  rows of the embedding: llama.cpp requires exactly this number of tokens, so spare ones are added as unused
 * @param name  name of the tokenizer in errors
 * @throws DataError for a tokenizer of another kind
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#ggml
 */
export function tokenizerEntries(
  facts: TokenizerFacts,
  rows: number,
  name: string,
): (readonly [key: string, value: WritableValue])[] {
  const { json, bosId, eosIds = [], padId, chatTemplate } = facts;
  const pre = nameOfPre(facts, name);
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = new Int32Array(rows).fill(TOKEN_TYPES.unused);
  const put = (id: number, text: string, type: number) => {
    tokens[id] = text;
    types[id] = type;
  };
  for (const [text, id] of json.model.ids) put(id, text, TOKEN_TYPES.normal);
  for (const { id, content, special } of json.added_tokens)
    put(id, content, special ? TOKEN_TYPES.control : TOKEN_TYPES.userDefined);
  const merges = json.model.merges?.pairs(tokensOf(json.model.ids)) ?? [];
  const addedIds = new Tokenizer(facts, name).encode('', { addSpecialTokens: true });
  const [first, last] = [addedIds[0], addedIds[addedIds.length - 1]];
  const entries: [string, WritableValue | undefined][] = [
    ['model', { type: 'string', value: 'gpt2' }],
    ['pre', { type: 'string', value: pre }],
    ['tokens', { type: 'string[]', value: tokens }],
    ['token_type', { type: 'i32[]', value: types }],
    ['merges', { type: 'string[]', value: merges.map(([left, right]) => `${left} ${right}`) }],
    ['bos_token_id', idEntry(bosId)],
    ['eos_token_id', idEntry(eosIds[0])],
    ['eot_token_id', idEntry(eosIds[1])],
    ['padding_token_id', idEntry(padId)],
    ['add_space_prefix', { type: 'bool', value: false }],
    ['add_bos_token', { type: 'bool', value: bosId !== undefined && first === bosId }],
    [
      'add_eos_token',
      { type: 'bool', value: eosIds[0] !== undefined && last === eosIds[0] && first !== last },
    ],
  ];
  const made = entries.flatMap(([key, value]) => (value ? [[`tokenizer.ggml.${key}`, value] as const] : []));
  if (chatTemplate === undefined) return made;
  return [...made, ['tokenizer.chat_template', { type: 'string', value: chatTemplate }]];
}

function idEntry(id: number | undefined): WritableValue | undefined {
  return id === undefined ? undefined : { type: 'u32', value: id };
}

/** The name in llama.cpp for the way in which a text is split. */
function nameOfPre({ json }: TokenizerFacts, name: string): string {
  const refuse = (what: string) => new DataError(`${name}: ${what}, for which no llama.cpp name is known`);
  if (json.model.type !== 'BPE' || json.decoder?.type !== 'ByteLevel')
    throw refuse('the tokenizer is not byte-level BPE');
  const own = JSON.stringify(stepsOf(json.pre_tokenizer));
  for (const [known, { preTokenizer }] of PRE_TOKENIZERS)
    if (JSON.stringify(stepsOf(preTokenizer)) === own) return known;
  throw refuse('the tokenizer splits text in its own way');
}

/** The steps in one flat list, including those of nested sequences, with their fields in one order. */
function stepsOf(step: Component | null): unknown[] {
  if (step === null) return [];
  if (step.type === 'Sequence') return (step.pretokenizers as Component[]).flatMap(stepsOf);
  const { trim_offsets: _, ...fields } = step;
  return [Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))];
}
