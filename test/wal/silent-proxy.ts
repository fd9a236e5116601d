// A network between receiver and server that can swallow all packets while the connections stand.
import { startRelay } from './relay.ts';
import type { Relay } from './relay.ts';

export type SilentProxy = Relay & { silence(): void; speak(): void };

export const startSilentProxy = async (to: number): Promise<SilentProxy> => {
  let isSilent = false;
  const relay = await startRelay(to, (client, upstream) => {
    // What comes in silence is gone, as packets are whose sender has not been told. Such a connection is never whole again.
    client.on('data', (chunk) => void (isSilent || upstream.write(chunk)));
    upstream.on('data', (chunk) => void (isSilent || client.write(chunk)));
  });
  return {
    ...relay,
    silence() {
      isSilent = true;
    },
    speak() {
      isSilent = false;
    },
  };
};
