/** A process that answers questions: each question and each answer is a line of JSON. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface LineProcessOptions {
  readonly program: string;
  readonly words: readonly string[];
  /** Environment variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export class LineProcess {
  readonly #child: ChildProcess;
  readonly #failed: Promise<never>;
  readonly #ended: Promise<void>;
  readonly #answers: AsyncIterator<string>;
  #complaints = '';

  constructor({ program, words, env }: LineProcessOptions) {
    this.#child = spawn(program, words, { env: { ...process.env, ...env } });
    const { stdin, stdout, stderr } = this.#child;
    if (!stdin || !stdout || !stderr) throw new Error(`${program} has no pipes`);
    // The end of the process is reported by its close event.
    stdin.on('error', () => {});
    stderr.on('data', (bytes) => {
      this.#complaints += bytes;
    });
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
    this.#failed = new Promise((_, reject) => {
      this.#child.on('error', (error) => reject(new Error(`${program} does not start: ${error.message}`)));
      this.#child.on('close', () => {
        const last = this.#complaints.trim().split('\n').at(-1);
        reject(new Error(`${program} ended: ${last || 'without a word'}`));
      });
    });
    this.#ended = this.#failed.catch(() => {});
  }

  /** Asks a question. @throws Error with the `error` of the answer, or with the last output where the process has ended */
  async ask<T extends object>(question: object): Promise<T> {
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    const line = await Promise.race([this.#answers.next(), this.#failed]);
    if (line.done) return this.#failed;
    const answer: T & { readonly error?: string } = JSON.parse(line.value);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  /** Ends the process; resolves when it has ended. */
  end(): Promise<void> {
    this.#child.stdin?.end();
    return this.#ended;
  }
}
