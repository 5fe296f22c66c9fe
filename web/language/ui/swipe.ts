/** A finger that goes sideways over an element. */

/** Pixels that it has to go. */
const LEAST = 72;
/** Less than that is a finger that trembles. */
const BEGIN = 12;

export interface Swiping {
  readonly onSwipe: (to: 'left' | 'right') => void;
  /** Whether it counts at all now. */
  readonly isOn: () => boolean;
  /** The element goes along with the finger. */
  readonly isFollowed?: boolean;
}

type Touch = Pick<PointerEvent, 'pointerId' | 'pointerType' | 'isPrimary' | 'clientX' | 'clientY'>;

/** Listeners for one element, whose `touch-action` has to be `pan-y`: otherwise the browser takes the finger. */
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
