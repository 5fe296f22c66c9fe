/**
 * The ways in which byte-level tokenizers split a text before they merge bytes, as parts of a tokenizer.json.
 *
 * The patterns are defined here instead of using the library's own `Digits` and `ByteLevel`: those interpret `\d` and `\s` as
 * JavaScript does (ASCII digits; U+FEFF is a space, U+0085 is not), but the tokenizers that models were trained with use Unicode's.
 */

/** A part of a tokenizer.json. */
export interface Component {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** GPT-2's words, numbers, symbols and spaces, each with one space before it. */
const GPT2 = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** The words of Llama 3 and Qwen 2, which differ in how many digits stay together. */
const words = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

const isolated = (Regex: string): Component => ({
  type: 'Split',
  pattern: { Regex },
  behavior: 'Isolated',
  invert: false,
});

const bytes = (addPrefixSpace: boolean): Component => ({
  type: 'ByteLevel',
  add_prefix_space: addPrefixSpace,
  use_regex: false,
});

const sequence = (...pretokenizers: readonly Component[]): Component => ({ type: 'Sequence', pretokenizers });

/** `Digits` of a tokenizer.json: numbers split from the rest, or each digit separately. */
export const digits = (individual: boolean): Component => isolated(individual ? '\\p{N}' : '\\p{N}+');

/** `ByteLevel` of a tokenizer.json, with GPT-2's pattern. */
export const byteLevel = (): Component => sequence(isolated(GPT2), bytes(false));

/** Values of `tokenizer.ggml.token_type` in a GGUF file, one for each token. */
export const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5 } as const;

/** A pre-tokenizer that `tokenizer.ggml.pre` of a GGUF file names. */
export interface PreTokenizer {
  readonly preTokenizer: Component;
  readonly normalizer: Component | null;
  /** Whether a piece that is a whole token becomes that token, regardless of the merges. */
  readonly ignoreMerges: boolean;
  /** Whether the first token is BOS where the file does not specify it. */
  readonly addsBos: boolean;
}

const plain = { normalizer: null, ignoreMerges: false, addsBos: false };

/**
 * The known pre-tokenizers by name. Qwen's own tokenizer composes characters first (NFC), which its GGUF files do not state;
 * tokenizers from either file give the same ids.
 * @see https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp
 */
export const PRE_TOKENIZERS: ReadonlyMap<string, PreTokenizer> = new Map([
  ['smollm', { ...plain, preTokenizer: sequence(digits(true), isolated(GPT2), bytes(false)) }],
  ['gpt-2', { ...plain, preTokenizer: byteLevel() }],
  [
    'llama-bpe',
    {
      ...{ normalizer: null, ignoreMerges: true, addsBos: true },
      preTokenizer: sequence(isolated(words('\\p{N}{1,3}')), bytes(false)),
    },
  ],
  [
    'qwen2',
    {
      ...{ ...plain, normalizer: { type: 'NFC' } },
      preTokenizer: sequence(isolated(words('\\p{N}')), bytes(false)),
    },
  ],
]);
