/** Text from a language model, piece by piece. */
import { checkOptions, type OptionNames } from '../base/options.js';
import type { LlamaForCausalLM } from '../models/llama.js';
import { modelParts } from '../nn/module.js';
import { beginReading } from '../nn/use.js';
import { answerFrame } from '../text/answerFrame.js';
import { encodeChat } from '../text/chat.js';
import type { ChatMessage } from '../text/messages.js';
import type { TextStream } from '../text/textStream.js';
import type { Tokenizer } from '../text/tokenizer.js';
import { TokenReader } from './reader.js';
import { checkSampling, SAMPLING_NAMES, Sampler, type SamplingOptions } from './sampling.js';
import { StopTexts } from './stopTexts.js';
import { TextCache } from './textCache.js';

export interface GenerateOptions extends SamplingOptions {
  /** Maximum tokens to generate. Default 256; the end of the model's context also ends the text. */
  readonly maxTokens?: number;
  /** Whether to continue past the tokens that end a text, or in a chat a turn; they are not shown. Default false. */
  readonly ignoreEos?: boolean;
  /** Stop texts, before which the generated text ends. */
  readonly stop?: readonly string[];
  /** Whether special tokens in the prompt or in messages become control tokens; otherwise they are refused. Default false. */
  readonly allowSpecial?: boolean;
  /** Signal that ends the text at once, with `stoppedBy: 'abort'`. */
  readonly signal?: AbortSignal;
  /** Cache of an earlier text, whose common beginning is not read again; it holds this text afterwards. */
  readonly cache?: TextCache;
}

export const GENERATE_NAMES: OptionNames<GenerateOptions> = {
  ...SAMPLING_NAMES,
  maxTokens: true,
  ignoreEos: true,
  stop: true,
  allowSpecial: true,
  signal: true,
  cache: true,
};

export interface GenerationResult {
  /** The generated text, without special tokens and stop texts. */
  readonly text: string;
  /** The generated tokens, without the one that ended the text. */
  readonly ids: Int32Array;
  /** The number of `ids`. */
  readonly tokens: number;
  readonly promptTokens: number;
  /** Number of prompt tokens that were read, since the cache lacked them. */
  readonly readTokens: number;
  /** Reason for the end. `stop`: a stop token or text; `length`: `maxTokens`, or the end of the context; `abort`: the signal. */
  readonly stoppedBy: 'stop' | 'length' | 'abort';
  /** Generated tokens read per second, after the prompt; 0 where there were none. */
  readonly tokensPerSecond: number;
  /** Prompt tokens read per second, without those in the cache; 0 where the prompt was not read to its end. */
  readonly promptTokensPerSecond: number;
}

/** A prompt: a text, messages of a chat (rendered with the tokenizer's chat template), or token ids. */
export type Prompt = string | readonly ChatMessage[] | Int32Array;

const DEFAULT_MAX_TOKENS = 256;

/**
 * Continues a prompt. The pieces, joined, are the text: each is whole characters. While it runs, the model cannot be changed.
 * @throws RangeError for a prompt that has no tokens or does not fit into the model's context, DataError for special tokens in
 *   it, unless they are allowed
 */
export function generate(
  model: LlamaForCausalLM,
  tokenizer: Tokenizer,
  prompt: Prompt,
  options: GenerateOptions = {},
): Generation {
  checkOptions('generate', options, GENERATE_NAMES, { maxnewtokens: 'it is called maxTokens' });
  checkSampling('generate', options);
  const { maxTokens = DEFAULT_MAX_TOKENS, cache } = options;
  if (!Number.isInteger(maxTokens) || maxTokens < 1)
    throw new RangeError(`generate: maxTokens must be a positive integer: ${maxTokens}`);
  cache?.checkModel(model);
  const ids = promptIds(tokenizer, prompt, options);
  const { contextLength, vocabularySize } = model.config;
  if (ids.length === 0) throw new RangeError('generate: the prompt has no tokens');
  if (ids.length >= contextLength)
    throw new RangeError(
      `generate: the prompt has ${ids.length} tokens, and the model's context ${contextLength}: nothing fits after it`,
    );
  const beyond = ids.find((id) => id < 0 || id >= vocabularySize);
  if (beyond !== undefined)
    throw new RangeError(`generate: the model has ${vocabularySize} tokens: none has the id ${beyond}`);
  return new Generation(model, tokenizer, { ids, ends: endsOf(tokenizer, prompt, options) }, options);
}

