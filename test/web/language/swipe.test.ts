/** What counts as a swipe. */
import { describe, expect, it } from 'vitest';
import { swipeListeners } from '../../../web/language/ui/swipe.js';

interface Way {
  readonly x: number;
  readonly y: number;
  readonly kind?: 'touch' | 'mouse';
  readonly isOn?: boolean;
}

function swiped({ x, y, kind = 'touch', isOn = true }: Way): string[] {
  const seen: string[] = [];
  const { onPointerDown, onPointerMove, onPointerUp } = swipeListeners({
    onSwipe: (to) => seen.push(to),
    isOn: () => isOn,
    isFollowed: true,
  });
  const element = { style: { translate: '' } } as unknown as EventTarget;
  const at = (clientX: number, clientY: number) => ({
    ...{ pointerId: 1, pointerType: kind, isPrimary: true, currentTarget: element, clientX, clientY },
  });
  onPointerDown(at(200, 300));
  onPointerMove(at(200 + x / 2, 300 + y / 2));
  onPointerUp(at(200 + x, 300 + y));
  expect((element as HTMLElement).style.translate).toBe('');
  return seen;
}

describe('a finger over an element', () => {
  it('swipes to the left and to the right', () => {
    expect(swiped({ x: -90, y: 10 })).toEqual(['left']);
    expect(swiped({ x: 90, y: -10 })).toEqual(['right']);
  });

  it.each<[string, Way]>([
    ['goes not far enough', { x: 60, y: 0 }],
    ['scrolls', { x: 90, y: 200 }],
    ['goes askew', { x: 90, y: 60 }],
    ['is a mouse', { x: 90, y: 0, kind: 'mouse' }],
    ['is on an element that takes no swipe', { x: 90, y: 0, isOn: false }],
  ])('does nothing where it %s', (_, way) => expect(swiped(way)).toEqual([]));
});
