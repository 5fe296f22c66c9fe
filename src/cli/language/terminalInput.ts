/** Messages and commands that are typed or pasted. */
import { createInterface, type Interface, type Key } from 'node:readline';
import { Writable } from 'node:stream';
import { Interrupted } from '../errors.js';
import { type ChatInput, CONTINUES } from './chatInput.js';

/** Ask the terminal to mark what is pasted, and not to. @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
const [MARK_PASTES, MARK_NO_PASTES] = ['\u001b[?2004h', '\u001b[?2004l'];
/** Lines that follow each other faster than this are not typed. */
const TOGETHER_MS = 20;
const CONTINUED = '… ';
const INTERRUPTED = 130;

/** A terminal that can be kept from showing what is typed. */
class Screen extends Writable {
  isMuted = true;
  readonly isTTY = true;

  constructor(private readonly stream: NodeJS.WriteStream) {
    super({ decodeStrings: false });
  }

  get columns(): number {
    return this.stream.columns;
  }

  get rows(): number {
    return this.stream.rows;
  }

  override _write(chunk: string | Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    if (!this.isMuted) this.stream.write(chunk);
    done();
  }
}

export interface TerminalOptions {
  readonly stdin: NodeJS.ReadStream;
  /** The stream that shows the prompt. */
  readonly output: NodeJS.WriteStream;
  /** Ends the chat. */
  readonly signal: AbortSignal;
  /** Words that Tab completes. */
  readonly words: readonly string[];
}

/**
 * Lines with readline's keys and history. Lines that are pasted, or arrive together, are one message, as are lines of which all
 * but the last end with a backslash. What is typed during an answer is not shown, and waits for its end.
 */
export class TerminalInput implements ChatInput {
  readonly isTerminal = true;
  readonly #screen: Screen;
  readonly #reader: Interface;
  readonly #options: TerminalOptions;
  readonly #marksPastes = process.env.TERM !== 'dumb';
  /** The lines of the message under way. */
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isPasting = false;
  #entries: string[] = [];
  #prompt = '';
  #wake: () => void = () => {};
  #isEnded = false;
  #isWarned = false;
  #isLeft = false;
  #answer: AbortController | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
    const { stdin, output, words, signal } = options;
    this.#screen = new Screen(output);
    const completer = (line: string) => [words.filter((word) => word.startsWith(line)), line];
    this.#reader = createInterface({
      ...{ input: stdin, output: this.#screen, terminal: true },
      completer: (line: string) =>
        (line.startsWith('/') ? completer(line) : [[], line]) as [string[], string],
    });
    if (this.#marksPastes) output.write(MARK_PASTES);
    stdin.on('keypress', this.#onKey);
    output.on('resize', this.#onResize);
    signal.addEventListener('abort', this.#onAbort);
    this.#reader.on('line', (line) => this.#onLine(line));
    this.#reader.on('SIGINT', () => this.#onInterrupt());
    this.#reader.on('close', () => {
      this.#isEnded = true;
      this.#wake();
    });
  }

  async next(prompt: string): Promise<string | undefined> {
    this.#prompt = prompt;
    this.#screen.isMuted = false;
    try {
      if (this.#entries.length > 0) this.#screen.write(`${prompt}${this.#entries[0]}\n`);
      else if (!this.#isEnded) this.#ask(this.#lines.length > 0 ? CONTINUED : prompt);
      while (this.#entries.length === 0 && !this.#isEnded && !this.#isLeft && !this.#options.signal.aborted)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    } finally {
      this.#screen.isMuted = true;
    }
    this.#options.signal.throwIfAborted();
    if (this.#isLeft) throw new Interrupted('interrupted', INTERRUPTED);
    const entry = this.#entries.shift();
    // The prompt of a line that was never written.
    if (entry === undefined) this.#options.output.write('\n');
    return entry;
  }

  async answering<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const answer = new AbortController();
    this.#answer = answer;
    try {
      return await work(AbortSignal.any([answer.signal, this.#options.signal]));
    } finally {
      this.#answer = undefined;
    }
  }

  close(): void {
    const { stdin, output, signal } = this.#options;
    clearTimeout(this.#timer);
    stdin.off('keypress', this.#onKey);
    output.off('resize', this.#onResize);
    signal.removeEventListener('abort', this.#onAbort);
    if (this.#marksPastes) output.write(MARK_NO_PASTES);
    this.#reader.close();
  }

  readonly #onKey = (_text: string | undefined, key: Key): void => {
    if (key.name === 'paste-start') this.#isPasting = true;
    if (key.name === 'paste-end') this.#isPasting = false;
  };

  readonly #onResize = (): void => {
    this.#screen.emit('resize');
  };

  readonly #onAbort = (): void => this.#wake();

  #ask(prompt: string): void {
    this.#reader.setPrompt(prompt);
    this.#reader.prompt(true);
  }

  #onLine(line: string): void {
    clearTimeout(this.#timer);
    this.#isWarned = false;
    const continues = !this.#isPasting && line.endsWith(CONTINUES);
    this.#lines.push(continues ? line.slice(0, -CONTINUES.length) : line);
    if (continues || this.#isPasting) this.#ask(CONTINUED);
    else if (this.#answer) this.#finish();
    else this.#timer = setTimeout(() => this.#finishTogether(), TOGETHER_MS);
  }

  /** A line that has begun by now was not typed either: it is the last of them, and waits for its end. */
  #finishTogether(): void {
    if (this.#reader.line === '') this.#finish();
  }

  #finish(): void {
    const text = this.#lines.join('\n');
    this.#lines = [];
    if (text.trim() === '') {
      this.#ask(this.#prompt);
      return;
    }
    this.#entries.push(text);
    this.#wake();
  }

  /** Ends an answer; at the prompt, takes back what is typed, and asks before it leaves. */
  #onInterrupt(): void {
    if (this.#answer) {
      this.#answer.abort();
      // As a terminal does, which forgets what was typed before an interrupt.
      this.#entries = [];
      this.#lines = [];
      return;
    }
    const isEmpty = this.#reader.line === '' && this.#lines.length === 0;
    if (this.#isWarned && isEmpty) {
      this.#isLeft = true;
      this.#screen.write('\n');
      this.#wake();
      return;
    }
    this.#isWarned = true;
    this.#isPasting = false;
    this.#lines = [];
    this.#reader.write('', { ctrl: true, name: 'e' });
    this.#reader.write('', { ctrl: true, name: 'u' });
    this.#screen.write('\n(Ctrl-C once more, or Ctrl-D, leaves)\n');
    this.#ask(this.#prompt);
  }
}
