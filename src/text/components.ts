/**
 * The steps of a tokenizer.json around its model, as the library takes them. Steps that it lacks, or does differently from
 * the tokenizers that models were trained with, are refused by name.
 */
import { DataError } from '../base/errors.js';
import { Fields, kindOf } from './fields.js';
import { checkPattern } from './pattern.js';
import { byteLevel, type Component, digits } from './preTokenizers.js';

export type { Component } from './preTokenizers.js';

/** Maximum depth of nested sequences, and maximum number of their steps. */
const [MAX_DEPTH, MAX_STEPS] = [4, 16];
/** Maximum characters that a step may substitute for others: consecutive steps multiply. */
const MAX_CONTENT = 4;
const MAX_REPLACED = 4;

type Check = (fields: Fields) => Omit<Component, 'type'> | Component;
type Checks = Readonly<Record<string, Check>>;

const none: Check = () => ({});
const flags =
  (defaults: Readonly<Record<string, boolean>>): Check =>
  (fields) =>
    Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, fields.flag(key, value)]));

const NORMALIZERS: Checks = {
  ...{ NFC: none, NFD: none, NFKC: none, NFKD: none, Lowercase: none },
  Strip: flags({ strip_left: true, strip_right: true }),
  Prepend: (fields) => ({ prepend: fields.text('prepend', MAX_CONTENT) }),
  Replace: (fields) => ({ pattern: patternOf(fields), content: fields.text('content', MAX_CONTENT) }),
  BertNormalizer: (fields) => ({
    ...flags({ clean_text: true, handle_chinese_chars: true, lowercase: true })(fields),
    strip_accents: fields.get('strip_accents') === null ? null : fields.flag('strip_accents', true),
  }),
};

const PRE_TOKENIZERS: Checks = {
  ...{ BertPreTokenizer: none, Whitespace: none, WhitespaceSplit: none },
  ByteLevel: (fields) => {
    const own = flags({ add_prefix_space: true, use_regex: true })(fields);
    return own.use_regex && !own.add_prefix_space ? byteLevel() : own;
  },
  Digits: (fields) => digits(fields.flag('individual_digits', false)),
  Split: splitOf,
  Metaspace: (fields) => {
    const scheme = oneOf(fields, 'prepend_scheme', ['always', 'never', 'first'], 'always');
    if (fields.flag('split', true)) throw fields.error('split', 'must be false', true);
    return { replacement: fields.text('replacement', 1, '▁'), prepend_scheme: scheme };
  },
};

const DECODERS: Checks = {
  ...{ ByteLevel: none, Fuse: none, ByteFallback: none },
  WordPiece: (fields) => ({
    prefix: fields.text('prefix', 100, '##'),
    cleanup: fields.flag('cleanup', true),
  }),
  Metaspace: (fields) => ({ replacement: fields.text('replacement', 1, '▁') }),
  Replace: (fields) => ({ pattern: patternOf(fields), content: fields.text('content', MAX_CONTENT) }),
  Strip: (fields) => ({
    content: fields.text('content', 1),
    start: fields.integer('start', 0, 100),
    stop: fields.integer('stop', 0, 100),
  }),
};

export const checkNormalizer = (value: unknown, name: string): Component | null =>
  component(value, `${name}: normalizer`, NORMALIZERS, 'normalizers');

export const checkPreTokenizer = (value: unknown, name: string): Component | null =>
  component(value, `${name}: pre_tokenizer`, PRE_TOKENIZERS, 'pretokenizers');

export function checkDecoder(value: unknown, name: string): Component | null {
  const decoder = component(value, `${name}: decoder`, DECODERS, 'decoders');
  // The library's byte decoder receives the added tokens only where it is the whole decoder.
  if (decoder?.type === 'Sequence' && /"type":"ByteLevel"/.test(JSON.stringify(decoder)))
    throw new DataError(`${name}: decoder: type is not supported in a Sequence: "ByteLevel"`);
  return decoder;
}

type IdOf = (token: string) => number | undefined;

/** Checks the tokens around a text. Each must be in the vocabulary, with the id that the file gives it. */
export function checkPostProcessor(value: unknown, name: string, idOf: IdOf): Component | null {
  const around = (fields: Fields) => ({
    cls: tokenAndId(fields, 'cls', idOf),
    sep: tokenAndId(fields, 'sep', idOf),
  });
  const checks: Checks = {
    ByteLevel: none,
    BertProcessing: around,
    RobertaProcessing: around,
    TemplateProcessing: (fields) => ({ single: templateOf(fields, idOf), pair: [] }),
  };
  return component(value, `${name}: post_processor`, checks, 'processors');
}

