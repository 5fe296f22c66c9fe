/** Text of `lowrank export --help` besides the list of options; lines of at most 80 columns. */
import { EXIT_CODES } from '../help.js';
import { MODEL_HELP } from './modelOption.js';

export const EXPORT_SUMMARY = 'write an adapter for llama.cpp, Ollama, transformers or PEFT';

export const EXPORT_DESCRIPTION =
  'Writes an adapter of a language model in a form that another program loads: as a GGUF adapter, as a PEFT ' +
  'folder, or merged into the model. At the end it says how to load what was written.';

export const EXPORT_EXAMPLES = `
What --to writes:
  gguf    the adapter as one GGUF file, for llama.cpp (--lora), Ollama (ADAPTER)
          and LM Studio; the base stays the file that it is
  merged  the model with the adapter added to its weights: a folder that
          transformers loads, or a GGUF file where --out ends with .gguf
  peft    adapter_config.json and adapter_model.safetensors, for PEFT, with the
          name of the base in the config

Which one:
  For a quantised base (Q4_1, Q4_K, Q8_0 …) prefer the adapter by itself. It was
  trained over exactly those weights, and is not changed. A merged model is
  rounded again: at 16 bits it is several times as large as the base, and at
  4 bits the rounding loses much of what the adapter has learned.
  A GGUF adapter has no DoRA, no biases, and no modules that are trained as a
  whole: such an adapter is refused by name; merge it, or use PEFT.

The default of --out, where DIR is the directory of the (first) adapter:
  gguf    DIR/adapter.gguf
  merged  DIR/merged (a folder)
  peft    DIR/peft

Element types, the default first:
  gguf               f32, f16, bf16, q8_0
  merged, a folder   f32, f16, bf16
  merged, a GGUF     f16, q8_0, bf16, f32
  peft               f32, f16, bf16

Examples:
  $ lowrank export --model m.gguf --adapter run --to gguf
  $ lowrank export --model m.gguf --adapter run@0.5 --to merged --type q8_0 \\
      --out half.gguf
  $ lowrank export --model folder --adapter run --to peft \\
      --base-name HuggingFaceTB/SmolLM2-135M-Instruct

${MODEL_HELP}

Each output is written whole or not at all. One that exists is refused unless
--overwrite is given. @SCALE multiplies the adapter's update, and is part of
what is written.

JSON is { to, out, type, bytes, files [{path, bytes}], adapters [{directory,
scale}], rounding {difference, tensor} or null, notes }.

${EXIT_CODES}`;