/** The tokens that end a text. A model's files may fail to list the token by which its chat template ends a turn. */
function endsOf(
  tokenizer: Tokenizer,
  prompt: Prompt,
  { ignoreEos = false }: GenerateOptions,
): ReadonlySet<number> {
  if (ignoreEos) return new Set();
  const isChat = typeof prompt !== 'string' && !(prompt instanceof Int32Array);
  const turnEnd = isChat ? answerFrame(tokenizer)?.endId : undefined;
  return new Set(turnEnd === undefined ? tokenizer.eosIds : [...tokenizer.eosIds, turnEnd]);
}

/** The tokens of a prompt, and the tokens that end the generated text. */
interface EncodedPrompt {
  readonly ids: Int32Array;
  readonly ends: ReadonlySet<number>;
}

function promptIds(
  tokenizer: Tokenizer,
  prompt: Prompt,
  { allowSpecial = false }: GenerateOptions,
): Int32Array {
  if (typeof prompt === 'string') return tokenizer.encode(prompt, { allowSpecial, addSpecialTokens: true });
  if (prompt instanceof Int32Array) return prompt.slice();
  return encodeChat(tokenizer, prompt, { addGenerationPrompt: true, allowSpecial });
}

/** A text that is generated while it is iterated over, once; `result()` returns it as a whole. */
export class Generation implements AsyncIterable<string> {
  readonly #model: LlamaForCausalLM;
  readonly #tokenizer: Tokenizer;
  readonly #ids: Int32Array;
  readonly #ends: ReadonlySet<number>;
  readonly #options: GenerateOptions;
  #isBegun = false;
  #result: GenerationResult | undefined;

  /** Generations are created by {@link generate}. */
  constructor(
    model: LlamaForCausalLM,
    tokenizer: Tokenizer,
    { ids, ends }: EncodedPrompt,
    options: GenerateOptions,
  ) {
    this.#model = model;
    this.#tokenizer = tokenizer;
    this.#ids = ids;
    this.#ends = ends;
    this.#options = options;
  }

  /** Number of tokens of the prompt. */
  get promptTokens(): number {
    return this.#ids.length;
  }

