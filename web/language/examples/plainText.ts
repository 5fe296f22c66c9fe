/** Plain texts: questions and answers on marked lines, and prose. */
import type { Pair } from './rows.js';

export interface BadPlace {
  /** Line number, counted from 1. */
  readonly line: number;
  /** The reason as it follows `Line 14: `, without a full stop. */
  readonly why: string;
}

export interface Placed extends Pair {
  readonly line: number;
}

const QUESTION = /^\s*(?:q|question|prompt|user|human)\s*\d*\s*[:.)]\s?/i;
const ANSWER = /^\s*(?:a|answer|response|assistant|model|ai|bot)\s*\d*\s*[:.)]\s?/i;

/** Whether a text begins with a marked question and has a marked answer. */
export function hasMarkedLines(text: string): boolean {
  const lines = text.split(/\r?\n/);
  const first = lines.find((line) => line.trim() !== '') ?? '';
  return QUESTION.test(first) && lines.some((line) => ANSWER.test(line));
}

/** Reads `Q: …` and `A: …`; either may continue on the lines below it. */
export function markedLines(text: string): {
  readonly pairs: readonly Placed[];
  readonly bad: readonly BadPlace[];
} {
  const pairs: Placed[] = [];
  const bad: BadPlace[] = [];
  for (const { line, prompt, answer } of markedParts(text)) {
    const [asked, said] = [prompt?.join('\n').trim() ?? '', answer?.join('\n').trim() ?? ''];
    if (asked === '') bad.push({ line, why: 'no question' });
    else if (said === '') bad.push({ line, why: 'no answer' });
    else pairs.push({ line, prompt: asked, answer: said });
  }
  return { pairs, bad };
}

interface MarkedPart {
  readonly line: number;
  prompt?: string[];
  answer?: string[];
}

function markedParts(text: string): readonly MarkedPart[] {
  const parts: MarkedPart[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const last = parts.at(-1);
    if (QUESTION.test(line)) parts.push({ line: i + 1, prompt: [line.replace(QUESTION, '')] });
    else if (ANSWER.test(line)) {
      const answer = [line.replace(ANSWER, '')];
      if (last && !last.answer) last.answer = answer;
      else parts.push({ line: i + 1, answer });
    } else (last?.answer ?? last?.prompt)?.push(line);
  }
  return parts;
}

/** Least UTF-8 bytes per token in most texts. Some pieces still turn out too long, and are marked. */
const BYTES_PER_TOKEN = 3;

/**
 * Cuts prose into pieces that end with a paragraph, each about as long as a row may be. Longer paragraphs are cut after a
 * sentence, and longer sentences after a word.
 * @param maxTokens  largest number of tokens of a piece
 */
export function pieces(text: string, maxTokens: number): readonly string[] {
  const most = BYTES_PER_TOKEN * maxTokens;
  const paragraphs = text
    .split(/\r?\n[ \t]*(?:\r?\n[ \t]*)+/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
  const parts = paragraphs.flatMap((paragraph) =>
    sizeOf(paragraph) <= most ? [paragraph] : joined(sentences(paragraph, most), ' ', most),
  );
  return joined(parts, '\n\n', most);
}

const encoder = new TextEncoder();
const sizeOf = (text: string) => encoder.encode(text).length;

function sentences(paragraph: string, most: number): readonly string[] {
  return paragraph
    .split(/(?<=[.!?…]["'”’)]*)\s+|(?<=[。！？])/u)
    .flatMap((sentence) =>
      sizeOf(sentence) <= most ? [sentence] : joined(words(sentence, most), ' ', most),
    );
}

/** Words of a sentence; a word that is longer than a piece is cut between characters. */
function words(sentence: string, most: number): readonly string[] {
  return sentence
    .split(/\s+/)
    .flatMap((word) => (sizeOf(word) <= most ? [word] : joined([...word], '', most)));
}

/** Joins parts, as many as fit into each piece. */
function joined(parts: readonly string[], between: string, most: number): readonly string[] {
  const found: string[] = [];
  let [piece, size] = ['', 0];
  for (const part of parts) {
    const more = sizeOf(part) + between.length;
    if (piece !== '' && size + more > most) {
      found.push(piece);
      [piece, size] = ['', 0];
    }
    piece = piece === '' ? part : piece + between + part;
    size += more;
  }
  return piece === '' ? found : [...found, piece];
}
