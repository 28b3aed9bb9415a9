// The function node's setup and body: one pool, one insert for each message, its key the event's id.
// --- setup
const pool = new (global.get('pg').Pool)({ connectionString: env.get('BENCH_DATABASE'), max: 10 })
pool.on('error', (error) => node.warn(error.message))
context.set('pool', pool)
// --- message
const event = msg.payload
const insert = 'insert into presses (id, device, kind, at) values ($1, $2, $3, $4) on conflict do nothing'
context.get('pool').query(insert, [event.id, msg.topic.split('/')[2], event.kind, event.at]).then(
  () => { node.send({ payload: event }); node.done() },
  (error) => node.error(error, msg),
)
return null
