/** Tokenizers of Hugging Face model folders. */
import { DataError } from '../base/errors.js';
import { parseJson } from '../base/json.js';
import type { FileSource } from '../files/fileSource.js';
import { nameIn } from '../files/fileStore.js';
import { Fields, kindOf } from './fields.js';
import { MAX_IDS } from './model.js';
import { Tokenizer, type TokenizerFacts } from './tokenizer.js';
import { TOKENIZER_FILES, type TokenizerFile } from './tokenizerFiles.js';
import { checkTokenizerJson } from './tokenizerJson.js';

/** Maximum bytes of one file, several times the size of the largest vocabularies. */
const MAX_BYTES = 2 ** 27;

/** Reads the existing files of a tokenizer. @throws DataError as `tokenizerFromFiles`, or when a file cannot be read */
export async function readTokenizer(source: FileSource): Promise<Tokenizer> {
  return new Tokenizer(await readFacts(source), `${source.name}/tokenizer.json`);
}

/** Reads the facts of a tokenizer. @throws DataError as {@link readTokenizer} */
export async function readFacts(source: FileSource): Promise<TokenizerFacts> {
  const texts = new Map<string, string>();
  for (const file of TOKENIZER_FILES) {
    const bytes = await source.open(file);
    if (!bytes) continue;
    const where = nameIn(source, file);
    if (bytes.length > MAX_BYTES)
      throw new DataError(`${where}: must have at most ${MAX_BYTES} bytes: ${bytes.length}`);
    texts.set(file, textOf(await bytes.read(0, bytes.length), where));
  }
  return factsFromFiles(texts, source.name);
}

function textOf(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DataError(`${where}: is not UTF-8 text`);
  }
}

/**
 * The tokenizer of a model folder.
 *
 * Only `tokenizer.json` defines how text becomes ids and what may be added around it; its blocks `truncation` and `padding`
 * are ignored on purpose. The tokens that begin, end and pad a text are taken from `tokenizer_config.json`, then
 * `special_tokens_map.json`, then `generation_config.json` and `config.json`; a token that any of these names as an end ends a
 * text. The chat template is `chat_template.jinja`, otherwise that of `chat_template.json` or `tokenizer_config.json`.
 * @param files  the text of each existing file of `TOKENIZER_FILES`, by its name
 * @param name   name of the folder in errors; may be empty
 * @throws DataError when a file does not have the shape of its kind, or requires something that is not supported
 */
export function tokenizerFromFiles(files: ReadonlyMap<string, string>, name: string): Tokenizer {
  return new Tokenizer(factsFromFiles(files, name), nameIn({ name }, 'tokenizer.json'));
}

function factsFromFiles(files: ReadonlyMap<string, string>, name: string): TokenizerFacts {
  const text = files.get('tokenizer.json');
  const at = (file: TokenizerFile) => nameIn({ name }, file);
  const where = at('tokenizer.json');
  if (text === undefined) throw new DataError(`${where}: is missing`);
  const json = checkTokenizerJson(parsed(text, where), where);
  const fieldsOf = (file: TokenizerFile) => {
    const content = files.get(file);
    return content === undefined ? undefined : new Fields(parsed(content, at(file)), at(file));
  };
  const config = fieldsOf('tokenizer_config.json');
  const numbered = [fieldsOf('generation_config.json'), fieldsOf('config.json')].filter(
    (fields) => fields !== undefined,
  );
  const named = [config, fieldsOf('special_tokens_map.json')].filter((fields) => fields !== undefined);
  const added = new Map(json.added_tokens.map(({ content, id }) => [content, id]));
  const idOf = (token: string) => added.get(token) ?? json.model.ids.get(token);
  const idsOf = (kind: 'bos' | 'eos' | 'pad') => {
    const ids = named.map((fields) => namedId(fields, `${kind}_token`, idOf));
    const more = numbered.flatMap((fields) => listedIds(fields, `${kind}_token_id`));
    return [...ids, ...more].filter((id) => id !== undefined);
  };
  return {
    ...{ json, bosId: idsOf('bos')[0], eosIds: idsOf('eos'), padId: idsOf('pad')[0] },
    chatTemplate:
      files.get('chat_template.jinja') ?? templateOf(fieldsOf('chat_template.json')) ?? templateOf(config),
    cleansUp: config?.flag('clean_up_tokenization_spaces', false),
  };
}

/** Parses with `JSON.parse`, since these files are large; text that it refuses is parsed again to find the place of the mistake. */
function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    parseJson(text, where);
    throw new DataError(`${where}: is not JSON: it has NaN or Infinity`);
  }
}

/** The id of a token that is given as its text, or as an object with its `content`. */
function namedId(
  fields: Fields,
  key: string,
  idOf: (token: string) => number | undefined,
): number | undefined {
  const value = fields.get(key) ?? undefined;
  if (value === undefined) return undefined;
  const token =
    typeof value === 'string' ? value : new Fields(value, `${fields.where}: ${key}`).text('content', 1000);
  const id = idOf(token);
  if (id === undefined) throw fields.error(key, 'must be a token of tokenizer.json', token);
  return id;
}

function listedIds(fields: Fields, key: string): number[] {
  const value = fields.get(key) ?? [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isId = (id: unknown) => typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < MAX_IDS;
  const wrong = list.find((id) => !isId(id));
  if (wrong !== undefined || list.length > 1000)
    throw fields.error(key, 'must be an id or a list of them', wrong);
  return list as number[];
}

/** The chat template of a field: a text, or the one named `default` in a list. */
function templateOf(fields: Fields | undefined): string | undefined {
  const value = fields?.get('chat_template') ?? undefined;
  if (fields === undefined || value === undefined || typeof value === 'string')
    return value as string | undefined;
  const named = fields
    .list('chat_template', 100)
    .map((each) => new Fields(each, `${fields.where}: chat_template`));
  const found = named.find((each) => each.get('name') === 'default');
  if (!found)
    throw new DataError(
      `${fields.where}: chat_template: must be named "default": ${named.map((each) => kindOf(each.get('name'))).join(', ')}`,
    );
  return found.text('template', 2 ** 20);
}
