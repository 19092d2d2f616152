// @ts-check
/** Asks who is signed in, while the page's other modules are still on their way. */
import { start } from "./session.js";

start();
