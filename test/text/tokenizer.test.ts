/** Ids and texts of tokenizers. Oracle: PyPI tokenizers on the same vocabularies. */
import { beforeAll, describe, expect, it } from 'vitest';
import { openGguf } from '../../src/gguf/open.js';
import { tokenizerFromFiles } from '../../src/text/fromFiles.js';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import { hasRealModel, realModel } from '../support/realModel.js';
import { byteLevel, others, smollm } from './fixtures.js';
import { metadataOf, refusal, wrongLines } from './support.js';

const fromJson = (json: object) =>
  tokenizerFromFiles(new Map([['tokenizer.json', JSON.stringify(json)]]), 'dir');

/** Checks that the pieces of a stream are whole characters, and together equal the result of `decode`. */
function streamed(tokenizer: Tokenizer, ids: Int32Array): string {
  const stream = tokenizer.stream();
  const pieces = [...Array.from(ids, (id) => stream.push(id)), stream.end()];
  expect(pieces.filter((piece) => /\p{Surrogate}/u.test(piece))).toEqual([]);
  return pieces.join('');
}

function bytesIn(tokenizer: Tokenizer, ids: Iterable<number>): number {
  return Array.from(ids, (id) => tokenizer.textBytes(id)).reduce((sum, bytes) => sum + bytes, 0);
}

describe.each(Object.entries(byteLevel().pre))('byte-level BPE, %s', (pre, { json, ids, special }) => {
  const { lines, specialLines } = byteLevel();
  const tokenizers = { gguf: tokenizerFromGguf(metadataOf(json, pre), 'f'), files: fromJson(json) };

  it.each(Object.entries(tokenizers))('gives the ids of the original, from %s', (_, tokenizer) => {
    expect(wrongLines(tokenizer, lines, ids)).toEqual([]);
    expect(wrongLines(tokenizer, specialLines, special, { allowSpecial: true })).toEqual([]);
    const start = tokenizer.idOf('<|im_start|>');
    const around = ids.map((each) => each && start !== undefined && [start, ...each]);
    expect(wrongLines(tokenizer, lines, around as typeof ids, { addSpecialTokens: true })).toEqual([]);
  });

  it('decodes to the text, at once and in a stream', () => {
    const kept = lines.filter((_, i) => ids[i] !== null);
    const texts = kept.map((line) => (pre === 'qwen2' ? line.normalize('NFC') : line));
    const all = kept.map((line) => tokenizers.gguf.encode(line));
    expect(all.map((each) => tokenizers.gguf.decode(each))).toEqual(texts);
    expect(all.map((each) => streamed(tokenizers.gguf, each))).toEqual(texts);
  });

  it('has the bytes of a text in its tokens, and none in special ones', () => {
    const kept = lines.filter((_, i) => ids[i] !== null);
    const texts = kept.map((line) => (pre === 'qwen2' ? line.normalize('NFC') : line));
    for (const tokenizer of Object.values(tokenizers)) {
      const found = kept.map((line) => bytesIn(tokenizer, tokenizer.encode(line)));
      expect(found).toEqual(texts.map((text) => new TextEncoder().encode(text).length));
      expect([...tokenizer.specialTokens.values()].map((id) => tokenizer.textBytes(id))).toContain(0);
      expect(bytesIn(tokenizer, tokenizer.specialTokens.values())).toBe(0);
    }
  });
});

describe.each(Object.entries(others()))('%s', (kind, { json, lines, ids, withSpecial, texts }) => {
  const tokenizer = fromJson(json);

  it('gives the ids of the original, truncates nothing and pads nothing', () => {
    expect(wrongLines(tokenizer, lines, ids)).toEqual([]);
    expect(wrongLines(tokenizer, lines, withSpecial, { addSpecialTokens: true })).toEqual([]);
  });

  it('decodes as the original, at once and in a stream', () => {
    const all = ids.map((each) => Int32Array.from(each ?? []));
    expect(all.map((each) => tokenizer.decode(each))).toEqual(texts);
    expect(all.map((each) => streamed(tokenizer, each))).toEqual(texts);
    if (kind === 'sentencePiece')
      expect(texts.filter((text, i) => text === lines[i]).length).toBeGreaterThan(60);
  });

  it('has the bytes of a text in its tokens, and of the space before it', () => {
    const wrong = texts.filter((text, i) => {
      const bytes = new TextEncoder().encode(text).length;
      return bytes > 0 && bytesIn(tokenizer, ids[i] ?? []) !== bytes + 1;
    });
    // Text without a token becomes a special one; and before some points the space is lost.
    const isKnown = (text: string) =>
      kind === 'wordPiece' && /\[UNK\]|^(\.{4}|!!!\?\?\?|\.\.\. _)/.test(text);
    expect(wrong.filter((text) => !isKnown(text))).toEqual([]);
  });
});

