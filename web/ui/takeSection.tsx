import { loadAdapter, removeAdapter } from '../actions.js';
import { adapter } from '../saved.js';
import { ready } from '../state.js';
import { downloadPicture, downloadZip, linkReason, newLink, pictureReason } from '../take.js';
import { busy, say } from '../work.js';
import { Panel } from './panel.js';
import { DropAnywhere, LoadAdapter, type LoadProps } from './take/loadAdapter.js';
import { TakeBody } from './take/takeBody.js';

export function TakeSection() {
  const load: LoadProps = {
    onFiles: (files) => void loadAdapter(files),
    busy: busy.value,
    ready: ready.value,
    onRefused: (reason) => say('note', reason),
  };
  return (
    <Panel id="take" title="Take it with you">
      <TakeBody
        adapter={adapter.value}
        busy={busy.value}
        onZip={downloadZip}
        onCopyLink={newLink}
        linkObstacle={linkReason.value}
        onPicture={() => void downloadPicture()}
        pictureObstacle={pictureReason.value}
        onRemove={() => void removeAdapter()}
      />
      <LoadAdapter {...load} />
      <DropAnywhere {...load} />
    </Panel>
  );
}
