/** Parts for only some visitors, folded. */
import type { ComponentChildren } from 'preact';
import { lookForDevices } from '../../devices.js';
import { Device } from './device.js';
import { Network } from './network.js';
import { Practice } from './practice.js';
import { Scratch } from './scratch.js';
import { TeachSettings } from './settings.js';

export function More() {
  return (
    <section class="panel" id="more" aria-labelledby="more-title">
      <details onToggle={({ currentTarget }) => currentTarget.open && lookForDevices()}>
        <summary>
          <h2 id="more-title">More: settings, practice digits, the network, the device</h2>
        </summary>
        <div class="more-parts">
          <Part id="settings" title="Settings">
            <TeachSettings />
          </Part>
          <Part id="practice" title="Practise MNIST digits">
            <Practice />
          </Part>
          <Part id="network" title="The network">
            <Network />
          </Part>
          <Part id="scratch" title="Train a network yourself">
            <Scratch />
          </Part>
          <Part id="device" title="The device">
            <Device />
          </Part>
        </div>
      </details>
    </section>
  );
}

function Part(props: { readonly id: string; readonly title: string; readonly children: ComponentChildren }) {
  const { id, title, children } = props;
  return (
    <section class="part" id={id} aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>{title}</h3>
      {children}
    </section>
  );
}
