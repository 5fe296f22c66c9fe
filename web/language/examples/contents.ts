/** Turns what the library reads from a file into rows of prompt and answer. What a row cannot hold is counted and reported. */
import type { BadLine, ChatMessage, ExampleContent, ReadExample } from 'lowrank/text';
import { count, integer } from '../../format.js';
import type { BadPlace, Placed } from './plainText.js';

export interface Contents {
  readonly pairs: readonly Placed[];
  readonly bad: readonly BadPlace[];
  /** Sentences about what was left out of the rows. */
  readonly notes: readonly string[];
  /** System prompt that all conversations share. */
  readonly system: string | undefined;
}

/** Counts what the conversations had that no row holds. */
class LeftOut {
  conversations = 0;
  turns = 0;
  readonly systems = new Map<string, number>();

  /** @param rows  number of rows */
  words(rows: number): { readonly notes: readonly string[]; readonly system: string | undefined } {
    const notes: string[] = [];
    if (this.conversations > 0)
      notes.push(
        `${count(this.conversations, 'conversation')} ${this.conversations === 1 ? 'has' : 'have'} several turns: only the last question and answer are taken, ${count(this.turns, 'earlier message')} ${this.turns === 1 ? 'is' : 'are'} left out.`,
      );
    const [first] = this.systems;
    if (first && this.systems.size === 1 && first[1] === rows) return { notes, system: first[0] };
    const having = [...this.systems.values()].reduce((all, each) => all + each, 0);
    if (having > 0)
      notes.push(
        `${integer(having)} of ${integer(rows)} examples have a system prompt, and they are not all the same: the table has one for all, so theirs are left out.`,
      );
    return { notes, system: undefined };
  }
}

/** @param linesAbove  number of lines that were added above the file's first line */
export function contentsOf(
  examples: readonly ReadExample[],
  refused: readonly BadLine[],
  linesAbove = 0,
): Contents {
  const pairs: Placed[] = [];
  const bad: BadPlace[] = refused.map(({ line, reason }) => ({ line, why: plainReason(reason) }));
  const leftOut = new LeftOut();
  for (const { line, content } of examples) {
    const found = pairOf(content, leftOut);
    if (typeof found === 'string') bad.push({ line, why: found });
    else pairs.push({ line, ...found });
  }
  const moved = <T extends BadPlace | Placed>(all: readonly T[]) =>
    all.map((each) => ({ ...each, line: each.line - linesAbove }));
  return {
    pairs: moved(pairs),
    bad: moved(bad).sort((a, b) => a.line - b.line),
    ...leftOut.words(pairs.length),
  };
}

/** @returns the row, or why it cannot be one */
function pairOf(content: ExampleContent, leftOut: LeftOut): { prompt: string; answer: string } | string {
  if (content.kind === 'text') return { prompt: '', answer: content.text };
  // Files of this kind have a space between the two, unlike a conversation.
  if (content.kind === 'completion')
    return { prompt: content.prompt.trim(), answer: content.completion.trim() };
  const { messages } = content;
  if (content.tools || messages.some((message) => message.role === 'tool' || message.tool_calls))
    return 'it calls tools, which a row cannot hold';
  const at = messages.map(({ role }) => role).lastIndexOf('assistant');
  const [question, answer] = [messages[at - 1], messages[at]];
  if (!answer) return 'no answer';
  if (answer.weight === 0) return 'its last answer has weight 0, so there is nothing to learn from it';
  return rowOf(messages, question, answer, leftOut);
}

function rowOf(
  messages: readonly ChatMessage[],
  question: ChatMessage,
  answer: ChatMessage,
  leftOut: LeftOut,
): { prompt: string; answer: string } {
  const isSystem = ({ role }: ChatMessage) => role === 'system' || role === 'developer';
  const system = messages.find(isSystem)?.content.trim();
  if (system) leftOut.systems.set(system, (leftOut.systems.get(system) ?? 0) + 1);
  const more = messages.filter((message) => !isSystem(message)).length - 2;
  if (more > 0) {
    leftOut.conversations++;
    leftOut.turns += more;
  }
  return { prompt: question.content, answer: answer.content };
}

const LONGEST = 160;

/** A reason from the library in words that follow `Line 14: `. */
export function plainReason(reason: string): string {
  if (
    /^(?:messages\[\d+\]\.content: the answer must not be empty|(?:output|completion|answer): must not be empty)$/.test(
      reason,
    )
  )
    return 'no answer';
  if (reason === 'text: must not be empty') return 'no text';
  if (reason.startsWith('is not JSON: ')) return `it is not JSON: ${shortened(reason.slice(13))}`;
  const columns = /^must have the same number of columns as the first row, (\d+): (\d+)$/.exec(reason);
  if (columns) return `it has ${count(Number(columns[2]), 'column')} instead of ${columns[1]}`;
  const keys = /^must have the keys (?:of (line \d+))?.*: (it has [^:]+)$/.exec(reason);
  if (keys) return `it has other keys than ${keys[1] ?? 'examples have'}: ${shortened(keys[2])}`;
  return shortened(reason);
}

const shortened = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
