/**
 * `node --import tsx bench/text/tokens.ts MODEL.gguf`: compares token ids of lowrank with those of llama.cpp, on 1,200 lines that
 * tokenizers stumble over, with the model's vocabulary and each pre-tokenizer that is known by name. Prints lines whose ids
 * differ; the exit code is 1 where there are some. Bytes that the vocabulary has no token for are refused here and dropped
 * there: those lines are counted separately.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../src/base/random.js';
import { openGguf } from '../../src/gguf/open.js';
import { ggufParts } from '../../src/gguf/write.js';
import { fileSource } from '../../src/node/fileSource.js';
import { tokenizerFromGguf } from '../../src/text/fromGguf.js';
import { PRE_TOKENIZERS } from '../../src/text/preTokenizers.js';
import type { Tokenizer } from '../../src/text/tokenizer.js';
import { writable } from '../../test/models/ggufFiles.js';

const LINES = 1200;
/** Maximum number of lines shown for each pre-tokenizer. */
const MOST_SHOWN = 10;

/** Texts that pre-tokenizers must split, and texts that they must not. */
const PIECES = [
  ...[
    'a',
    'word',
    'Ünï',
    ' ',
    '  ',
    '   ',
    '     ',
    '\n',
    '\n\n',
    '\t',
    '\r\n',
    '\r',
    '1',
    '12',
    '345',
    '0123456789012345678901234567890',
  ],
  ...[
    '٣',
    '٣٤٥',
    '½',
    '²',
    'Ⅷ',
    '１２',
    '𝟘',
    "'s",
    "'S",
    "'ll",
    "'",
    "''",
    '!',
    '...',
    '—',
    '你',
    '好吗',
    '。',
    '日本語',
    '한국',
    'ไทย',
    'مرحبا',
    'שלום',
  ],
  ...[
    'हिन्दी',
    'বাংলা',
    'اَلْعَرَبِيَّةُ',
    'é',
    'e\u0301',
    '\u0301',
    'ß',
    'ſ',
    'ǅ',
    'İ',
    '😀',
    '👨‍👩‍👧‍👦',
    '👍🏽',
    '🇫🇷',
    '❤️',
    '∀x∈ℝ',
    '→',
    '\u00a0',
    '\u2003',
    '\u200b',
    '\u200d',
  ],
  ...[
    '\ufeff',
    '\u0085',
    '\u2028',
    '\u3000',
    '\u0000',
    '\u0001',
    '\u0006',
    '\u0007',
    '\u001b[31m',
    '\u007f',
    '\u00ad',
    '\ufffd',
    '\u{10fffd}',
    '\u{e0001}',
  ],
  ...[
    '-',
    '_',
    '(',
    ')',
    ')):',
    '{',
    '};',
    '[]',
    'x=',
    '==',
    '!=',
    '->',
    '=>',
    '//',
    '/*',
    '"""',
    '`',
    '\\n',
    '$',
    '%d',
    '#',
    '@',
    '&&',
    '<',
    '</',
    '<|',
    '|>',
  ],
  ...[
    'def f(x):',
    'return',
    'for (int i=0;i<10;++i)',
    'SELECT *',
    'https://a.b/c?d=1',
    'camelCase',
    'snake_case',
    'C:\\x',
    '0x1F',
    '1e-9',
    '3.14',
    '1,000',
  ],
];
const SPECIAL = [
  '<|im_start|>',
  '<|im_end|>',
  '<|endoftext|>',
  '<repo_name>',
  '<file_sep>',
  '<|im_start|',
  'im_end|>',
];

function linesOf(random: Random): string[] {
  const fixture = new URL('../../test/text/fixtures/smollm.json', import.meta.url);
  const { lines, special } = JSON.parse(readFileSync(fixture, 'utf8'));
  const all: string[] = [...lines, ...special.lines];
  const pick = (from: readonly string[]) => from[random.uint32() % from.length];
  while (all.length < LINES) {
    const pieces = Array.from({ length: 2 + (random.uint32() % 12) }, () => pick(PIECES));
    if (all.length % 5 === 0) pieces.splice(random.uint32() % pieces.length, 0, pick(SPECIAL));
    all.push(pieces.join(''));
  }
  return all;
}

