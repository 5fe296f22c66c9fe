/** One piece of work after the other, and what the page says about them. */
import { computed, signal } from '@preact/signals';

export type Work = 'opening' | 'base' | 'teaching' | 'testing' | 'loading';

/** A line about what went wrong, or what was done instead. */
export interface Message {
  readonly kind: 'error' | 'note';
  readonly text: string;
  /** What can be done about it. */
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

export const work = signal<Work | undefined>('opening');
/** Counting the test images, which follows by itself, keeps nobody from anything: what is asked for waits for it. */
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

/** Runs one piece of work after those before it. @param failed  told what went wrong; otherwise it is shown */
export function busyWith(
  name: Work,
  body: () => Promise<void>,
  failed: (error: unknown) => void = (error) => say('error', reasonOf(error)),
): Promise<void> {
  last = last.then(async () => {
    work.value = name;
    // A test follows by itself; what was said before is not over for it.
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
