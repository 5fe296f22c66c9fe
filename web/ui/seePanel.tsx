import { teach } from '../actions.js';
import { drawings } from '../drawings.js';
import { adapter } from '../saved.js';
import { adapterOn, counts, fetchMnist, mnist, quickDigits, ready } from '../state.js';
import { settings } from '../teachSettings.js';
import { busy } from '../work.js';
import { ForgotBody } from './forgot/forgotBody.js';
import { Panel } from './panel.js';

export function SeePanel() {
  const view = adapter.value;
  const images = quickDigits.value instanceof Error ? undefined : quickDigits.value;
  const all = drawings.value;
  return (
    <Panel id="see" step={4} title="What it learned, and what it forgot">
      {view && (
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            checked={adapterOn.value}
            aria-checked={adapterOn.value}
            onChange={({ currentTarget: { checked } }) => {
              adapterOn.value = checked;
            }}
          />
          <span>The adapter is {adapterOn.value ? 'on' : 'off'}</span>
        </label>
      )}
      <ForgotBody
        images={images}
        counts={counts.value}
        digits={view?.digits ?? []}
        showAdapted={view !== undefined && adapterOn.value}
        replay={settings.value.replay}
        taughtReplay={undefined}
        onReplay={(replay) => {
          settings.value = { ...settings.value, replay };
        }}
        onTeachAgain={() => {
          const { replay, ...rest } = settings.value;
          void teach({ what: { drawings: all }, ...rest, replay: replay / 100 });
        }}
        canTeach={ready.value && all.length > 0}
        busy={busy.value}
        onCountAll={() => void fetchMnist()}
        mnist={mnist.value}
      />
    </Panel>
  );
}
