import '../../styles/inside.css';
import { useMemo, useState } from 'preact/hooks';
import type { Inside } from '../../lab/views.js';
import { DigitPictures } from './digitPictures.js';
import { type Mode, partsOf, shownOf } from './parts.js';
import { RankSlider } from './rankSlider.js';
import { StripFigure } from './stripFigure.js';
import { captionText, stateText } from './words.js';

export interface InsidePanelProps {
  /** Undefined until the network is loaded. */
  readonly inside: Inside | undefined;
  /** The drawing on the pad in MNIST's form. */
  readonly pixels: Uint8Array | undefined;
  /** The rank that the slider shows. */
  readonly rank: number;
  readonly onRank: (rank: number) => void;
  /** The rank of the current adapter. */
  readonly rankTaught: number | undefined;
  /** The digit that was taught last, or the network's answer. */
  readonly digit: number | undefined;
  readonly busy: boolean;
  readonly onTeachAgain: () => void;
}

/** What LoRA did: W, A and B to scale, and what the network looks for before and after. */
export function InsidePanel({ inside, pixels, digit, ...slider }: InsidePanelProps) {
  if (!inside) return <p class="hint">The figure is drawn once the network is loaded.</p>;
  return (
    <div class="inside">
      <RankSlider inside={inside} {...slider} />
      <LayerFigure inside={inside} rank={slider.rank} isShown={slider.rank === slider.rankTaught} />
      <DigitPictures inside={inside} pixels={pixels} digit={digit} />
    </div>
  );
}

/** @param props.isShown  whether to draw the adapter, or else the start of one of another rank */
function LayerFigure(props: { readonly inside: Inside; readonly rank: number; readonly isShown: boolean }) {
  const { inside, rank, isShown } = props;
  const [picked, setPicked] = useState<string>();
  const [wanted, setMode] = useState<Mode>('now');
  const adapter = isShown ? inside.adapter : undefined;
  const first = inside.layers.find(({ factors }) => adapter && factors) ?? inside.layers[0];
  const layer = inside.layers.find(({ name }) => name === picked) ?? first;
  const shown = useMemo(() => shownOf(layer, rank, adapter), [layer, rank, adapter]);
  const mode = adapter && shown ? wanted : 'now';
  const parts = useMemo(() => partsOf(layer, shown, mode), [layer, shown, mode]);
  return (
    <figure class="layer">
      <div class="choices">
        <Choice
          legend="Layer"
          options={inside.layers.map(({ name, inFeatures, outFeatures }) => ({
            value: name,
            text: `${inFeatures} → ${outFeatures}`,
          }))}
          value={layer.name}
          onChoose={setPicked}
        />
        {adapter && shown && (
          <Choice
            legend="Show"
            options={[
              { value: 'now', text: 'The weights' },
              { value: 'change', text: 'What training changed' },
            ]}
            value={mode}
            onChoose={setMode}
          />
        )}
      </div>
      <StripFigure parts={parts} />
      <figcaption>
        <p>{captionText(layer, shown)}</p>
        <p>{stateText(inside, { shown, isShown })}</p>
        <p class="hint">
          Point at {parts.block.title}
          {shown && ', A or B'}, or use the arrow keys there, to read single numbers.
        </p>
      </figcaption>
    </figure>
  );
}

function Choice<Value extends string>(props: {
  readonly legend: string;
  readonly options: readonly { readonly value: Value; readonly text: string }[];
  readonly value: Value;
  readonly onChoose: (value: Value) => void;
}) {
  const { legend, options, value, onChoose } = props;
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={`inside-${legend}`}
            checked={option.value === value}
            onChange={() => onChoose(option.value)}
          />
          {option.text}
        </label>
      ))}
    </fieldset>
  );
}
