// json-server 0.17 (https://github.com/typicode/json-server) over a file: `json_server.js FOLDER FILE.json`, FOLDER with its node_modules.
//
// Its own router and defaults, nothing of ours. The port that was free is the first line of output.
const path = require("node:path");

const [folder, file] = process.argv.slice(2);
const server = require(path.join(folder, "node_modules", "json-server"));

const application = server.create();
application.use(server.defaults({ logger: false }));
application.use(server.bodyParser);
application.use(server.router(file));
const listener = application.listen(0, "127.0.0.1", () => console.log(listener.address().port));
