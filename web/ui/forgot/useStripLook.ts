import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import { type Geometry, geometryOf, type Palette } from './strip.js';

export interface StripLook {
  readonly geometry: Geometry;
  readonly palette: Palette;
}

/** What a canvas cannot find out itself: the available room, and the colours of the light or dark scheme. */
export function useStripLook(place: RefObject<HTMLElement | null>): StripLook | undefined {
  const [look, setLook] = useState<StripLook>();
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const measure = () => {
      const width = element.clientWidth;
      if (width === 0) return;
      setLook({ geometry: geometryOf(width, devicePixelRatio), palette: paletteOf(element) });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', measure);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', measure);
    };
  }, [place]);
  return look;
}

function paletteOf(element: HTMLElement): Palette {
  // A custom property keeps `light-dark()` as written; it becomes a colour only where it is used.
  const probe = element.appendChild(document.createElement('span'));
  const colour = (value: string) => {
    probe.style.color = value;
    return getComputedStyle(probe).color;
  };
  const [card, soft, base, bad, good] = ['card', 'soft', 'base', 'bad', 'good'].map((name) =>
    colour(`var(--${name})`),
  );
  const faint = colour('color-mix(in srgb, var(--soft) 60%, var(--card))');
  probe.remove();
  return { card, faint, soft, base, bad, good };
}
