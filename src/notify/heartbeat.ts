// Tells a watcher elsewhere that a run ended well. The URL is a capability: it appears in no message and no log.
import { request } from 'undici';
import { DeliveryError } from './errors.ts';
import type { HeartbeatTarget } from './settings-file.ts';

const answerMilliseconds = 10_000;

// Puts namespace and policy into the URL; `/fail` comes after its path.
export const heartbeatUrl = (template: string, policy: { namespace: string; name: string }, outcome: 'success' | 'fail'): URL => {
  const url = new URL(
    template.replaceAll('{namespace}', encodeURIComponent(policy.namespace)).replaceAll('{policy}', encodeURIComponent(policy.name)),
  );
  if (outcome === 'fail') {
    url.pathname = `${url.pathname.replace(/\/$/, '')}/fail`;
  }
  return url;
};

// Resolves when the watcher has answered with 2xx.
export const sendHeartbeat = async (
  { urlTemplate, method }: HeartbeatTarget,
  policy: { namespace: string; name: string },
  outcome: 'success' | 'fail',
): Promise<void> => {
  const url = heartbeatUrl(urlTemplate, policy, outcome);
  const where = `Heartbeat: ${url.hostname}`;
  const advice = 'look at the URL in the Secret of the route and at the network';
  let status: number;
  try {
    const answer = await request(url, { method, signal: AbortSignal.timeout(answerMilliseconds), headers: { 'user-agent': 'holdfast' } });
    status = answer.statusCode;
    await answer.body.dump();
  } catch (error) {
    // The message of an error may hold the URL; its code does not.
    const { code, name } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, name: 'unknown error' };
    throw new DeliveryError(`${where} did not answer: ${advice} (${code ?? name})`, undefined);
  }
  if (status < 200 || status > 299) {
    throw new DeliveryError(`${where} answered ${status}: ${advice}`, undefined);
  }
};
