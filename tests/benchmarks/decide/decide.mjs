// Decides every flag for every user with Optimizely's own SDK; prints decisions and processor seconds of one round, the best of several.
// node decide.mjs DATAFILE USERS ROUNDS
import { readFileSync } from 'node:fs';
import { createInstance, createStaticProjectConfigManager } from '@optimizely/optimizely-sdk';

const [datafile, users, rounds] = [readFileSync(process.argv[2], 'utf8'), Number(process.argv[3]), Number(process.argv[4])];
const client = createInstance({ projectConfigManager: createStaticProjectConfigManager({ datafile }) });
const flags = JSON.parse(datafile).featureFlags.map(flag => flag.key);
const options = ['DISABLE_DECISION_EVENT', 'IGNORE_USER_PROFILE_SERVICE', 'EXCLUDE_VARIABLES'];
let best = Infinity;
let enabled = 0;
for (let round = 0; round < rounds; round++) {
  const before = process.cpuUsage();
  enabled = 0;
  for (let i = 0; i < users; i++) {
    const user = client.createUserContext('user-' + i, { a: i % 2 === 0 ? 'f' : 'm', b: i % 100, c: '2.1.' + (i % 7) });
    for (const flag of flags) if (user.decide(flag, options).enabled) enabled++;
  }
  const used = process.cpuUsage(before);
  best = Math.min(best, (used.user + used.system) / 1e6);
}
console.log(JSON.stringify({ decisions: users * flags.length, enabled, seconds: best }));
