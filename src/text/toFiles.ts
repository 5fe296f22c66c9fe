/** The files of a Hugging Face folder that describe a tokenizer, for one that was loaded from another format. */
import type { Component } from './components.js';
import { tokensOf } from './model.js';
import type { TokenizerFacts } from './tokenizer.js';

/** Fields that the Rust library requires and that change nothing here. */
const BYTE_LEVEL = { add_prefix_space: false, trim_offsets: true, use_regex: true };

/**
 * `tokenizer.json`, `tokenizer_config.json` with the chat template, and `generation_config.json`, as texts.
 * @param contextLength  positions that the model was trained for
 * @see https://huggingface.co/docs/tokenizers/components
 */
export function tokenizerFiles(
  { json, bosId, eosIds = [], padId, chatTemplate, cleansUp = false }: TokenizerFacts,
  contextLength: number,
): ReadonlyMap<'tokenizer.json' | 'tokenizer_config.json' | 'generation_config.json', string> {
  const {
    model: { ids, merges, ...model },
    added_tokens,
    normalizer,
    pre_tokenizer,
    post_processor,
    decoder,
  } = json;
  const texts = new Map<number, string>(Array.from(ids, ([text, id]) => [id, text]));
  for (const { id, content } of added_tokens) texts.set(id, content);
  const textOf = (id: number | undefined) => (id === undefined ? undefined : texts.get(id));
  const tokenizer = {
    ...{ version: '1.0', truncation: null, padding: null },
    added_tokens: added_tokens.map((token) => ({ ...token, single_word: false })),
    normalizer: complete(normalizer),
    pre_tokenizer: complete(pre_tokenizer),
    post_processor: around(post_processor, new Map([...texts].map(([id, text]) => [text, id]))),
    decoder: complete(decoder),
    model: {
      ...{ type: model.type, dropout: null, unk_token: null, continuing_subword_prefix: null },
      ...{ end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, vocab: Object.fromEntries(ids) },
      ...{ merges: merges?.pairs(tokensOf(ids)), ...model },
    },
  };
  const config = {
    ...{ tokenizer_class: 'PreTrainedTokenizerFast', clean_up_tokenization_spaces: cleansUp },
    ...{ bos_token: textOf(bosId), eos_token: textOf(eosIds[0]), pad_token: textOf(padId) },
    ...{ model_max_length: contextLength, chat_template: chatTemplate },
  };
  const generation = {
    ...{ bos_token_id: bosId, eos_token_id: eosIds.length > 1 ? eosIds : eosIds[0], pad_token_id: padId },
  };
  return new Map([
    ['tokenizer.json', `${JSON.stringify(tokenizer)}\n`],
    ['tokenizer_config.json', `${JSON.stringify(config, null, 2)}\n`],
    ['generation_config.json', `${JSON.stringify(generation, null, 2)}\n`],
  ]);
}

/** A step with all fields that the Rust library requires. */
function complete(step: Component | null): Component | null {
  if (step === null) return null;
  if (step.type === 'ByteLevel') return { ...BYTE_LEVEL, ...step };
  const lists = ['pretokenizers', 'normalizers', 'decoders', 'processors'];
  const inner = Object.entries(step).map(([key, value]) =>
    lists.includes(key) ? [key, (value as Component[]).map(complete)] : [key, value],
  );
  return Object.fromEntries(inner);
}

/** A template that also defines pairs of texts, and the ids of its tokens. */
function around(step: Component | null, ids: ReadonlyMap<string, number>): Component | null {
  if (step?.type !== 'TemplateProcessing') return complete(step);
  const single = step.single as readonly { readonly SpecialToken?: { readonly id: string } }[];
  const second = { Sequence: { id: 'B', type_id: 1 } };
  const pair = [...single, second];
  const special_tokens: Record<string, object> = Object.create(null);
  for (const { SpecialToken } of single) {
    if (!SpecialToken) continue;
    const { id } = SpecialToken;
    special_tokens[id] = { id, ids: [ids.get(id)], tokens: [id] };
  }
  return { type: step.type, single, pair, special_tokens };
}
