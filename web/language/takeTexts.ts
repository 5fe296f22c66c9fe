/** What goes along with an adapter as text: a note, and what other programs are told. */
import { integer } from '../format.js';
import type { AdapterInfo } from './api.js';

export interface BaseModel {
  /** `SmolLM2-135M-Instruct`. */
  readonly name: string;
  /** The checksum of its weights. */
  readonly checksum: string;
  /** The file that llama.cpp loads it from. */
  readonly file: string;
  /** Where Hugging Face has it; undefined for a person's own. */
  readonly hub?: string | undefined;
}

export const ADAPTER_GGUF = 'lowrank-adapter.gguf';

export const fitsSentence = ({ name, checksum }: BaseModel) => `Fits ${name} only (checksum ${checksum}).`;

export const llamaLine = ({ file }: BaseModel) => `llama-cli -m ${quoted(file)} --lora ${ADAPTER_GGUF}`;

/** A Modelfile. */
export const ollamaLines = ({ file }: BaseModel) =>
  `FROM ${file.startsWith('/') ? file : `./${file}`}\nADAPTER ./${ADAPTER_GGUF}`;

/** For a shell. */
const quoted = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

export function adapterReadme(adapter: AdapterInfo, base: BaseModel): string {
  const { rank, alpha, trainable, rows, steps } = adapter;
  const model = base.hub ?? 'PATH_OF_THE_MODEL';
  return `# A LoRA adapter for ${base.name}

Rank ${rank}, alpha ${alpha}, ${integer(trainable)} numbers, taught ${integer(rows)} examples in ${integer(steps)} steps in a browser.
${fitsSentence(base)}

- \`adapter_config.json\`, \`adapter_model.safetensors\`: the adapter, as Hugging Face PEFT reads it

In Python (\`pip install torch transformers peft\`):

\`\`\`python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained("${model}")
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("${model}"), ".")
ids = tokenizer.apply_chat_template([{"role": "user", "content": "Hello"}], add_generation_prompt=True, return_tensors="pt", return_dict=True)
print(tokenizer.decode(model.generate(**ids, max_new_tokens=64)[0]))
\`\`\`

It was taught on the weights as its own file has them, which may be rounded: with others its answers differ a little.
`;
}