  /** The pieces of the text. @throws Error when it is called again */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, void> {
    if (this.#isBegun) throw new Error('generate: a generation can be iterated over only once');
    this.#isBegun = true;
    return this.#pieces();
  }

  /**
   * The whole text with its figures. It is generated if iteration has not begun.
   * @throws Error while an iteration is running, or after one that stopped before the end
   */
  async result(): Promise<GenerationResult> {
    if (!this.#isBegun) for await (const _ of this);
    if (this.#result) return this.#result;
    throw new Error('generate: the generation has not ended');
  }

  async *#pieces(): AsyncGenerator<string, void, void> {
    const { cache: given, maxTokens = DEFAULT_MAX_TOKENS } = this.#options;
    const model = this.#model;
    const text = given ?? new TextCache(model);
    const release = text.use();
    const end = await beginReading('generate', modelParts(model)).catch((error: unknown) => {
      release();
      throw error;
    });
    let reader: TokenReader | undefined;
    try {
      const most = Math.min(maxTokens, model.config.contextLength - this.#ids.length);
      const cache = text.prepare(this.#ids, this.#ids.length + most);
      reader = new TokenReader(model, text, cache);
      yield* this.#run(reader, cache.length, most);
    } finally {
      reader?.dispose();
      if (!given) text.dispose();
      release();
      end();
    }
  }

  /** Runs the generation. @param known  prompt tokens that are in the cache @param most  maximum tokens to generate */
  async *#run(reader: TokenReader, known: number, most: number): AsyncGenerator<string, void, void> {
    const { signal } = this.#options;
    const ids = this.#ids;
    const readTokens = ids.length - known;
    const clock = new Clock(readTokens);
    const shown = new ShownText(this.#tokenizer, this.#ends, this.#options);
    const sampler = new Sampler(this.#options, (id) => this.#tokenizer.hasToken(id));
    const seen = new Set(ids);
    const given: number[] = [];
    let stoppedBy: GenerationResult['stoppedBy'] = 'length';
    for (let next = ids.subarray(known); given.length < most; next = Int32Array.of(given[given.length - 1])) {
      const logits = await reader.read(next, signal);
      if (logits) clock.countRead();
      else stoppedBy = 'abort';
      const id = logits && sampler.next(logits, seen);
      if (id === undefined || shown.ends(id)) break;
      seen.add(id);
      given.push(id);
      const piece = shown.push(id);
      if (piece !== '') yield piece;
      if (shown.isStopped) break;
    }
    const rest = shown.end();
    if (rest !== '') yield rest;
    if (shown.isStopped) stoppedBy = 'stop';
    this.#result = {
      text: shown.text,
      ids: Int32Array.from(given),
      tokens: given.length,
      promptTokens: ids.length,
      readTokens,
      stoppedBy,
      ...clock.result(),
    };
  }
}

/** The shown part of the model's tokens: no special tokens, and nothing from a stop text or after it. */
class ShownText {
  text = '';
  readonly #ends: ReadonlySet<number>;
  readonly #stream: TextStream;
  readonly #stops: StopTexts;
  #hasEnded = false;

  constructor(tokenizer: Tokenizer, ends: ReadonlySet<number>, { stop = [] }: GenerateOptions) {
    this.#ends = ends;
    this.#stream = tokenizer.stream({ skipSpecial: true });
    this.#stops = new StopTexts(stop);
  }

  /** Whether a token ends the text. */
  ends(id: number): boolean {
    this.#hasEnded = this.#ends.has(id);
    return this.#hasEnded;
  }

  /** Whether a token or a stop text has ended the text. */
  get isStopped(): boolean {
    return this.#hasEnded || this.#stops.isFound;
  }

  push(id: number): string {
    return this.#add(this.#stops.push(this.#stream.push(id)));
  }

  end(): string {
    return this.#add(this.#stops.push(this.#stream.end()) + this.#stops.end());
  }

  #add(piece: string): string {
    this.text += piece;
    return piece;
  }
}

/** Measures the time for prompt and text. */
class Clock {
  readonly #begun = performance.now();
  readonly #promptTokens: number;
  #promptSeconds = 0;
  /** Number of passes through the model: one for the prompt, and one for each token that another follows. */
  #reads = 0;

  /** @param promptTokens  number of prompt tokens that are read */
  constructor(promptTokens: number) {
    this.#promptTokens = promptTokens;
  }

  countRead(): void {
    if (this.#reads === 0) this.#promptSeconds = this.#seconds();
    this.#reads++;
  }

  /** The rates. The first token costs no pass: it comes from the prompt's logits. */
  result(): Pick<GenerationResult, 'tokensPerSecond' | 'promptTokensPerSecond'> {
    const seconds = this.#seconds() - this.#promptSeconds;
    return {
      tokensPerSecond: this.#reads > 1 ? (this.#reads - 1) / seconds : 0,
      promptTokensPerSecond: this.#reads > 0 ? this.#promptTokens / this.#promptSeconds : 0,
    };
  }

  #seconds(): number {
    return (performance.now() - this.#begun) / 1000;
  }
}
