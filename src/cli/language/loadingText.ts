/** Instructions for loading written files in other programs: lines to copy into a shell, a Modelfile or a Python session. */
import { basename, dirname } from 'node:path';
import { printable } from '../../base/printable.js';

/** Characters of a path in a line to copy; none is cut. */
const WHOLE = Number.MAX_SAFE_INTEGER;

/** The place of a base model. */
export interface BasePlace {
  readonly kind: 'gguf' | 'folder';
  /** Path of the base from where the lines are used. */
  readonly path: string;
}

/** A word of a POSIX shell command, in quotes where it needs them. What a terminal would act on is written as JSON does. */
export function shellWord(text: string): string {
  const shown = printable(text, WHOLE);
  // A path that begins with - would be read as an option.
  const safe = shown.startsWith('-') ? `./${shown}` : shown;
  return /^[\w@%+=:,./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}

/** Characters that are invisible, or that a terminal acts on. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** A string of Python, with the escapes of JSON and, for what is not seen, Python's own. */
export function pythonText(text: string): string {
  return JSON.stringify(text).replace(HIDDEN, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return `\\U${point.toString(16).padStart(8, '0')}`;
  });
}

/** A path as a Modelfile takes it: up to the end of the line, and never as the name of a model. */
export function modelfilePath(path: string): string {
  const shown = printable(path, WHOLE);
  return /^(\.{0,2}\/|[A-Za-z]:[\\/])/.test(shown) ? shown : `./${shown}`;
}

/**
 * The lines of a Modelfile for Ollama.
 * @param stops  texts that end an answer
 * @see https://docs.ollama.com/modelfile
 */
export function modelfileLines(base: string, adapter?: string, stops: readonly string[] = []): string[] {
  const from = `FROM ${modelfilePath(base)}`;
  const lines = adapter === undefined ? [from] : [from, `ADAPTER ${modelfilePath(adapter)}`];
  // Its strings have no escapes: what a line cannot hold is left out.
  const plain = stops.filter((stop) => !stop.includes('"') && printable(stop, WHOLE) === stop);
  return [...lines, ...plain.map((stop) => `PARAMETER stop "${stop}"`)];
}

/** The command line of llama.cpp. @see https://github.com/ggml-org/llama.cpp/tree/master/tools/main */
export function llamaCppLine(base: string, adapter?: string): string {
  const lora = adapter === undefined ? '' : ` --lora ${shellWord(adapter)}`;
  return `llama-cli -m ${shellWord(base)}${lora}`;
}

/** Loads a model and its tokenizer in Python, in f32. */
export function transformersLines(base: BasePlace): string[] {
  return ['from transformers import AutoModelForCausalLM, AutoTokenizer', '', ...baseLines(base, 'model')];
}

/** Loads a base and an adapter over it in Python. */
export function peftLines(base: BasePlace, adapter: string): string[] {
  return [
    'from peft import PeftModel',
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    '',
    ...baseLines(base, 'base'),
    `model = PeftModel.from_pretrained(base, ${pythonText(adapter)})`,
  ];
}

/** A GGUF file is decoded to f32, which gives the very weights that an adapter was trained over (`pip install gguf`). */
function baseLines({ kind, path }: BasePlace, variable: string): string[] {
  const place = pythonText(kind === 'gguf' ? dirname(path) : path);
  const file = kind === 'gguf' ? `, gguf_file=${pythonText(basename(path))}` : '';
  return [
    `tokenizer = AutoTokenizer.from_pretrained(${place}${file})`,
    `${variable} = AutoModelForCausalLM.from_pretrained(${place}${file}, dtype="float32")`,
  ];
}
