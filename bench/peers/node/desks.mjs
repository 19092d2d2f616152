// The desk in two processes on one port, each of which gets every second connection.
import cluster from "node:cluster";

if (cluster.isPrimary) for (let n = 0; n < 2; n += 1) cluster.fork();
else await import("./desk.mjs");
