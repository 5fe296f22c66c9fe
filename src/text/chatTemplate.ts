/** Chat templates: Jinja programs that write a conversation as the text that a model was trained on. */
import { Environment, parse, tokenize } from '@huggingface/jinja';
import { DataError } from '../base/errors.js';
import { checkOptions } from '../base/options.js';
import { printable } from '../base/printable.js';
import { BoundedInterpreter, LimitError, type Node } from './boundedInterpreter.js';
import { type ChatMessage, checkMessages, lengthOf } from './messages.js';
import { markShown } from './shownValues.js';

export interface ChatTemplateOptions {
  /** The text of the token that begins a text, as `bos_token` in the template. */
  bosToken?: string | undefined;
  /** The text of the token that ends a text, as `eos_token`. */
  eosToken?: string | undefined;
}

export interface RenderOptions {
  /** Whether the text ends where the model's answer begins. Default false. */
  addGenerationPrompt?: boolean;
  /** Descriptions of tools in the shape that the model's template expects, usually JSON schemas. */
  tools?: readonly object[];
}

/** Maximum characters of a template; the longest in use have a quarter of that. */
const MAX_SOURCE = 2 ** 16;
/** Maximum length of a run of white space: the library examines each part of one. */
const MAX_SPACES = 1000;
const MAX_RANGE = 10_000;
/** Steps that any template may take, and additional steps for each character of the messages. */
const [STEPS, STEPS_PER_CHARACTER] = [2 ** 17, 64];
const [WEIGHT, WEIGHT_PER_CHARACTER] = [2 ** 22, 8];

/** The error that `raise_exception` throws, with its message. */
class RaisedError extends Error {}

/**
 * A model's chat template, rendered as transformers does: with `messages`, `tools`, `add_generation_prompt`, `bos_token`
 * and `eos_token`, and the functions `raise_exception`, `range`, `namespace` and `strftime_now`. `{% generation %}` marks
 * are left out. Lists, objects, truth values and none are refused where they would be written as text: Python's notation is
 * not imitated. Texts are indexed and measured in UTF-16 units.
 *
 * An untrusted template can only be refused; it can do no other harm. Limits apply to its source (65,536 characters), its steps
 * (131,072, and 64 for each character of the messages; long strings and loops count as several), the size of each value that it
 * makes (4 million characters, and 8 for each character of the messages), sizes that methods and filters multiply, nested calls
 * (500), `range` (10,000), and the depth of values (100). With short messages, no template takes more than a few seconds.
 * @see https://huggingface.co/docs/transformers/chat_templating
 */
export class ChatTemplate {
  readonly #program: Node;
  readonly #variables: Readonly<Record<string, string>>;

  /**
   * @param source  the template's text
   * @param name    name of its file in errors
   * @throws DataError when the template cannot be parsed or is too long
   */
  constructor(
    private readonly source: string,
    private readonly name: string,
    options: ChatTemplateOptions = {},
  ) {
    checkOptions<ChatTemplateOptions>('ChatTemplate', options, { bosToken: 0, eosToken: 0 });
    const { bosToken, eosToken } = options;
    this.#variables = {
      ...(bosToken === undefined ? {} : { bos_token: bosToken }),
      ...(eosToken === undefined ? {} : { eos_token: eosToken }),
    };
    if (source.length > MAX_SOURCE)
      throw this.#error(`must have at most ${MAX_SOURCE} characters: ${source.length}`);
    if (new RegExp(`\\s{${MAX_SPACES}}`).test(source))
      throw this.#error(`must not have ${MAX_SPACES} characters of white space in a row`);
    try {
      this.#program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
      markShown(this.#program);
    } catch (error) {
      throw this.#failure('cannot be parsed', error);
    }
  }

  /**
   * The text of a conversation. It contains all its special tokens: encode it without adding any.
   * @throws DataError when a message has the wrong shape, or the template refuses the conversation or exceeds its limits
   */
  render(messages: readonly ChatMessage[], options: RenderOptions = {}): string {
    checkOptions<RenderOptions>('render', options, { addGenerationPrompt: 0, tools: 0 });
    checkMessages(messages);
    const { addGenerationPrompt = false, tools } = options;
    const length = lengthOf([messages, tools]);
    const limits = {
      steps: STEPS + STEPS_PER_CHARACTER * length,
      weight: WEIGHT + WEIGHT_PER_CHARACTER * length,
      sourceLength: this.source.length,
    };
    const variables = {
      ...this.#variables,
      ...{ messages, tools: tools ?? null, documents: null, add_generation_prompt: addGenerationPrompt },
    };
    try {
      const environment = environmentOf(variables);
      return String(new BoundedInterpreter(environment, limits).evaluate(this.#program, environment).value);
    } catch (error) {
      if (error instanceof RaisedError) throw this.#error(`raises: ${JSON.stringify(error.message)}`, error);
      if (error instanceof LimitError) throw this.#error(error.message, error);
      throw this.#failure('cannot be rendered', error);
    }
  }

  #error(rule: string, cause?: unknown): DataError {
    return new DataError(`${this.name}: chat template: ${rule}`, { cause });
  }

  #failure(rule: string, error: unknown): DataError {
    if (error instanceof RangeError)
      return this.#error(`${rule}: it is nested too deeply or too long`, error);
    const message = error instanceof Error ? error.message : String(error);
    return this.#error(`${rule}: ${printable(message) || 'break or continue without a loop'}`, error);
  }
}

function environmentOf(variables: Readonly<Record<string, unknown>>): Environment {
  const environment = new Environment();
  const globals = {
    ...{ true: true, false: false, none: null, True: true, False: false, None: null },
    ...{ raise_exception: raise, range, strftime_now: strftimeNow },
  };
  for (const [name, value] of Object.entries({ ...globals, ...variables })) environment.set(name, value);
  return environment;
}

function raise(message: unknown): never {
  throw new RaisedError(String(message));
}

/** Python's `range`. */
function range(first: unknown, second?: unknown, step: unknown = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (![start, stop, step].every(Number.isSafeInteger) || step === 0)
    throw new LimitError('must give range whole numbers, and no step of 0');
  const [from, to, by] = [start as number, stop as number, step as number];
  const count = Math.max(0, Math.ceil((to - from) / by));
  if (count > MAX_RANGE) throw new LimitError(`must not make a range of more than ${MAX_RANGE}: ${count}`);
  return Array.from({ length: count }, (_, i) => from + i * by);
}

/** The current time, formatted as by Python in English. */
function strftimeNow(format: unknown): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, '0');
  const word = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat('en-US', options).format(now);
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => String(now.getFullYear()),
    m: () => two(now.getMonth() + 1),
    d: () => two(now.getDate()),
    H: () => two(now.getHours()),
    M: () => two(now.getMinutes()),
    S: () => two(now.getSeconds()),
    a: () => word({ weekday: 'short' }),
    A: () => word({ weekday: 'long' }),
    b: () => word({ month: 'short' }),
    B: () => word({ month: 'long' }),
    '%': () => '%',
  };
  return String(format).replace(/%([YmdHMSaAbB%])/g, (_, letter: string) => parts[letter]());
}
