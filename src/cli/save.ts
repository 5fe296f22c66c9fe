/** The files of a run: the base model, and a directory with PEFT's two files for each method. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoraAdapter, StateDict } from '../core.js';
import { serializeAdapter } from '../lora/adapterFile.js';
import { serializeModel } from '../nn/modelFile.js';
import { directoryFiles } from '../node/directoryFiles.js';
import { exists } from '../node/files.js';
import { ensureWritableDirectory, writeFileAtomic } from '../node.js';
import { ensureWritableFile } from './json.js';
import type { Method } from './options.js';

const BASE = 'base.safetensors';
const ADAPTER = ['adapter_config.json', 'adapter_model.safetensors'];
const CHECKPOINTS = 'checkpoints';

export class OutputDirectory {
  /** Files written so far, and directories of adapters. */
  readonly saved: string[] = [];

  /** @param path  as the user wrote it, so that messages show it so */
  constructor(readonly path: string) {}

  /**
   * Creates the directory and checks whether everything can be written there. An adapter's directory is
   * created when there is something to put into it.
   * @throws DataError
   */
  async prepare(methods: readonly Method[]): Promise<void> {
    await ensureWritableDirectory(this.path);
    await ensureWritableFile(join(this.path, BASE));
    for (const method of methods) {
      const directory = join(this.path, method);
      if (!(await exists(directory))) continue;
      for (const name of ADAPTER) await ensureWritableFile(join(directory, name));
    }
  }

  /** The checkpoint directory of a stage of the run. */
  checkpoint(stage: string): string {
    return join(this.path, CHECKPOINTS, stage);
  }

  /** Whether an earlier run has left checkpoints. */
  hasCheckpoints(): Promise<boolean> {
    return exists(join(this.path, CHECKPOINTS));
  }

  /** Removes the checkpoints, which are no longer useful at the end of a run. */
  async removeCheckpoints(): Promise<void> {
    await rm(join(this.path, CHECKPOINTS), { recursive: true, force: true });
  }

  async saveBase(state: StateDict): Promise<void> {
    const path = join(this.path, BASE);
    await writeFileAtomic(path, serializeModel(state));
    this.saved.push(path);
  }

  async saveAdapter(method: Method, adapter: LoraAdapter): Promise<void> {
    const directory = join(this.path, method);
    await directoryFiles(directory).write(await serializeAdapter(adapter));
    this.saved.push(`${directory}/`);
  }
}
