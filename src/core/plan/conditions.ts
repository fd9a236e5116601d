// Conditions as kstatus reads them: Reconciling and Stalled are there only when True.
import type { ConditionReason, ConditionType } from '../../api/conditions.ts';
import type { Condition } from '../../api/run-status.ts';
import { isoTime } from './time.ts';

export type NewCondition = { type: ConditionType; status: Condition['status']; reason: ConditionReason; message: string };
export type Stamp = { now: number; generation: number };

const longestMessage = 1024;

// Cuts a text, never within a character: what the API server hands back must equal what was written, or it would be written for ever.
export const cut = (text: string, most: number = longestMessage): string => {
  const whole = text.toWellFormed();
  return whole.length <= most ? whole : `${whole.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
};

// Sets one condition. Its time of transition moves only when its status does.
export const setCondition = (conditions: Condition[], wanted: NewCondition, { now, generation }: Stamp): Condition[] => {
  const old = conditions.find(({ type }) => type === wanted.type);
  const lastTransitionTime = old?.status === wanted.status ? old.lastTransitionTime : isoTime(now);
  const made: Condition = { ...wanted, message: cut(wanted.message), lastTransitionTime, observedGeneration: generation };
  return old === undefined ? [...conditions, made] : conditions.map((condition) => (condition === old ? made : condition));
};

export const setConditions = (conditions: Condition[], wanted: NewCondition[], stamp: Stamp): Condition[] =>
  wanted.reduce((all, each) => setCondition(all, each, stamp), conditions);

export const dropConditions = (conditions: Condition[], ...types: ConditionType[]): Condition[] =>
  conditions.filter(({ type }) => !types.some((dropped) => dropped === type));

export const findCondition = (conditions: Condition[] | undefined, type: ConditionType): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);
