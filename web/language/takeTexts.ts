/** Texts about an adapter for other programs and for the visitor. */
export interface BaseModel {
  /** `SmolLM2-135M-Instruct`. */
  readonly name: string;
  /** Checksum of its weights. */
  readonly checksum: string;
  /** The file that llama.cpp loads it from. */
  readonly file: string;
}

export const ADAPTER_GGUF = 'lowrank-adapter.gguf';

export const fitsSentence = ({ name, checksum }: BaseModel) => `Fits ${name} only (checksum ${checksum}).`;

export const llamaLine = ({ file }: BaseModel) => `llama-cli -m ${quoted(file)} --lora ${ADAPTER_GGUF}`;

/** A Modelfile. */
export const ollamaLines = ({ file }: BaseModel) =>
  `FROM ${file.startsWith('/') ? file : `./${file}`}\nADAPTER ./${ADAPTER_GGUF}`;

/** Quotes a text for a shell. */
const quoted = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Why an adapter cannot become GGUF, as a sentence; undefined if it can. */
export function ggufRefusal(config: {
  readonly useDora: boolean;
  readonly bias: string;
  readonly loraBias: boolean;
}): string | undefined {
  if (config.useDora) return 'This adapter uses DoRA, which GGUF cannot hold: take the PEFT zip instead.';
  if (config.bias !== 'none' || config.loraBias)
    return 'This adapter has trained biases, which GGUF cannot hold: take the PEFT zip instead.';
  return undefined;
}
