// Node-RED as it is run without its editor: flows from a file, the PostgreSQL client offered to function nodes, which is
// what its documentation says of modules (functionGlobalContext).
module.exports = {
  flowFile: process.env.BENCH_FLOWS,
  userDir: process.env.BENCH_FOLDER,
  uiHost: '127.0.0.1',
  uiPort: Number(process.env.BENCH_PORT),
  httpAdminRoot: false,
  credentialSecret: false,
  functionGlobalContext: { pg: require('pg') },
  logging: { console: { level: 'info' } },
}
