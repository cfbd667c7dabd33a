/**
 * How a state type looks everywhere: one colour and one shape, so that no two types differ by colour alone.
 * Filled shapes are endings worth a glance (done, failed, crashed); rings are still open or were stopped.
 */
import type { StateType } from '../src-main/contract/fields.ts';

type StateShape =
  | 'disc-check'
  | 'disc-cross'
  | 'triangle'
  | 'ring-play'
  | 'ring-clock'
  | 'dashed-dots'
  | 'ring-slash'
  | 'dashed-slash'
  | 'ring-bars'
  | 'dot';

type StateLook = {
  /** in words, for a person */
  label: string;
  /** a CSS colour, a name of theme.css */
  color: string;
  shape: StateShape;
};

const looks: Record<StateType, StateLook> = {
  COMPLETED: { label: 'Completed', color: 'var(--completed)', shape: 'disc-check' },
  FAILED: { label: 'Failed', color: 'var(--failed)', shape: 'disc-cross' },
  CRASHED: { label: 'Crashed', color: 'var(--crashed)', shape: 'triangle' },
  RUNNING: { label: 'Running', color: 'var(--running)', shape: 'ring-play' },
  PENDING: { label: 'Pending', color: 'var(--pending)', shape: 'ring-clock' },
  SCHEDULED: { label: 'Scheduled', color: 'var(--scheduled)', shape: 'dashed-dots' },
  PAUSED: { label: 'Paused', color: 'var(--paused)', shape: 'ring-bars' },
  CANCELLING: { label: 'Cancelling', color: 'var(--cancelling)', shape: 'dashed-slash' },
  CANCELLED: { label: 'Cancelled', color: 'var(--cancelled)', shape: 'ring-slash' },
};

const none: StateLook = { label: 'No state', color: 'var(--unknown)', shape: 'dot' };

/** The order of the panel and of stacked bars: what needs a person first is nearest to the axis. */
export const stateOrder: readonly StateType[] = [
  'FAILED',
  'CRASHED',
  'RUNNING',
  'PENDING',
  'SCHEDULED',
  'PAUSED',
  'CANCELLING',
  'CANCELLED',
  'COMPLETED',
];

/** null and types that a newer server may add look like "no state", with the type as the label. */
export function stateLook(type: string | null): StateLook {
  if (type === null) return none;
  return Object.hasOwn(looks, type) ? looks[type as StateType] : { ...none, label: type };
}
