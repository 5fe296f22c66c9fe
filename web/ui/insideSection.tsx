import { computed, effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { lesson, teachAgain } from '../actions.js';
import { answer } from '../answer.js';
import type { Inside } from '../lab/views.js';
import { ask } from '../labClient.js';
import { adapter, saved } from '../saved.js';
import { counts, drawn, quickDigits, ready } from '../state.js';
import { settings } from '../teachSettings.js';
import { busy, reasonOf, say } from '../work.js';
import { InsidePanel } from './inside/insidePanel.js';
import { Panel } from './panel.js';

const inside = signal<Inside | undefined>(undefined);
/** Whether the figure is near the window: until then the worker has more urgent work. */
const isNear = signal(false);
const dragged = signal<number | undefined>(undefined);
const rank = computed(() => dragged.value ?? adapter.value?.rank ?? settings.value.rank);

effect(() => {
  if (adapter.value || ready.value) dragged.value = undefined;
});

effect(() => {
  const what = saved.value;
  if (!ready.value) inside.value = undefined;
  // The first answer and the counts come first: reading the figure takes a quarter of a second.
  const isCounted = counts.value !== undefined || quickDigits.value instanceof Error;
  if (!ready.value || !isNear.value || !isCounted) return;
  ask((lab) => lab.inside()).then(
    (read) => {
      if (saved.peek() === what) inside.value = read;
    },
    (error: unknown) => say('error', `The figure cannot be drawn: ${reasonOf(error)}`),
  );
});

export function InsideSection() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const observer = new IntersectionObserver(
      ([{ isIntersecting }]) => {
        isNear.value ||= isIntersecting;
      },
      { rootMargin: '300px' },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  const drag = (to: number) => {
    dragged.value = to;
    settings.value = { ...settings.value, rank: to };
  };
  return (
    <Panel id="inside" title="What LoRA did">
      <div ref={place}>
        <InsidePanel
          inside={inside.value}
          pixels={drawn.value}
          rank={rank.value}
          onRank={drag}
          rankTaught={adapter.value?.rank}
          digit={lesson.value?.label ?? answer.value.digit}
          busy={busy.value}
          onTeachAgain={() => void teachAgain()}
        />
      </div>
    </Panel>
  );
}
