/** Results of PyPI tokenizers and transformers for the same files, written by `make_fixtures.py`. */
import { readFileSync } from 'node:fs';

const read = (name: string) => JSON.parse(readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8'));

/** Ids of each line; null for a line that cannot be encoded without loss. */
export type Ids = readonly (readonly number[] | null)[];

export interface TokenizerFile {
  readonly added_tokens: readonly {
    readonly id: number;
    readonly content: string;
    readonly special: boolean;
  }[];
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (readonly [string, string])[];
  };
}

export interface Rendered {
  readonly template: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly prompt: boolean;
  readonly tools: boolean;
  readonly text: string | { readonly raises: string };
}

export const smollm = (): {
  readonly lines: readonly string[];
  readonly ids: Ids;
  readonly special: { readonly lines: readonly string[]; readonly ids: Ids };
} => read('smollm.json');

export const byteLevel = (): {
  readonly lines: readonly string[];
  readonly specialLines: readonly string[];
  readonly pre: Readonly<
    Record<string, { readonly json: TokenizerFile; readonly ids: Ids; readonly special: Ids }>
  >;
} => read('byteLevel.json');

export interface OtherTokenizer {
  readonly json: TokenizerFile;
  readonly lines: readonly string[];
  readonly ids: Ids;
  readonly withSpecial: Ids;
  readonly texts: readonly string[];
}

export const others = (): { readonly wordPiece: OtherTokenizer; readonly sentencePiece: OtherTokenizer } =>
  read('others.json');

export const chat = (): {
  readonly templates: Readonly<Record<string, string>>;
  readonly tools: readonly object[];
  readonly rendered: readonly Rendered[];
} => read('chat.json');

/** Conversations as ids, and which of these are trained, written by `make_examples.py`. */
export const markedExamples = (): {
  readonly template: string;
  readonly rows: readonly {
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly ids: readonly number[];
    readonly trained: readonly number[];
  }[];
} => read('examples.json');
