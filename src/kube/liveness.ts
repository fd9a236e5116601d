// Whether a process should be restarted because a part of it stands still. Only what a restart mends counts: an API server that is away,
// or that answers and refuses, is the same after it.

export type ReflectorLife = {
  resource: string;
  // Milliseconds since something came: a list, or anything on a watch. A watch that works brings a bookmark about once a minute.
  silentMilliseconds: number;
  // The API server's own answer to the last try, where that was a refusal, such as `Forbidden`.
  refused: boolean;
};

export type Busy = { controller: string; key: string; milliseconds: number };

const longestSilence = 15 * 60_000;
// Somebody else's requests were answered within this time: the API server is there.
const answeredWithin = 3 * 60_000;
// Every request of a controller has a limit far below.
const longestWork = 15 * 60_000;

const minutes = (milliseconds: number): string => `${Math.floor(milliseconds / 60_000)} minutes`;

// Why to restart; undefined: all parts move, or nothing is to be gained.
export const stuckPart = (reflectors: ReflectorLife[], busy: Busy[]): string | undefined => {
  const stuck = busy.find(({ milliseconds }) => milliseconds > longestWork);
  if (stuck !== undefined) {
    return `The controller ${stuck.controller} has been busy with ${stuck.key} for ${minutes(stuck.milliseconds)}.`;
  }
  const serverAnswers = reflectors.some(({ silentMilliseconds }) => silentMilliseconds < answeredWithin);
  const silent = reflectors.find(({ silentMilliseconds, refused }) => silentMilliseconds > longestSilence && !refused);
  return silent !== undefined && serverAnswers
    ? `Nothing has been heard of ${silent.resource} for ${minutes(silent.silentMilliseconds)}, while the API server answers other requests.`
    : undefined;
};
