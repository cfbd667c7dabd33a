/** The beginnings ("heads") of runs: the 30 days before the epoch at once, then an hour at a time. Times in µs. */
import { BACKGROUND_WEIGHT, flows } from './catalog.ts';
import { planBackground, planFlowRun, type FlowPlan, type Trigger, type World } from './plan.ts';
import { hash, Random, unit } from './random.ts';

export type Head = { flow: number; expected: number; seed: number; trigger: Trigger; deployment: number };

const HOUR = 3600e6;
const DAY = 24 * HOUR;
const STORY_DAYS = 30;
/** Days planned beyond those 30, so that the wanted number of task runs is reached although flow runs vary in size. */
const SPARE_DAYS = 5;
const BACKGROUND = -1;

const choices = [...flows.map((_, number) => number), BACKGROUND];
const weightOf = (flow: number) => (flow === BACKGROUND ? BACKGROUND_WEIGHT : flows[flow].weight);
const totalWeight = choices.reduce((sum, flow) => sum + weightOf(flow), 0);

function countTasks(plan: FlowPlan): number {
  return plan.tasks.reduce((sum, task) => sum + 1 + (task.child ? countTasks(task.child) : 0), 0);
}

export function planHead(world: World, head: Head): FlowPlan {
  return head.flow === BACKGROUND ? planBackground(world, head) : planFlowRun(world, head);
}

/** Task runs of one head on average; the number of heads follows from it. */
function averageTasks(world: World): number {
  let sum = 0;
  const SAMPLES = 24;
  for (const flow of choices) {
    for (let i = 0; i < SAMPLES; i++) {
      const head: Head = { flow, expected: 0, seed: hash(world.seed, flow, i, 77), trigger: 'schedule', deployment: 0 };
      sum += (countTasks(planHead(world, head)) * weightOf(flow)) / SAMPLES;
    }
  }
  return sum / totalWeight;
}

function finish(world: World, flow: number, expected: number, number: number): Head {
  const seed = hash(world.seed, flow, number, 1);
  if (flow === BACKGROUND) return { flow, expected, seed, trigger: 'person', deployment: -1 };
  const { deployments } = flows[flow];
  const random = new Random(seed ^ 0x5eed);
  const byHand = deployments.length === 0 || random.chance(0.06);
  const others = deployments.length > 1 && random.chance(0.08) ? 1 : 0;
  return {
    flow,
    expected,
    seed,
    trigger: byHand ? (random.chance(0.8) ? 'person' : 'automation') : 'schedule',
    deployment: deployments.length === 0 || (byHand && random.chance(0.4)) ? -1 : others,
  };
}

/** All heads of the story up to `epoch`, newest first. */
export function storyHeads(world: World, epoch: number, runs: number): Head[] {
  if (runs === 0) return [];
  const perDay = runs / STORY_DAYS / averageTasks(world);
  const midnight = Math.floor(epoch / DAY) * DAY;
  const heads: Head[] = [];
  for (const flow of choices) {
    const rhythm = flow === BACKGROUND ? null : flows[flow].rhythm;
    const share = (perDay * weightOf(flow)) / totalWeight;
    const byHour = hoursToTime(rhythm?.hours ?? Array.from({ length: 24 }, () => 1));
    let due = unit(world.seed, flow, 5);
    for (let day = 0; day <= STORY_DAYS + SPARE_DAYS; day++) {
      const start = midnight - day * DAY;
      const weekend = [6, 0].includes(new Date(start / 1000).getUTCDay());
      due += rhythm?.weekdaysOnly ? (weekend ? 0 : share * 1.4) : share;
      const count = Math.floor(due);
      due -= count;
      for (let i = 0; i < count; i++) {
        const number = day * 1_000_000 + i;
        const jitter = unit(world.seed, flow, number, 6);
        let at = byHour((i + jitter) / count) * HOUR;
        // schedules run on the minute, people do not
        const grid = (rhythm?.grid ?? 0) * 60e6;
        if (grid > 0) at = Math.floor(at / grid) * grid;
        const expected = start + Math.floor(at);
        if (expected < epoch) heads.push(finish(world, flow, expected, number));
      }
    }
  }
  return heads.sort((a, b) => b.expected - a.expected || a.flow - b.flow || a.seed - b.seed);
}

/** Flows whose tasks take minutes, so that some are always running. */
const LONG = ['train-model', 'backup-postgres', 'inventory-forecast', 'archive-logs', 'train-model', 'nightly-etl'];

/** Heads of runs that are running or waiting at the epoch, so that a demo never opens without any. Newest first. */
export function presentHeads(world: World, epoch: number): Head[] {
  const heads = LONG.map((name, i) => {
    const flow = flows.findIndex((one) => one.name === name);
    return finish(world, flow, epoch - (2 + 3 * i) * 60e6 + i, 9_000_000 + i);
  });
  // background tasks scheduled for after the epoch
  const later = Array.from({ length: 5 }, (_, i) =>
    finish(world, BACKGROUND, epoch + (1 + 2 * i) * 60e6 + i, 9_000_100 + i),
  );
  return [...later.reverse(), ...heads];
}

/** Maps [0, 1), a place among a day's runs, to the hour of the day that run begins at. */
function hoursToTime(hours: readonly number[]): (part: number) => number {
  const total = hours.reduce((sum, one) => sum + one, 0);
  return (part) => {
    let left = part * total;
    for (const [hour, weight] of hours.entries()) {
      if (left < weight) return hour + left / weight;
      left -= weight;
    }
    return 23.999;
  };
}

/** One start in 40 s for the first two hours, so that a person who watches sees new runs; then one in 5 min, 290 a day. */
const LIVELY_HOURS = 2;
const LIVELY_STARTS = 90;
const QUIET_STARTS = 12;

/** The heads of hour `hour` after the epoch, oldest first. */
export function hourHeads(world: World, epoch: number, hour: number): Head[] {
  const starts = hour < LIVELY_HOURS ? LIVELY_STARTS : QUIET_STARTS;
  return Array.from({ length: starts }, (_, i) => {
    const number = -1 - (hour * 1000 + i);
    let draw = unit(world.seed, number, 8) * totalWeight;
    let flow = 0;
    for (const one of choices) {
      flow = one;
      draw -= weightOf(one);
      if (draw < 0) break;
    }
    const at = epoch + hour * HOUR + ((i + unit(world.seed, number, 9)) / starts) * HOUR;
    return finish(world, flow, Math.floor(at), number);
  });
}
