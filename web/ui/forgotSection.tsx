import { teachAgain } from '../actions.js';
import { adapter } from '../saved.js';
import { adapterOn, counts, fetchMnist, mnist, quickDigits, retryQuick } from '../state.js';
import { obstacle, settings } from '../teachSettings.js';
import { busy } from '../work.js';
import { ForgotBody } from './forgot/forgotBody.js';
import { Panel } from './panel.js';

export function ForgotSection() {
  const view = adapter.value;
  const quick = quickDigits.value;
  return (
    <Panel id="forgot" title="What it learned, and what it forgot">
      {quick instanceof Error && (
        <p class="row" role="alert">
          <span>The test images could not be loaded: {quick.message}.</span>
          <button type="button" onClick={() => void retryQuick()}>
            Try again
          </button>
        </p>
      )}
      <ForgotBody
        images={quick instanceof Error ? undefined : quick}
        counts={counts.value}
        digits={view?.digits ?? []}
        showAdapted={view !== undefined && adapterOn.value}
        replay={settings.value.replay}
        taughtReplay={view?.replay === undefined ? undefined : Math.round(100 * view.replay)}
        onReplay={(replay) => {
          settings.value = { ...settings.value, replay };
        }}
        onTeachAgain={() => void teachAgain()}
        canTeach={obstacle.value === undefined}
        busy={busy.value}
        onCountAll={() => void fetchMnist()}
        mnist={mnist.value}
      />
    </Panel>
  );
}
