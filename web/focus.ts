/** Keeps the focus: when the focused element leaves the page, the section around it takes the focus. */

/** @returns how to stop */
export function keepFocus(root: HTMLElement): () => void {
  let focused: Element | undefined;
  let homes: HTMLElement[] = [];
  const remember = ({ target }: FocusEvent) => {
    focused = target instanceof Element ? target : undefined;
    homes = focused ? homesOf(focused) : [];
  };
  const look = () => {
    // An element that is still on the page gave the focus away on purpose, or is about to hand it on.
    if (!focused || focused.isConnected || document.activeElement !== document.body) return;
    const home = homes.find(({ isConnected }) => isConnected);
    if (!home) return;
    home.tabIndex = -1;
    home.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(look);
  root.addEventListener('focusin', remember);
  observer.observe(root, { subtree: true, childList: true });
  return () => {
    root.removeEventListener('focusin', remember);
    observer.disconnect();
  };
}

/** The ancestors of an element, innermost first. */
function homesOf(element: Element): HTMLElement[] {
  const home = element.parentElement?.closest<HTMLElement>('section');
  return home ? [home, ...homesOf(home)] : [];
}
