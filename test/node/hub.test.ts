/** Errors of `hubModel` before any request. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hubPlace } from './hubPlace.js';

const place = await hubPlace();
const { hub, get } = place;

describe('hubModel', () => {
  it('says where it has looked, and how to fetch', async () => {
    const [theirs, own] = ['huggingface', 'lowrank'].map((name) => join(place.home, name, 'hub'));
    const nowhere = `org/whole: there is no such path, and no model of that id in ${theirs} or ${own}: `;
    await expect(get('org/whole', { download: false })).rejects.toThrow(
      `${nowhere}--download fetches it from ${new URL(hub.url).host} (in a program: download: true)`,
    );
    place.env.HF_HUB_OFFLINE = '1';
    await expect(get('org/whole')).rejects.toThrow(`${nowhere}HF_HUB_OFFLINE forbids downloading it`);
    await expect(get('src/node', { download: false })).rejects.toThrow(
      'src/node: is a path, which is given without hubModel',
    );
    expect(hub.requests).toEqual([]);
  });

  it('refuses texts that are not ids or revisions, and unknown options', async () => {
    await expect(get('./org/whole')).rejects.toThrow(
      'hubModel: id must have the form ORG/NAME, ORG/NAME@REVISION or ORG/NAME:FILE: ./org/whole',
    );
    await expect(get('org/whole@v1', { revision: 'main' })).rejects.toThrow(
      'hubModel: revision must be that of the id: main, org/whole@v1',
    );
    await expect(get('org/whole', { revision: '../x' })).rejects.toThrow(
      'hubModel: revision must be a branch, a tag or a commit: ../x',
    );
    await expect(get('org/whole', { token: 'x' } as object)).rejects.toThrow('unknown option "token"');
    expect(hub.requests).toEqual([]);
  });
});
