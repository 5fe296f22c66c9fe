import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

const FOCUSABLE = 'button, textarea, input, select, summary, [tabindex]';

/**
 * Keeps the keyboard focus in place: when other elements replace the focused one, the first of them gets the focus.
 * @param state  a value that changes with what is shown
 */
export function useKeptFocus(place: RefObject<HTMLElement | null>, state: unknown): void {
  // Checked during rendering, while the focused element still exists.
  const hadFocus = place.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    if (!hadFocus || place.current?.contains(document.activeElement)) return;
    place.current?.querySelector<HTMLElement>(FOCUSABLE)?.focus({ preventScroll: true });
  }, [state]);
}
