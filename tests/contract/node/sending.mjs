// Sends calls through a vendor's library for Node: LIBRARY HOST KEY NUMBER.
// As sending.py does: the five kinds take turns, and call i has the UUID of the number i as its message id.
import { Analytics } from "@segment/analytics-node";
import Rudder from "@rudderstack/rudder-sdk-node";

const [library, host, key, number] = process.argv.slice(2);
const lost = [];

function segment() {
  const client = new Analytics({ writeKey: key, host, flushAt: 100, flushInterval: 200 });
  client.on("error", (error) => lost.push(error));
  return { client, sent: [], flush: () => client.closeAndFlush() };
}

function rudder() {
  const client = new Rudder(key, { dataPlaneUrl: host, flushAt: 100, flushInterval: 200, retryCount: 10 });
  // Its flush waits for one batch only; each call says itself when it has been sent.
  const sent = [];
  return { client, sent, flush: () => Promise.all(sent) };
}

function call({ client, sent }, i) {
  const messageId = `00000000-0000-0000-0000-${i.toString(16).padStart(12, "0")}`;
  const userId = `c${i % 50}`;
  const kinds = [
    ["identify", { traits: { seats: i } }],
    ["track", { event: "Order Completed", properties: { total: i } }],
    ["page", { name: "Home", category: "Shop", properties: { url: "/" } }],
    ["group", { groupId: `acme-${i % 3}`, traits: { plan: "team" } }],
    ["alias", { previousId: `anonymous-${i}` }],
  ];
  const [kind, more] = kinds[i % kinds.length];
  const told = (done) => (error) => done(error && lost.push(error));
  sent.push(new Promise((done) => client[kind]({ userId, messageId, ...more }, told(done))));
}

const sender = { segment, rudder }[library]();
for (let i = 0; i < Number(number); i++) {
  call(sender, i);
}
await sender.flush();
lost.forEach((error) => console.error(error));
process.exit(lost.length ? 1 : 0);
