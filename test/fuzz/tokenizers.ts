/** Rows for the readers of tokenizers. What is read must also work, on a few lines. */
import type { Random } from '../../src/base/random.js';
import type { GgufValue } from '../../src/gguf/values.js';
import { tokenizerFromFiles } from '../../src/text/fromFiles.js';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import { below, mutateBytes, mutateJson, NAMES, pick } from './mutate.js';
import type { Reader } from './survival.js';

const LINES = [
  '',
  'ab aba',
  '  1\n\n12 a',
  'é你😀',
  `${'a'.repeat(300)} b`,
  '<s>a</s> [MASK] x',
  '__proto__',
];

function use(tokenizer: Tokenizer): void {
  for (const line of LINES) {
    const ids = tokenizer.encode(line, { allowSpecial: true, addSpecialTokens: true });
    const stream = tokenizer.stream();
    const pieces = [...Array.from(ids, (id) => stream.push(id)), stream.end()];
    if (pieces.join('') !== tokenizer.decode(ids))
      throw new Error(`a stream of ${JSON.stringify(line)} differs`);
  }
}

const LETTERS = [
  'a',
  'b',
  'c',
  'Ġ',
  'Ċ',
  '1',
  '2',
  'x',
  'Ã',
  '©',
  'ð',
  'Ł',
  'ĺ',
  'Ģ',
  'ä',
  '½',
  'ł',
  'l',
  'o',
];
const TOKENS = [...LETTERS, 'ab', 'aba', 'Ġa', '<s>', '</s>', '<pad>'];
const MERGES = ['a b', 'ab a', 'Ġ a'];

/** Every byte, so that an unchanged file accepts every line. */
const BYTES = Array.from({ length: 0x144 - 0x21 }, (_, i) => String.fromCharCode(0x21 + i));
const vocab = Object.fromEntries([...new Set([...BYTES, ...TOKENS])].map((token, id) => [token, id]));

const isolated = (Regex: string) => ({
  type: 'Split',
  pattern: { Regex },
  behavior: 'Isolated',
  invert: false,
});

const FILES = [
  {
    version: '1.0',
    truncation: null,
    added_tokens: ['<s>', '</s>', '<pad>'].map((content) => ({ id: vocab[content], content, special: true })),
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        isolated('[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}'),
        { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
      ],
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      special_tokens: { '<s>': { id: '<s>', ids: [vocab['<s>']], tokens: ['<s>'] } },
    },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', ignore_merges: false, vocab, merges: MERGES.map((line) => line.split(' ')) },
  },
  {
    added_tokens: [{ id: 0, content: '[UNK]', special: true }],
    normalizer: { type: 'BertNormalizer', lowercase: true, strip_accents: null },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', cls: ['[CLS]', 1], sep: ['[UNK]', 0] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      vocab: { '[UNK]': 0, '[CLS]': 1, a: 2, '##b': 3, '##a': 4 },
    },
  },
  {
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: 'u',
      byte_fallback: true,
      vocab: { u: 0, '▁': 1, a: 2, '▁a': 3 },
      merges: ['▁ a'],
    },
  },
].map((file) => JSON.stringify(file));

const CONFIG = JSON.stringify({
  ...{ bos_token: '<s>', eos_token: { content: '</s>' }, pad_token: null },
  ...{ chat_template: [{ name: 'default', template: '' }], clean_up_tokenization_spaces: false },
});

/** A changed file; mostly with the vocabulary as it was, which has more entries than all the rest. */
function changedFile(random: Random): string {
  const file = JSON.parse(pick(random, FILES));
  if (below(random, 4) === 0) return mutateJson(JSON.stringify(file), random);
  const words = JSON.stringify(file.model.vocab);
  file.model.vocab = 'VOCABULARY';
  return mutateJson(JSON.stringify(file), random).replace('"VOCABULARY"', () => words);
}

function readFiles(random: Random): void {
  const files = new Map([['tokenizer.json', FILES[0]]]);
  if (below(random, 4) > 0) files.set('tokenizer.json', changedFile(random));
  else files.set('tokenizer_config.json', mutateJson(CONFIG, random));
  if (below(random, 4) === 0)
    files.set('generation_config.json', mutateJson('{"eos_token_id":[1,2],"bos_token_id":0}', random));
  use(tokenizerFromFiles(files, 'dir'));
}

const WRONG: readonly GgufValue[] = [
  ...[-1, 0, 1, 2 ** 32, 2n ** 63n, true, '', 'a', '\u001b[31m\n', [], ['a'], Int32Array.of(-1, 3)],
  ...[Uint32Array.of(2 ** 32 - 1), new Float32Array(3), [true], [2n ** 63n]],
];

function readMetadata(random: Random): void {
  const tokens = Object.keys(vocab);
  const types = new Int32Array(tokens.length).fill(1);
  for (const token of ['<s>', '</s>', '<pad>']) types[vocab[token]] = 3;
  const metadata = new Map<string, GgufValue>([
    ['model', 'gpt2'],
    ['pre', pick(random, ['smollm', 'gpt-2', 'llama-bpe', 'qwen2'])],
    ['tokens', tokens],
    ['token_type', types],
    ['merges', [...MERGES]],
    ['bos_token_id', vocab['<s>']],
    ['eos_token_id', vocab['</s>']],
    ['add_bos_token', true],
  ]);
  for (let i = below(random, 3); i > 0; i--) {
    const [key, value] = pick(random, [...metadata]);
    const kind = below(random, 4);
    if (kind === 0) metadata.delete(key);
    else if (kind === 1) metadata.set(key, pick(random, WRONG));
    else metadata.set(key, changed(value, random));
  }
  const named = Array.from(metadata, ([key, value]) => [`tokenizer.ggml.${key}`, value] as const);
  use(tokenizerFromGguf(new Map(named), 'file'));
}

/** A value of its type with one change. */
function changed(value: GgufValue, random: Random): GgufValue {
  if (typeof value === 'string')
    return new TextDecoder().decode(mutateBytes(new TextEncoder().encode(value), random));
  if (value instanceof Int32Array)
    return value.map((each, i) => (i === below(random, value.length) ? 4 : each));
  if (!Array.isArray(value)) return value;
  const list = [...value] as string[];
  const at = below(random, list.length + 1);
  const kind = below(random, 3);
  if (kind === 0) list.splice(at, 1);
  else if (kind === 1) list.splice(at, 0, pick(random, [...NAMES, ...list]));
  else if (at < list.length) list[at] = pick(random, [...NAMES, ...list]);
  return list;
}

export const TOKENIZERS: readonly Reader[] = [
  {
    name: 'the files of a tokenizer',
    says: /^dir\/(tokenizer|tokenizer_config|generation_config)\.json: /,
    read: readFiles,
  },
  { name: 'the tokenizer of a GGUF file', says: /^file: /, read: readMetadata },
];
