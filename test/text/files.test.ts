/** Tokenizers from the files of a model folder, and refusals. */
import { describe, expect, it } from 'vitest';
import { mapFiles } from '../../src/files/fileSource.js';
import { readTokenizer, tokenizerFromFiles } from '../../src/text/fromFiles.js';
import { TOKENIZER_FILES } from '../../src/text/tokenizerFiles.js';
import { others } from './fixtures.js';
import { refusal } from './support.js';

/** A byte-level tokenizer of few tokens. */
const SMALL = {
  added_tokens: [
    { id: 3, content: '<s>', special: true },
    { id: 4, content: '</s>', special: true },
    { id: 5, content: '<eot>', special: true },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel' },
  model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] },
};

const filesOf = (json: unknown, rest: Readonly<Record<string, unknown>> = {}) =>
  new Map(
    Object.entries({ 'tokenizer.json': json, ...rest }).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
const read = (json: unknown, rest?: Readonly<Record<string, unknown>>) =>
  tokenizerFromFiles(filesOf(json, rest), 'dir');

describe('a model folder', () => {
  it('names the tokens that begin, end and pad a text', () => {
    const config = { bos_token: '<s>', eos_token: { content: '</s>' }, pad_token: null, chat_template: 'A' };
    const generation = { bos_token_id: 0, eos_token_id: [5, 4], pad_token_id: 1 };
    const all = { 'tokenizer_config.json': config, 'generation_config.json': generation };
    expect(read(SMALL, all)).toMatchObject({ bosId: 3, eosIds: [4, 5], padId: 1, chatTemplate: 'A' });
    const map = {
      'special_tokens_map.json': { eos_token: '<eot>' },
      'generation_config.json': { eos_token_id: 4 },
    };
    expect(read(SMALL, map)).toMatchObject({ bosId: undefined, eosIds: [5, 4], padId: undefined });
    expect(read(SMALL)).toMatchObject({ eosIds: [], chatTemplate: undefined, vocabularySize: 6 });
  });

  it('prefers the chat template of a separate file, and among several the one named default', () => {
    const named = {
      chat_template: [
        { name: 'tool_use', template: 'T' },
        { name: 'default', template: 'D' },
      ],
    };
    expect(read(SMALL, { 'tokenizer_config.json': named }).chatTemplate).toBe('D');
    const own = { 'tokenizer_config.json': named, 'chat_template.json': { chat_template: 'J' } };
    expect(read(SMALL, own).chatTemplate).toBe('J');
    expect(read(SMALL, { ...own, 'chat_template.jinja': '{{ 1 }}' }).chatTemplate).toBe('{{ 1 }}');
  });

  it('adds tokens by consecutive steps, as in Llama 3', () => {
    const single = [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
    const special_tokens = { '<s>': { id: '<s>', ids: [3], tokens: ['<s>'] } };
    const processors = [
      { type: 'ByteLevel' },
      { type: 'TemplateProcessing', single, pair: [], special_tokens },
    ];
    const tokenizer = read({ ...SMALL, post_processor: { type: 'Sequence', processors } });
    expect([...tokenizer.encode('ab', { addSpecialTokens: true })]).toEqual([3, 2]);
    expect([...tokenizer.encode('ab')]).toEqual([2]);
  });

  it('is read from the place of its files', async () => {
    const files = [...filesOf(SMALL, { 'tokenizer_config.json': { eos_token: '</s>' } })];
    const bytes = new Map(files.map(([name, text]) => [name, new TextEncoder().encode(text)]));
    expect([...(await readTokenizer(mapFiles(bytes, 'dir'))).encode('ab')]).toEqual([2]);
    await expect(readTokenizer(mapFiles(new Map(), 'dir'))).rejects.toThrow('dir/tokenizer.json: is missing');
    const broken = new Map([['tokenizer.json', Uint8Array.of(0xff)]]);
    await expect(readTokenizer(mapFiles(broken, 'dir'))).rejects.toThrow(
      'dir/tokenizer.json: is not UTF-8 text',
    );
    expect(TOKENIZER_FILES[0]).toBe('tokenizer.json');
  });

  it('cleans up spaces only where its config requires it', () => {
    const { json } = others().wordPiece;
    const plain = { ...json, decoder: { type: 'WordPiece', prefix: '##', cleanup: false } };
    const ids = read(json).encode('a . b');
    expect(read(plain).decode(ids)).toBe('a . b');
    expect(read(plain, { 'tokenizer_config.json': { clean_up_tokenization_spaces: true } }).decode(ids)).toBe(
      'a. b',
    );
    const stream = read(plain, { 'tokenizer_config.json': { clean_up_tokenization_spaces: true } }).stream();
    expect(Array.from(ids, (id) => stream.push(id)).join('') + stream.end()).toBe('a. b');
  });

  const vocab = SMALL.model.vocab;
  const split = (pattern: object) => ({
    ...SMALL,
    pre_tokenizer: { type: 'Split', pattern, behavior: 'Isolated' },
  });
  it.each<[string, unknown, string | RegExp]>([
    ['invalid JSON', '{', 'is not JSON: a string expected at character 1, found the end'],
    ['an array', [], 'must be an object: an array'],
    ['no model', {}, 'model: must be an object: it is missing'],
    [
      'another model',
      { ...SMALL, model: { type: 'Unigram', vocab: [] } },
      'model: type is not supported: "Unigram": expected one of BPE, WordPiece',
    ],
    [
      'an invalid id',
      { ...SMALL, model: { ...SMALL.model, vocab: { a: -1 } } },
      'model: vocab: token "a": id must',
    ],
    [
      'an id twice',
      { ...SMALL, model: { ...SMALL.model, vocab: { ...vocab, b: 0 } } },
      'token "b": has the id of "a": 0',
    ],
    [
      'a large id',
      { ...SMALL, model: { ...SMALL.model, vocab: { a: 1e15 } } },
      'id must be a whole number below',
    ],
    [
      'an unknown merge',
      { ...SMALL, model: { ...SMALL.model, merges: [['a', 'c']] } },
      'model: merge 0, "a" "c": names an unknown token',
    ],
    [
      'a merge of three',
      { ...SMALL, model: { ...SMALL.model, merges: ['a b c'] } },
      'model: a merge must be two tokens: "a b c"',
    ],
    [
      'dropout',
      { ...SMALL, model: { ...SMALL.model, dropout: 0.1 } },
      'model: dropout is not supported: 0.1',
    ],
    [
      'a suffix',
      { ...SMALL, model: { ...SMALL.model, end_of_word_suffix: '</w>' } },
      'model: end_of_word_suffix is not supported',
    ],
    [
      'an unknown token outside the vocabulary',
      { ...SMALL, model: { ...SMALL.model, unk_token: 'x' } },
      'unk_token must be a token of',
    ],
    [
      'an added id of another',
      { ...SMALL, added_tokens: [{ id: 0, content: 'x' }] },
      'added token "x": has the id of "a": 0',
    ],
    [
      'two ids for a token',
      { ...SMALL, added_tokens: [{ id: 7, content: 'a' }] },
      'added token "a": has two ids: 7, and 0',
    ],
    [
      'an added token twice',
      { ...SMALL, added_tokens: [SMALL.added_tokens[0], SMALL.added_tokens[0]] },
      'is listed twice',
    ],
    [
      'whole words',
      { ...SMALL, added_tokens: [{ id: 7, content: 'x', single_word: true }] },
      'single_word is not supported: "x"',
    ],
    [
      'another normalizer',
      { ...SMALL, normalizer: { type: 'Precompiled' } },
      /normalizer: type is not supported: "Precompiled": expected one of Sequence, NFC/,
    ],
    [
      'another splitting',
      { ...SMALL, pre_tokenizer: { type: 'Split', pattern: { String: 'a' }, behavior: 'MergedWithNext' } },
      'behavior with invert false is not supported',
    ],
    [
      'a prototype for a type',
      { ...SMALL, decoder: { type: 'constructor' } },
      'decoder: type is not supported: "constructor"',
    ],
    [
      'an exponential pattern',
      split({ Regex: '(a+)+b' }),
      'must not repeat a group that repeats something itself: "(a+)+b"',
    ],
    ['a nested one', split({ Regex: '(?:(?:a*)|b)*' }), 'must not repeat a group that repeats'],
    [
      'many repetitions',
      split({ Regex: '\\s*\\s*(?:\\s*|b)x' }),
      'must have at most 2 repetitions in an alternative',
    ],
    ['repeated choices', split({ Regex: '(?:a|aa)+b' }), 'must not repeat a group that has a choice'],
    ['repeated options', split({ Regex: '(?:a?a)+b' }), 'must not repeat a group that has a choice'],
    ['many options', split({ Regex: 'a?a?a?a?a?aaaaa' }), 'must have at most 4 options in an alternative'],
    ['many choices in a row', split({ Regex: '(a|b)(a|b)(a|b)(a|b)(a|b)' }), 'must have at most 4 options'],
    ['a long choice', split({ Regex: `(${'a|'.repeat(33)}b)` }), 'must have at most 32 choices in groups'],
    ['a count of counts', split({ Regex: '(?:a{2}){2}' }), 'must not repeat a group that repeats'],
    ['references', split({ Regex: '(a)\\1' }), 'must have no references'],
    ['a large count', split({ Regex: 'a{1000}' }), 'must count to at most 100'],
    ['an open bracket', split({ Regex: '(a' }), 'must have its brackets in pairs'],
    ['an open class', split({ Regex: '[a' }), 'is not a readable tokenizer'],
    [
      'a token that does not exist',
      { ...SMALL, post_processor: { type: 'BertProcessing', cls: ['<x>', 3], sep: ['</s>', 4] } },
      'post_processor: cls must be a token and its id: "<x>", 3',
    ],
    [
      'a decoder in a sequence',
      { ...SMALL, decoder: { type: 'Sequence', decoders: [{ type: 'ByteLevel' }] } },
      'decoder: type is not supported in a Sequence',
    ],
  ])('is refused with %s', (_, json, message) => {
    const said = refusal(() => read(json));
    expect(said).toMatch(/^dir\/tokenizer\.json: /);
    expect(said).toMatch(
      message instanceof RegExp ? message : new RegExp(message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')),
    );
  });

  it.each<[string, unknown, string]>([
    ['tokenizer_config.json', { eos_token: 'x' }, 'eos_token must be a token of tokenizer.json: "x"'],
    ['tokenizer_config.json', { eos_token: 5 }, 'eos_token: must be an object: 5'],
    [
      'tokenizer_config.json',
      { chat_template: [{ name: 'rag' }] },
      'chat_template: must be named "default": "rag"',
    ],
    [
      'tokenizer_config.json',
      { clean_up_tokenization_spaces: 'no' },
      'clean_up_tokenization_spaces must be true or false',
    ],
    ['generation_config.json', { eos_token_id: 'x' }, 'eos_token_id must be an id or a list of them: "x"'],
    ['special_tokens_map.json', '[]', 'must be an object: an array'],
  ])('is refused by its %s', (file, content, message) => {
    expect(refusal(() => read(SMALL, { [file]: content }))).toContain(`dir/${file}: ${message}`);
  });

  it('leaves out a step that splits at text that the normalizer has replaced, as in Gemma', () => {
    const { json, lines } = others().sentencePiece;
    const normalizer = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
    const split = { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false };
    const [bare, own] = [null, split].map((step) => read({ ...json, normalizer, pre_tokenizer: step }));
    expect(lines.map((line) => own.encode(line))).toEqual(lines.map((line) => bare.encode(line)));
    expect(refusal(() => read({ ...json, pre_tokenizer: split }))).toContain('behavior with invert false');
  });

  it('takes the patterns of well-known models', () => {
    const o200k =
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    expect(() => read(split({ Regex: o200k }))).not.toThrow();
    const cl100k =
      "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";
    expect(() => read(split({ Regex: cl100k }))).not.toThrow();
    expect(() => read(split({ Regex: ' ?[^(\\s|[.,!?…。，、।۔،])]+' }))).not.toThrow();
  });
});
