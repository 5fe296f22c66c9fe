/** Examples of a file as tokens; those that cannot be trained on are refused with their line numbers. */
import { DataError } from '../base/errors.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { type BadLine, type FilePlace, refusalOf } from './badLines.js';
import {
  type TokenExample,
  type TokenizeChatOptions,
  tokenizeChat,
  tokenizeCompletion,
  tokenizeText,
} from './examples.js';
import type { ReadExample } from './readExamples.js';
import type { Tokenizer } from './tokenizer.js';

export interface TokenizedExample extends TokenExample, FilePlace {}

export interface TokenizeExamplesOptions
  extends Pick<TokenizeChatOptions, 'trainOn' | 'system' | 'allowSpecial'> {
  /** Name of the file in errors. Default `the examples`. */
  readonly name?: string | undefined;
  /** Whether examples that cannot be trained on are left out, and listed in `refused`; otherwise they are an error. Default false. */
  readonly skipBad?: boolean | undefined;
}

export interface TokenizedExamples {
  readonly examples: readonly TokenizedExample[];
  /** Examples that were left out. */
  readonly refused: readonly BadLine[];
}

const NAMES: OptionNames<TokenizeExamplesOptions> = {
  trainOn: true,
  system: true,
  allowSpecial: true,
  name: true,
  skipBad: true,
};

/**
 * The tokens of examples, as `tokenizeChat`, `tokenizeCompletion` and `tokenizeText` give them; in a text all are trained.
 * @throws DataError without `skipBad` for examples that cannot be trained on, with their lines and reasons: special tokens in
 *   their text, no trained token, a template that does not keep prefixes, a system message for a plain text
 */
export function tokenizeExamples(
  tokenizer: Tokenizer,
  examples: readonly ReadExample[],
  options: TokenizeExamplesOptions = {},
): TokenizedExamples {
  checkOptions('tokenizeExamples', options, NAMES);
  const { name = 'the examples', skipBad = false, ...rest } = options;
  const tokenized: TokenizedExample[] = [];
  const refused: BadLine[] = [];
  for (const { content, ...place } of examples) {
    try {
      tokenized.push({ ...place, ...tokensOf(tokenizer, content, rest) });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      // The error concerns the line, not the tokenizer's file.
      const reason = error.message.replace(`${tokenizer.name}: `, '');
      refused.push({ ...place, reason });
    }
  }
  if (refused.length > 0 && !skipBad) throw refusalOf(name, refused, examples.length);
  return { examples: tokenized, refused };
}

function tokensOf(
  tokenizer: Tokenizer,
  content: ReadExample['content'],
  options: Pick<TokenizeChatOptions, 'trainOn' | 'system' | 'allowSpecial'>,
): TokenExample {
  switch (content.kind) {
    case 'messages': {
      const { messages, tools } = content;
      return tokenizeChat(tokenizer, messages, tools === undefined ? options : { ...options, tools });
    }
    case 'completion':
      return tokenizeCompletion(tokenizer, content, options);
    case 'text': {
      const { allowSpecial = false, system } = options;
      if (system !== undefined)
        throw new DataError('system: must not be given: a text is not a conversation');
      return tokenizeText(tokenizer, content.text, { allowSpecial });
    }
  }
}