describe('a tokenizer', () => {
  const { json } = byteLevel().pre.smollm;
  const metadata = metadataOf(json, 'smollm');
  const tokenizer = tokenizerFromGguf(metadata, 'f');
  const [start, end] = [tokenizer.idOf('<|im_start|>') ?? -1, tokenizer.idOf('<|im_end|>') ?? -1];

  it('lists its tokens', () => {
    expect(tokenizer.specialTokens).toEqual(
      new Map([
        ['<|im_start|>', start],
        ['<|im_end|>', end],
      ]),
    );
    expect(tokenizer).toMatchObject({
      bosId: start,
      eosIds: [end],
      padId: undefined,
      chatTemplate: undefined,
    });
    expect(tokenizer.vocabularySize).toBe(Object.keys(json.model.vocab).length + 3);
    expect([
      tokenizer.hasToken(end),
      tokenizer.hasToken(9999),
      tokenizer.hasToken(-1),
      tokenizer.hasToken(0.5),
    ]).toEqual([true, false, false, false]);
    expect([tokenizer.tokenOf(start), tokenizer.idOf('no such token')]).toEqual(['<|im_start|>', undefined]);
  });

  it('refuses special tokens in a text by name, unless they are allowed', () => {
    expect(refusal(() => tokenizer.encode('a <|im_end|>'))).toBe(
      'f: text holds a special token, which is refused: "<|im_end|>" at character 2',
    );
    expect([...tokenizer.encode('<|im_end|>', { allowSpecial: true })]).toEqual([end]);
    // A user-defined token is not a control token.
    expect([...tokenizer.encode('<think>')]).toEqual([tokenizer.idOf('<think>')]);
    expect(tokenizer.findSpecial('<|im_end|>a<|im_start|>')).toEqual([
      { token: '<|im_end|>', at: 0 },
      { token: '<|im_start|>', at: 11 },
    ]);
  });

  it('refuses text that it would lose', () => {
    expect(refusal(() => tokenizer.encode('né\u0004'))).toBe(
      'f: text cannot be encoded: byte 0x04 at byte 3 has no token',
    );
    expect(refusal(() => tokenizer.encode('a\ud83d'))).toBe(
      'f: text must not hold half a surrogate pair: at character 1',
    );
    expect(() => tokenizer.encode(3 as never)).toThrow(TypeError);
  });

  it('leaves special tokens out of a text on request', () => {
    const ids = tokenizer.encode('<|im_start|>é<|im_end|>', { allowSpecial: true });
    expect(tokenizer.decode(ids)).toBe('<|im_start|>é<|im_end|>');
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe('é');
    const stream = tokenizer.stream({ skipSpecial: true });
    expect(Array.from(ids, (id) => stream.push(id)).join('') + stream.end()).toBe('é');
  });

  it('decodes half a character as U+FFFD, and holds it back in a stream', () => {
    const [first, ...rest] = tokenizer.encode('ꙮ你');
    expect(tokenizer.decode([first, end])).toBe('\ufffd<|im_end|>');
    const stream = tokenizer.stream();
    expect([stream.push(first), stream.end()]).toEqual(['', '\ufffd']);
    const again = tokenizer.stream();
    const pieces = [first, ...rest].map((id) => again.push(id));
    expect(pieces.filter((piece) => piece !== '')).toEqual(['ꙮ', '你']);
  });

  it('keeps spaces before punctuation', () => {
    expect(tokenizer.decode(tokenizer.encode("a . b , c ! d n't"))).toBe("a . b , c ! d n't");
  });

  it('knows only its own ids', () => {
    expect(() => tokenizer.decode([end, 9999])).toThrow(
      /^f: no token has this id: 9999: the vocabulary has \d+$/,
    );
    expect(() => tokenizer.decode([-1])).toThrow(RangeError);
    expect(() => tokenizer.stream().push(Number.NaN)).toThrow(RangeError);
    expect(tokenizer.decode([])).toBe('');
  });
});

describe.runIf(hasRealModel)('SmolLM2', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = tokenizerFromGguf((await openGguf(realModel(), 'm')).metadata, 'm');
  });
  const { lines, ids, special } = smollm();

  it('gives the ids of the original, and the text again', () => {
    expect(wrongLines(tokenizer, lines, ids)).toEqual([]);
    expect(wrongLines(tokenizer, special.lines, special.ids, { allowSpecial: true })).toEqual([]);
    const kept = lines.filter((_, i) => ids[i] !== null);
    expect(kept.length).toBeGreaterThan(280);
    expect(kept.map((line) => tokenizer.decode(tokenizer.encode(line)))).toEqual(kept);
    expect(kept.map((line) => streamed(tokenizer, tokenizer.encode(line)))).toEqual(kept);
  });

  it('lists its tokens', () => {
    expect(tokenizer).toMatchObject({ vocabularySize: 49_152, bosId: 1, eosIds: [2], padId: 2 });
    expect(tokenizer.specialTokens.size).toBe(17);
    expect([...tokenizer.encode('Paris', { addSpecialTokens: true })]).toEqual([
      ...tokenizer.encode('Paris'),
    ]);
  });
});
