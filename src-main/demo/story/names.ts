/** Names as Prefect makes them. */
import { hash, pickBy } from './random.ts';

const adjectives =
  'amber ancient ardent belligerent bold brass calm cherry chubby copper crafty curious daring devout discerning dashing eager elegant fervent fluorescent gentle glittering golden graceful hopeful hungry imposing indigo industrious jolly judicious lavender laughing lilac macho magnetic marvellous mellow nimble noble olive organic pearl polite potent prudent quartz quick radical reliable rousing sage scarlet sincere steadfast tidy tranquil upbeat vivid warm whimsical wise'.split(
    ' ',
  );
const animals =
  'albatross ape badger barracuda bat bear beaver bison boar bull camel caribou cat chameleon cheetah chipmunk cobra cormorant coyote crab crane crow dalmatian deer dog dolphin duck eagle falcon ferret fox frog gazelle gecko giraffe gorilla hare hawk heron hippo ibex iguana jackal jaguar kestrel koala labrador lemur leopard lion lynx macaw marmot mink mongoose narwhal newt ocelot octopus orca otter owl panda penguin puffin quail raccoon raven salmon seal sloth stork swan tapir tiger toucan turtle viper vole walrus weasel whale wolf wombat yak zebra'.split(
    ' ',
  );

export function flowRunName(seed: number, run: number): string {
  return `${pickBy(adjectives, hash(seed, run, 81))}-${pickBy(animals, hash(seed, run, 82))}`;
}

/** A flow's version: Prefect takes a hash of its file. */
export function versionOf(flow: string): string {
  let sum = 3;
  for (const letter of flow) sum = hash(sum, letter.charCodeAt(0));
  return (
    sum.toString(16).padStart(8, '0') +
    hash(sum).toString(16).padStart(8, '0') +
    hash(sum, 1).toString(16).padStart(8, '0') +
    hash(sum, 2).toString(16).padStart(8, '0')
  );
}
