/** Sideways swipes over an element. */

/** Least distance of a swipe, in pixels. */
const LEAST = 72;
/** Least distance that counts as a movement: less is a trembling finger. */
const BEGIN = 12;

export interface Swiping {
  readonly onSwipe: (to: 'left' | 'right') => void;
  /** Whether swipes count at the moment. */
  readonly isOn: () => boolean;
  /** Whether the element follows the finger. */
  readonly isFollowed?: boolean;
}

type Touch = Pick<PointerEvent, 'pointerId' | 'pointerType' | 'isPrimary' | 'clientX' | 'clientY'>;

/** Listeners for one element, whose `touch-action` must be `pan-y`: otherwise the browser handles the touch. */
export function swipeListeners({ onSwipe, isOn, isFollowed = false }: Swiping) {
  let start: { readonly id: number; readonly x: number; readonly y: number } | undefined;
  const end = (element: EventTarget | null) => {
    start = undefined;
    if (isFollowed) (element as HTMLElement).style.translate = '';
  };
  const wayOf = (event: Touch) => {
    if (start?.id !== event.pointerId) return undefined;
    const [x, y] = [event.clientX - start.x, event.clientY - start.y];
    return Math.abs(x) > 2 * Math.abs(y) ? x : 0;
  };
  return {
    onPointerDown: (event: Touch) => {
      if (event.pointerType !== 'touch' || !event.isPrimary || !isOn()) return;
      start = { id: event.pointerId, x: event.clientX, y: event.clientY };
    },
    onPointerMove: (event: Touch & { readonly currentTarget: EventTarget | null }) => {
      const way = wayOf(event);
      if (way === undefined || !isFollowed) return;
      (event.currentTarget as HTMLElement).style.translate = Math.abs(way) < BEGIN ? '' : `${way}px`;
    },
    onPointerUp: (event: Touch & { readonly currentTarget: EventTarget | null }) => {
      const way = wayOf(event);
      if (way === undefined) return;
      end(event.currentTarget);
      if (Math.abs(way) >= LEAST) onSwipe(way < 0 ? 'left' : 'right');
    },
    onPointerCancel: (event: { readonly currentTarget: EventTarget | null }) => end(event.currentTarget),
  };
}
