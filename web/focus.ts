/** Focus that is never lost: where the focused element leaves the page, the section it was in takes the focus. */

/** @returns how to stop */
export function keepFocus(root: HTMLElement): () => void {
  let homes: HTMLElement[] = [];
  // A click beside everything gives the focus away on purpose.
  const forget = () => {
    homes = [];
  };
  const remember = ({ target }: FocusEvent) => {
    homes = target instanceof Element ? homesOf(target) : [];
  };
  const look = () => {
    if (document.activeElement !== document.body) return;
    const home = homes.find(({ isConnected }) => isConnected);
    if (!home) return;
    home.tabIndex = -1;
    home.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(look);
  root.addEventListener('pointerdown', forget, true);
  root.addEventListener('focusin', remember);
  observer.observe(root, { subtree: true, childList: true });
  return () => {
    root.removeEventListener('pointerdown', forget, true);
    root.removeEventListener('focusin', remember);
    observer.disconnect();
  };
}

/** What an element is in, from the inside out. */
function homesOf(element: Element): HTMLElement[] {
  const home = element.parentElement?.closest<HTMLElement>('section');
  return home ? [home, ...homesOf(home)] : [];
}
