import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

const FOCUSABLE = 'button, textarea, input, select, summary, [tabindex]';

/**
 * Where the element that has the focus gives way to others, the first of those gets it: the keyboard stays where it was.
 * @param state  changes with what is shown
 */
export function useKeptFocus(place: RefObject<HTMLElement | null>, state: unknown): void {
  // Asked while it is rendered: what has the focus is still there.
  const hadFocus = place.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    if (!hadFocus || place.current?.contains(document.activeElement)) return;
    place.current?.querySelector<HTMLElement>(FOCUSABLE)?.focus({ preventScroll: true });
  }, [state]);
}
