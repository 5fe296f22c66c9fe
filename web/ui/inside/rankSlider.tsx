import { useRef } from 'preact/hooks';
import { MOST_RANK } from '../../lab/ranks.js';
import type { Inside } from '../../lab/views.js';
import type { InsidePanelProps } from './insidePanel.js';
import { countText, sizeOf } from './words.js';

type RankSliderProps = { readonly inside: Inside } & Pick<
  InsidePanelProps,
  'rank' | 'onRank' | 'rankTaught' | 'busy' | 'onTeachAgain'
>;

export function RankSlider({ inside, rank, onRank, rankTaught, busy, onTeachAgain }: RankSliderProps) {
  const isOther = inside.adapter?.isTaughtHere && rankTaught !== undefined && rank !== rankTaught;
  const count = countText(sizeOf(inside, rank, rank === rankTaught));
  const slider = useRef<HTMLInputElement>(null);
  const teach = () => {
    if (busy) return;
    // The button goes when that rank is taught, and would take the focus with it.
    slider.current?.focus({ preventScroll: true });
    onTeachAgain();
  };
  return (
    <div class="rank">
      <label for="inside-rank">Size of the adapter: rank {rank}</label>
      <input
        ref={slider}
        id="inside-rank"
        type="range"
        min={1}
        max={MOST_RANK}
        value={rank}
        aria-valuetext={`rank ${rank}, ${count}`}
        onInput={({ currentTarget }) => onRank(currentTarget.valueAsNumber)}
      />
      <div class="rank-row">
        <p>{count}</p>
        {isOther && (
          <button type="button" class="primary" aria-disabled={busy} onClick={teach}>
            Teach again with rank {rank}
          </button>
        )}
      </div>
    </div>
  );
}