/** Checks one step, or a `Sequence` of them in the field `list`. */
function component(value: unknown, where: string, checks: Checks, list: string): Component | null {
  if (value === undefined || value === null) return null;
  let [steps, replaced] = [0, 0];
  const check = (each: unknown, here: string, depth: number): Component => {
    const fields = new Fields(each, here);
    const type = fields.get('type');
    if (++steps > MAX_STEPS) throw new DataError(`${where}: must have at most ${MAX_STEPS} steps`);
    if (type === 'Replace' && ++replaced > MAX_REPLACED)
      throw new DataError(`${where}: must have at most ${MAX_REPLACED} steps of type Replace`);
    if (type === 'Sequence') {
      if (depth === 0) throw new DataError(`${here}: must not be nested more than ${MAX_DEPTH} deep`);
      const inner = fields.list(list, MAX_STEPS);
      return { type, [list]: inner.map((one, i) => check(one, `${here}: ${list}[${i}]`, depth - 1)) };
    }
    if (typeof type !== 'string' || !Object.hasOwn(checks, type)) {
      const known = ['Sequence', ...Object.keys(checks)].join(', ');
      throw new DataError(`${here}: type is not supported: ${kindOf(type)}: expected one of ${known}`);
    }
    return { type, ...checks[type](fields) };
  };
  return check(value, where, MAX_DEPTH);
}

function oneOf(fields: Fields, key: string, values: readonly string[], ifAbsent: string): string {
  const value = fields.get(key) ?? ifAbsent;
  if (typeof value === 'string' && values.includes(value)) return value;
  throw fields.error(key, `must be one of ${values.join(', ')}`, value);
}

function patternOf(fields: Fields): Readonly<Record<string, string>> {
  const pattern = new Fields(fields.get('pattern'), `${fields.where}: pattern`);
  if (pattern.get('Regex') === undefined) {
    const text = pattern.text('String', 100);
    if (text === '') throw pattern.error('String', 'must not be empty', text);
    return { String: text };
  }
  const Regex = pattern.text('Regex', Number.POSITIVE_INFINITY);
  checkPattern(Regex, pattern.where);
  return { Regex };
}

/** Checks for one of the two ways of splitting in which the library agrees with the original. */
function splitOf(fields: Fields): Omit<Component, 'type'> {
  const [behavior, invert] = [fields.get('behavior'), fields.flag('invert', false)];
  const isKnown = (behavior === 'Isolated' && !invert) || (behavior === 'Removed' && invert);
  if (!isKnown)
    throw fields.error(
      'behavior',
      `with invert ${invert} is not supported: only Isolated without invert and Removed with invert are`,
      behavior,
    );
  return { pattern: patternOf(fields), behavior, invert };
}

function tokenAndId(fields: Fields, key: string, idOf: IdOf): readonly [string, number] {
  const [token, id, ...rest] = fields.list(key, 2);
  if (typeof token === 'string' && id !== undefined && rest.length === 0 && idOf(token) === id)
    return [token, id as number];
  throw new DataError(`${fields.where}: ${key} must be a token and its id: ${kindOf(token)}, ${kindOf(id)}`);
}

/** The order of one text and the tokens around it in a template. */
function templateOf(fields: Fields, idOf: IdOf): readonly object[] {
  const special = new Fields(fields.get('special_tokens') ?? {}, `${fields.where}: special_tokens`);
  const items = fields.list('single', 16).map((item, i) => {
    const here = new Fields(item, `${fields.where}: single[${i}]`);
    if (here.get('Sequence') !== undefined) {
      new Fields(here.get('Sequence'), here.where).text('id', 1);
      return { Sequence: { id: 'A', type_id: 0 } };
    }
    const id = new Fields(here.get('SpecialToken'), `${here.where}: SpecialToken`).text('id', 1000);
    const { where, ids } = {
      where: here.where,
      ids: new Fields(special.get(id), special.where).list('ids', 16),
    };
    if (ids.length !== 1 || ids[0] === undefined || ids[0] !== idOf(id))
      throw new DataError(`${where}: must be one token of the vocabulary: ${JSON.stringify(id)}`);
    return { SpecialToken: { id, type_id: 0 } };
  });
  const texts = items.filter((item) => 'Sequence' in item).length;
  if (texts !== 1) throw new DataError(`${fields.where}: single must hold the text once: ${texts} times`);
  return items;
}
