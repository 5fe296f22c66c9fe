/** The folder of a training run: the adapter's two files, and beside them what was trained and how it went. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, saveAdapter, type WritablePlace } from '../../core.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import { directoryFiles } from '../../node/directoryFiles.js';
import { exists } from '../../node/files.js';
import { ensureWritableDirectory, writeFileAtomic } from '../../node.js';

const ADAPTER = ['adapter_config.json', 'adapter_model.safetensors'] as const;
const CHECKPOINT = 'checkpoint';
const CHECKPOINT_FILE = 'checkpoint.safetensors';
const SETTINGS = 'settings.yaml';
const METRICS = 'metrics.jsonl';
const README = 'README.md';
const PLOT = 'loss.svg';
const OWN = [...ADAPTER, CHECKPOINT, SETTINGS, METRICS, README, PLOT];

export class RunFolder {
  /** @param path  as the user wrote it */
  constructor(readonly path: string) {}

  get metrics(): string {
    return join(this.path, METRICS);
  }

  /** Where a stopped run keeps its checkpoint. */
  get checkpoint(): string {
    return join(this.path, CHECKPOINT);
  }

  /**
   * Checks whether a run may begin, or continue, here.
   * @throws DataError where a run exists already, a finished run would be continued, or files of no run would be replaced
   */
  async check({
    resume,
    overwrite,
  }: {
    readonly resume: boolean;
    readonly overwrite: boolean;
  }): Promise<void> {
    await ensureWritableDirectory(this.path);
    const found = [];
    for (const name of OWN) if (await exists(join(this.path, name))) found.push(name);
    if (found.length === 0) return;
    if (!found.includes(SETTINGS))
      throw new DataError(
        `${this.path}: holds ${found.join(', ')}, and no settings.yaml of a run: name another folder`,
      );
    const isDone = !found.includes(CHECKPOINT) && found.includes(README);
    if (resume && isDone) throw new DataError(`${this.path}: the run is done: there is nothing to continue`);
    if (resume || overwrite) return;
    throw new DataError(
      `${this.path}: holds a run already (${found.join(', ')}): ${isDone ? '' : '--resume continues it, '}--overwrite replaces it`,
    );
  }

  /** Whether there is a checkpoint to continue from: a run that was killed early has none. */
  async hasCheckpoint(): Promise<boolean> {
    return (await directoryFiles(this.checkpoint).open(CHECKPOINT_FILE)) !== undefined;
  }

  /** Removes what an earlier run has left. Its settings, by which it is recognized, are removed last. */
  async clear(): Promise<void> {
    const names = [...OWN.filter((name) => name !== SETTINGS), SETTINGS];
    for (const name of names) await rm(join(this.path, name), { recursive: true, force: true });
  }

  async removeCheckpoint(): Promise<void> {
    await rm(this.checkpoint, { recursive: true, force: true });
  }

  hasAdapter(): Promise<boolean> {
    return exists(join(this.path, ADAPTER[1]));
  }

  /** Writes both files at once. @param baseModel  the base that PEFT is told to load */
  async saveAdapter(model: LlamaForCausalLM, baseModel: string): Promise<void> {
    const to: WritablePlace = directoryFiles(this.path);
    await saveAdapter(model, to, { baseModel, taskType: 'CAUSAL_LM' });
  }

  /** Writes the files of an adapter that was saved elsewhere. @param files  by name */
  async putAdapter(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    await directoryFiles(this.path).write(files);
  }

  saveSettings(text: string): Promise<void> {
    return this.#write(SETTINGS, text);
  }

  saveReadme(text: string): Promise<void> {
    return this.#write(README, text);
  }

  savePlot(svg: string): Promise<void> {
    return this.#write(PLOT, svg);
  }

  #write(name: string, text: string): Promise<void> {
    return writeFileAtomic(join(this.path, name), new TextEncoder().encode(text));
  }
}
