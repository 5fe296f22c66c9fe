/** A queue of work, and the messages of the page about it. */
import { computed, signal } from '@preact/signals';

export type Work = 'opening' | 'base' | 'teaching' | 'testing' | 'loading';

/** A line that says what went wrong, or what was done instead. */
export interface Message {
  readonly kind: 'error' | 'note';
  readonly text: string;
  /** A button beside the text. */
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

export const work = signal<Work | undefined>('opening');
/** Whether work runs. Counting the test images starts by itself and blocks nothing: what the visitor asks for waits for it. */
export const busy = computed(() => work.value !== undefined && work.value !== 'testing');
export const message = signal<Message | undefined>(undefined);

export function say(kind: Message['kind'], text: string, action?: Message['action']): void {
  message.value = { kind, text: sentence(text), action };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

let last = Promise.resolve();

/** Runs work after the work before it. @param failed  called with the error; by default the page shows it */
export function busyWith(
  name: Work,
  body: () => Promise<void>,
  failed: (error: unknown) => void = (error) => say('error', reasonOf(error)),
): Promise<void> {
  last = last.then(async () => {
    work.value = name;
    // A test starts by itself and does not clear the last message.
    if (name !== 'testing') message.value = undefined;
    try {
      await body();
    } catch (error) {
      failed(error);
    } finally {
      work.value = undefined;
    }
  });
  return last;
}
