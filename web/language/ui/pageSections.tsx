/** Sections that belong to the whole page: the device, and files that are dropped anywhere. */
import * as device from '../device.js';
import * as opening from '../opening.js';
import * as state from '../state.js';
import { caught } from './caught.js';
import { DeviceChip, TooOld } from './deviceChip.js';
import { DropVeil } from './dropVeil.js';

/** The device, and a message if the browser is too old. */
export function DeviceSection() {
  const { isTeaching, loading } = state;
  const obstacle = isTeaching.value
    ? 'You can change it when the lesson is over.'
    : loading.value && 'You can change it when the model is loaded.';
  return (
    <>
      <DeviceChip
        words={device.deviceWords.value}
        device={device.device.value}
        graphicsCard={device.graphicsCard.value}
        obstacle={obstacle}
        onDevice={(name) => caught(device.chooseDevice(name))}
      />
      {!device.hasSimd.value && <TooOld />}
    </>
  );
}

/** Covers the page while files are held over it. */
export function Drops() {
  return <DropVeil onFiles={(files) => caught(opening.openGiven(files))} />;
}
