// What the API server cannot check about a policy.
import type { ConditionReason } from '../../api/conditions.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import { scheduleProblem } from '../plan/schedule.ts';
import { durationMilliseconds } from '../plan/time.ts';
import { isRecipient } from './recipient.ts';

export type Problem = { reason: ConditionReason; message: string };

// The first thing that is wrong, with the field and the remedy; undefined where the policy can work.
export const policyProblem = ({ spec }: BackupPolicy, agentMajors: number[], now: number): Problem | undefined =>
  recipientProblem(spec.encryption.recipients) ??
  keyProblem(spec.encryption.verificationKeys) ??
  imageProblem(spec.components, agentMajors) ??
  scheduleProblems(spec.schedules, now) ??
  objectivesProblem(spec.objectives);

const recipientProblem = (recipients: string[]): Problem | undefined => {
  const at = recipients.findIndex((recipient) => !isRecipient(recipient));
  return at < 0
    ? undefined
    : {
        reason: 'InvalidRecipient',
        message: `spec.encryption.recipients[${at}] is no valid age recipient: its checksum does not fit. Copy it again from the output of \`kubectl holdfast keygen\`.`,
      };
};

// SubjectPublicKeyInfo of an Ed25519 key: this head, then 32 bytes.
const ed25519Head = '302a300506032b6570032100';
const ed25519Bytes = 44;

const keyProblem = (keys: { id: string; key: string }[]): Problem | undefined => {
  const wrong = keys.find(({ key }) => !isEd25519(key));
  return wrong === undefined
    ? undefined
    : {
        reason: 'InvalidKey',
        message: `spec.encryption.verificationKeys "${wrong.id}" is no Ed25519 public key (base64 of its DER form, ${ed25519Bytes} bytes). Copy it again from the output of \`kubectl holdfast keygen\`.`,
      };
};

const isEd25519 = (text: string): boolean => {
  try {
    const bytes = Uint8Array.fromBase64(text.trim());
    return bytes.length === ed25519Bytes && bytes.toHex().startsWith(ed25519Head);
  } catch {
    return false;
  }
};

const imageProblem = (components: BackupPolicy['spec']['components'], agentMajors: number[]): Problem | undefined => {
  const wrong = components.find(({ postgresql }) => postgresql !== undefined && !agentMajors.includes(postgresql.version));
  if (wrong === undefined) {
    return undefined;
  }
  const known = agentMajors.length === 0 ? 'It has none' : `It has ${agentMajors.join(', ')}`;
  return {
    reason: 'AgentImageMissing',
    message: `The operator has no agent image for PostgreSQL ${wrong.postgresql?.version} (component "${wrong.name}"). ${known}. Add it to agent.images in the values of the chart.`,
  };
};

const scheduleProblems = (schedules: BackupPolicy['spec']['schedules'], now: number): Problem | undefined =>
  Object.entries(schedules)
    .flatMap(([name, schedule]) => {
      const text = schedule && scheduleProblem(schedule, now);
      return text === undefined
        ? []
        : [{ reason: 'InvalidSchedule' as const, message: `spec.schedules.${name}: ${text}. Mend cron or timeZone.` }];
    })
    .at(0);

const objectivesProblem = ({ rpo, warnAt }: BackupPolicy['spec']['objectives']): Problem | undefined =>
  warnAt === undefined || durationMilliseconds(warnAt) < durationMilliseconds(rpo)
    ? undefined
    : {
        reason: 'InvalidObjectives',
        message: `spec.objectives: a warning at ${warnAt} comes after the objective of ${rpo} is broken. Make warnAt shorter than rpo.`,
      };
