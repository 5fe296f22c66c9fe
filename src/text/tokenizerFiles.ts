/** Names of a tokenizer's files. */

/** The files that are read, of which only the first must exist. */
export const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'generation_config.json',
  'config.json',
  'chat_template.jinja',
  'chat_template.json',
] as const;

export type TokenizerFile = (typeof TOKENIZER_FILES)[number];
