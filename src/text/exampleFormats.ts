/** The formats of training examples that are in use, each recognized by its keys. */
import { DataError } from '../base/errors.js';
import { conversationOf } from './conversations.js';
import { kindOf } from './fields.js';
import type { ChatMessage } from './messages.js';

/** The content of an example that a model is trained on. */
export type ExampleContent =
  | {
      readonly kind: 'messages';
      readonly messages: readonly ChatMessage[];
      readonly tools?: readonly object[];
    }
  | { readonly kind: 'completion'; readonly prompt: string; readonly completion: string }
  | { readonly kind: 'text'; readonly text: string };

/** An object of JSON, or a row of a table. */
export type ExampleRecord = Readonly<Record<string, unknown>>;

export interface ExampleFormat {
  readonly name: string;
  /** The keys that an example has; others are allowed. */
  readonly keys: readonly string[];
  /** Reads an example. @throws DataError for an object that is not an example of this format */
  readonly read: (record: ExampleRecord) => ExampleContent;
}

/** Keys for a text and its continuation. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['prompt', 'completion'],
  ['question', 'answer'],
  ['input', 'output'],
];

/** The known formats, in the order in which they are tried. */
export const FORMATS: readonly ExampleFormat[] = [
  { name: 'messages', keys: ['messages'], read: readMessages },
  { name: 'ShareGPT', keys: ['conversations'], read: readShareGpt },
  { name: 'Alpaca', keys: ['instruction', 'output'], read: readAlpaca },
  ...PAIRS.map((keys) => ({
    name: keys.join(' and '),
    keys,
    read: (record: ExampleRecord) => readPair(record, keys),
  })),
  { name: 'text', keys: ['text'], read: readText },
];

/** The first format whose keys the object has; undefined where there is none. */
export function formatOf(record: ExampleRecord): ExampleFormat | undefined {
  return FORMATS.find(({ keys }) => keys.every((key) => Object.hasOwn(record, key)));
}

/** The possible keys, in words. */
export function knownKeys(): string {
  return FORMATS.map(({ keys }) => keys.join(' and ')).join(', or ');
}

function readMessages(record: ExampleRecord): ExampleContent {
  return withTools(conversationOf(record.messages), record);
}

/** Names of the speakers in ShareGPT's files. */
const SPEAKERS: ReadonlyMap<unknown, string> = new Map([
  ...['human', 'user'].map((name) => [name, 'user'] as const),
  ...['gpt', 'chatgpt', 'assistant', 'model'].map((name) => [name, 'assistant'] as const),
  ...['tool', 'observation'].map((name) => [name, 'tool'] as const),
  ['system', 'system'],
]);

function readShareGpt(record: ExampleRecord): ExampleContent {
  const { conversations, system } = record;
  if (!Array.isArray(conversations))
    throw new DataError(`conversations: must be an array: ${kindOf(conversations)}`);
  const said = (conversations as readonly unknown[]).map((each, i) => {
    const where = `conversations[${i}]`;
    if (typeof each !== 'object' || each === null || Array.isArray(each))
      throw new DataError(`${where}: must be an object: ${kindOf(each)}`);
    const { from, value, ...rest } = each as ExampleRecord;
    const role = SPEAKERS.get(from);
    if (role === undefined)
      throw new DataError(
        `${where}.from: must be one of ${[...SPEAKERS.keys()].join(', ')}: ${kindOf(from)}`,
      );
    return { ...rest, role, content: value };
  });
  return withTools(conversationOf([...systemOf(system), ...said]), record);
}

/** Reads an example in Alpaca's format. @see https://github.com/tatsu-lab/stanford_alpaca#data-release */
function readAlpaca(record: ExampleRecord): ExampleContent {
  const { instruction, input, output, system, history } = record;
  const question = textOf('instruction', instruction);
  const more = isAbsent(input) ? '' : textOf('input', input);
  const messages = conversationOf([
    ...systemOf(system),
    ...historyOf(history),
    { role: 'user', content: more === '' ? question : `${question}\n${more}` },
    { role: 'assistant', content: answerOf('output', output) },
  ]);
  return { kind: 'messages', messages };
}

/** Earlier turns, as LLaMA-Factory stores them in files of this format. */
function historyOf(history: unknown): readonly object[] {
  if (isAbsent(history)) return [];
  if (!Array.isArray(history)) throw new DataError(`history: must be an array: ${kindOf(history)}`);
  return (history as readonly unknown[]).flatMap((turn, i) => {
    if (!Array.isArray(turn) || turn.length !== 2)
      throw new DataError(`history[${i}]: must be an array of a question and an answer: ${kindOf(turn)}`);
    return [
      { role: 'user', content: turn[0] },
      { role: 'assistant', content: turn[1] },
    ];
  });
}

function readPair(record: ExampleRecord, [first, second]: readonly [string, string]): ExampleContent {
  const prompt = textOf(first, record[first]);
  return { kind: 'completion', prompt, completion: answerOf(second, record[second]) };
}

function readText({ text }: ExampleRecord): ExampleContent {
  return { kind: 'text', text: answerOf('text', text) };
}

function withTools(messages: readonly ChatMessage[], { tools }: ExampleRecord): ExampleContent {
  if (isAbsent(tools)) return { kind: 'messages', messages };
  const isObject = (tool: unknown) => typeof tool === 'object' && tool !== null && !Array.isArray(tool);
  if (!Array.isArray(tools)) throw new DataError(`tools: must be an array: ${kindOf(tools)}`);
  const wrong = (tools as readonly unknown[]).findIndex((tool) => !isObject(tool));
  if (wrong >= 0) throw new DataError(`tools[${wrong}]: must be an object: ${kindOf(tools[wrong])}`);
  return { kind: 'messages', messages, ...(tools.length > 0 ? { tools } : {}) };
}

function systemOf(system: unknown): readonly object[] {
  if (isAbsent(system) || system === '') return [];
  return [{ role: 'system', content: textOf('system', system) }];
}

/** Whether an example lacks a key; tables of other programs write null for it. */
function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function textOf(key: string, value: unknown): string {
  if (typeof value !== 'string') throw new DataError(`${key}: must be text: ${kindOf(value)}`);
  return value;
}

/** A text to train on, which must not be empty. */
function answerOf(key: string, value: unknown): string {
  const text = textOf(key, value);
  if (text.trim() === '') throw new DataError(`${key}: must not be empty`);
  return text;
}