const [model] = process.argv.slice(2);
if (!model) throw new Error('tokens: which model: node --import tsx bench/text/tokens.ts MODEL.gguf');
const { metadata } = await openGguf(await fileSource(model), model);
const folder = mkdtempSync(join(tmpdir(), 'lowrank-tokens-'));

/** The model's vocabulary with another pre-tokenizer, in a file without tensors. */
async function vocabularyFile(pre: string): Promise<string> {
  const path = join(folder, `${pre}.gguf`);
  // When a file is loaded for its vocabulary, nothing else is read.
  const isKept = (key: string) =>
    key === 'general.architecture' || (key.startsWith('tokenizer.') && key !== 'tokenizer.ggml.pre');
  const entries = [...metadata].filter(([key]) => isKept(key));
  const written = entries.map(([key, value]) => [key, writable(value)] as const);
  const parts: Uint8Array[] = [];
  const all = [...written, ['tokenizer.ggml.pre', { type: 'string', value: pre }]] as const;
  for await (const part of ggufParts({ metadata: all, tensors: [] })) parts.push(part);
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

/** Ids of each line as plain text, and with special tokens. */
function idsOfLlamaCpp(path: string, lines: readonly string[]): number[][][] {
  const script = new URL('llamaTokens.mjs', import.meta.url).pathname;
  const options = { input: JSON.stringify(lines), maxBuffer: 2 ** 28 };
  const stdio: ['pipe', 'pipe', 'ignore'] = ['pipe', 'pipe', 'ignore'];
  return JSON.parse(execFileSync(process.execPath, [script, path], { ...options, stdio }).toString());
}

/** Ids of a line, or the reason why there are none. */
function idsOf(tokenizer: Tokenizer, line: string, allowSpecial: boolean): string {
  try {
    return tokenizer.encode(line, { allowSpecial }).join(' ');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function compare(tokenizer: Tokenizer, lines: readonly string[], theirs: number[][][], name: string): number {
  const textOf = (ids: readonly number[]) =>
    ids.map((id) => (tokenizer.hasToken(id) ? tokenizer.tokenOf(id) : `#${id}`)).join('·');
  let [compared, differing, refused] = [0, 0, 0];
  for (const [i, line] of lines.entries()) {
    for (const allowSpecial of [false, true]) {
      // In plain text, special tokens are refused here, and spelled out there.
      if (!allowSpecial && tokenizer.findSpecial(line).length > 0) continue;
      compared++;
      const found = idsOf(tokenizer, line, allowSpecial);
      const wanted = theirs[i][allowSpecial ? 1 : 0];
      if (found === wanted.join(' ')) continue;
      if (found.includes('has no token') && tokenizer.decode(wanted) !== line) {
        refused++;
        continue;
      }
      differing++;
      if (differing > MOST_SHOWN) continue;
      const mine = /^[\d ]*$/.test(found) ? textOf(found.split(' ').map(Number)) : found;
      console.log(JSON.stringify({ line, allowSpecial, lowrank: mine, llamaCpp: textOf(wanted) }));
    }
  }
  console.log(
    `${name}: ${compared} comparisons, ${differing} differ; ${refused} with bytes that have no token`,
  );
  return differing;
}

let differing = 0;
for (const [pre, { normalizer }] of PRE_TOKENIZERS) {
  // Qwen's own tokenizer composes characters first, llama.cpp's does not.
  const composed = linesOf(new Random(7)).map((line) => (normalizer ? line.normalize('NFC') : line));
  const path = await vocabularyFile(pre);
  const opened = await openGguf(await fileSource(path), pre);
  const tokenizer = tokenizerFromGguf(opened.metadata, pre);
  differing += compare(tokenizer, composed, idsOfLlamaCpp(path, composed), pre);
}
rmSync(folder, { recursive: true });
process.exitCode = differing > 0 ? 1 : 0;
